package imapbox_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// testWait is long for a machine that is busy, and short for a test that hangs.
const testWait = 20 * time.Second

// optionsFor returns what a poll would log in with.
func optionsFor(s *imaptest.Server) imapbox.Options {
	return imapbox.Options{
		Name: "box", Host: s.Host, Port: s.Port, TLS: netclient.TLSMode(s.TLS), TLSConfig: s.TLSConfig(), Timeout: testWait,
		Auth: func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: s.Username, Password: s.Password}, nil
		},
	}
}

// open logs in, and out at the end of the test.
func open(t testing.TB, s *imaptest.Server) *imapbox.Session {
	t.Helper()
	session, err := imapbox.Open(t.Context(), optionsFor(s))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return session
}

// examine opens a folder for reading.
func examine(t testing.TB, session *imapbox.Session, folder string) imapbox.Status {
	t.Helper()
	status, err := session.Examine(t.Context(), folder)
	if err != nil {
		t.Fatalf("Examine(%q): %v", folder, err)
	}
	return status
}

// mail makes a plain message.
func mail(n int) []byte {
	return fmt.Appendf(nil, "From: sender@example.test\r\nSubject: mail %d\r\nMessage-ID: <%d@example.test>\r\nContent-Type: text/plain\r\n\r\nThis is mail %d.\r\n", n, n, n)
}

func TestReadingMarkingAndMoving(t *testing.T) {
	t.Parallel()
	for _, mode := range []netclient.TLSMode{netclient.TLSNone, netclient.TLSStartTLS, netclient.TLSImplicit} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			imaptest.Each(t, testWholeSession, imaptest.WithTLS(string(mode)))
		})
	}
}

func testWholeSession(t *testing.T, s *imaptest.Server) {
	ctx := t.Context()
	arrived := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := range 4 {
		s.Append(t, "INBOX", nil, arrived, mail(n+1))
	}
	s.SetFlags(t, "INBOX", 2, `\Seen`)
	session := open(t, s)

	status, err := session.Status(ctx, "inbox")
	if err != nil {
		t.Fatal(err)
	}
	if status.UIDNext != 5 || status.Messages != 4 || status.UIDValidity == 0 {
		t.Errorf("Status = %+v, want UIDNext 5, 4 messages and a UIDVALIDITY", status)
	}
	if got := examine(t, session, "INBOX"); got != status {
		t.Errorf("Examine = %+v, want what Status said, %+v", got, status)
	}
	findThem(t, session, arrived)
	readThem(t, session, arrived)
	if got := s.Flags(t, "INBOX")[1]; len(got) != 0 {
		t.Errorf("reading set flags: %v", got)
	}
	markAndMoveThem(t, session)
	if diff := cmp.Diff(map[uint32][]string{1: {`\Seen`}, 2: {`\Seen`}}, s.Flags(t, "INBOX"), ignoreCase()); diff != "" {
		t.Errorf("INBOX afterwards (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[uint32][]byte{1: mail(3), 2: mail(4)}, s.Messages(t, "Done/Reports")); diff != "" {
		t.Errorf("destination afterwards (-want +got):\n%s", diff)
	}
	if session.BytesRead() == 0 {
		t.Error("BytesRead = 0 after all this")
	}
}

func findThem(t *testing.T, session *imapbox.Session, arrived time.Time) {
	t.Helper()
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		find func() ([]uint32, error)
		want []uint32
	}{
		{"unseen", func() ([]uint32, error) { return session.Unseen(ctx, 5) }, []uint32{1, 3, 4}},
		{"unseen below", func() ([]uint32, error) { return session.Unseen(ctx, 4) }, []uint32{1, 3}},
		{"since", func() ([]uint32, error) { return session.Since(ctx, arrived, 5) }, []uint32{1, 2, 3, 4}},
		{"since later", func() ([]uint32, error) { return session.Since(ctx, arrived.AddDate(0, 0, 3), 5) }, nil},
		{"range", func() ([]uint32, error) { return session.Range(ctx, 2, 4, 10) }, []uint32{2, 3}},
		{"range, limited", func() ([]uint32, error) { return session.Range(ctx, 0, 5, 2) }, []uint32{1, 2}},
		{"range beyond the end", func() ([]uint32, error) { return session.Range(ctx, 5, 1000, 10) }, nil},
	} {
		got, err := tt.find()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func readThem(t *testing.T, session *imapbox.Session, arrived time.Time) {
	t.Helper()
	ctx := t.Context()
	headers, err := session.Headers(ctx, []uint32{1, 4, 9})
	if err != nil {
		t.Fatal(err)
	}
	if len(headers) != 2 {
		t.Errorf("Headers of 1, 4 and 9, which does not exist: got %d, want 2", len(headers))
	}
	h := headers[4]
	if h.UID != 4 || h.Size != int64(len(mail(4))) || !h.InternalDate.Equal(arrived) || h.Fields.Get("subject") != "mail 4" {
		t.Errorf("Headers of 4 = %+v", h)
	}

	var bodies []string
	err = session.Bodies(ctx, []uint32{4, 1, 9}, 1<<20, func(b imapbox.Body) error {
		bodies = append(bodies, fmt.Sprintf("%d %q", b.UID, b.Data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprintf("1 %q", mail(1)), fmt.Sprintf("4 %q", mail(4)), `9 ""`}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func markAndMoveThem(t *testing.T, session *imapbox.Session) {
	t.Helper()
	ctx := t.Context()
	selected, err := session.Select(ctx, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	if selected.ReadOnly || !selected.Keeps(`\Seen`) {
		t.Errorf("Select = %+v, want a folder that keeps \\Seen", selected)
	}
	done, gone, err := session.AddFlag(ctx, []uint32{1, 3, 9}, `\Seen`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint32{{1, 3}, {9}}, [][]uint32{done, gone}); diff != "" {
		t.Errorf("AddFlag, done and gone (-want +got):\n%s", diff)
	}
	done, gone, err = session.Move(ctx, []uint32{3, 4, 9}, "Done/Reports")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]uint32{{3, 4}, {9}}, [][]uint32{done, gone}); diff != "" {
		t.Errorf("Move, done and gone (-want +got):\n%s", diff)
	}
}
