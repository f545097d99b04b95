package imapbox_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// P2: no result depends on where a batch ends.
func TestBatchesChangeNoResult(t *testing.T) {
	t.Parallel()
	const n = 23
	for _, batches := range []imapbox.Batches{
		{}, {UIDs: 1, Few: 1, Bodies: 1, Headers: 1}, {UIDs: 2, Few: 3}, {UIDs: 7, Few: 1, Bodies: 200}, {UIDs: 1 << 30, Headers: 500}, {Few: 1 << 30},
	} {
		t.Run(fmt.Sprint(batches), func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			for uid := range n {
				s.Append(t, "INBOX", nil, time.Time{}, mail(uid+1))
			}
			o := optionsFor(s)
			o.Batches = batches
			session, err := imapbox.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = session.Close() }()
			if _, err := session.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			wantEverything(t.Context(), t, session, n)
		})
	}
}

// wantEverything reads, marks and moves the messages 1 to n.
func wantEverything(ctx context.Context, t *testing.T, session *imapbox.Session, n uint32) {
	t.Helper()
	headers, err := session.Headers(ctx, to(n))
	if err != nil || len(headers) != int(n) {
		t.Errorf("Headers: %d, %v", len(headers), err)
	}
	bodies := bodiesOf(t, session, 1<<20, to(n)...)
	for _, uid := range to(n) {
		if got := headers[uid].Fields.Get("Subject"); got != fmt.Sprint("mail ", uid) || string(bodies[uid]) != string(mail(int(uid))) {
			t.Errorf("message %d: subject %q, body %q", uid, got, bodies[uid])
		}
	}
	parts, err := session.PartHeadersOf(ctx, to(n), nil)
	if err != nil || len(parts) != int(n) || !parts[n].Told {
		t.Errorf("PartHeadersOf: %d, %v", len(parts), err)
	}
	done, gone, err := session.AddFlag(ctx, to(n), `\Seen`)
	slices.Sort(done)
	if diff := cmp.Diff(to(n), done); err != nil || diff != "" || len(gone) > 0 {
		t.Errorf("AddFlag: gone %v, %v, done (-want +got):\n%s", gone, err, diff)
	}
	done, gone, err = session.Move(ctx, to(n), "Done")
	if diff := cmp.Diff(to(n), done); err != nil || diff != "" || len(gone) > 0 {
		t.Errorf("Move: gone %v, %v, done (-want +got):\n%s", gone, err, diff)
	}
}
