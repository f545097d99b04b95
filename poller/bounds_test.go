package poller_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// No result depends on where a batch ends (M-B1, P2): mails of sizes drawn at random
// are read with bounds drawn small, by a poll and by a backfill.
func TestBoundsChangeNoResult(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many polls")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		bounds := poller.Bounds{
			Range: 1 + r.IntN(12), FirstHeaders: 1 + r.IntN(6), Headers: 1 + r.IntN(6), PartHeaders: 1 + r.IntN(4),
			BatchMessages: 1 + r.IntN(8), BatchBytes: 1 + r.Int64N(20_000), BodyBytes: 1 + r.Int64N(30_000),
			RecordMessages: 1 + r.IntN(5), HeldBytes: 1 + r.Int64N(3_000),
		}
		s := imaptest.Memory(t)
		want := ingest.Totals{}
		var ids []string
		for n := 1; n <= 30; n++ {
			mail := letter(n)
			switch r.IntN(4) {
			case 0:
				mail = withAttachment(n, r.IntN(9_000))
			case 1, 2:
				mail = append(newReport(n), strings.Repeat("x", r.IntN(9_000))...)
				ids = append(ids, id(n))
			}
			deliver(t, s, "INBOX", mail)
			want.Examined++
		}
		want.Recorded, want.Ignored = int64(len(ids)), want.Examined-int64(len(ids))
		small := func(o *options) { o.Bounds = bounds }
		polled := newRig(t, s, small, after(poller.AfterNone, "", ""))
		polled.poll(ingest.Totals{Examined: want.Examined, Recorded: want.Recorded, Ignored: want.Ignored})
		polled.want(ids...)
		polled.wantCursor("INBOX", 30)
		filled := newRig(t, s, small)
		result, err := filled.p.Backfill(t.Context(), poller.Backfill{})
		if err != nil {
			t.Fatalf("Backfill with %+v: %v", bounds, err)
		}
		if diff := cmp.Diff(want, result.Totals); diff != "" {
			t.Errorf("totals of a backfill with %+v (-want +got):\n%s", bounds, diff)
		}
		filled.want(ids...)
	}
}
