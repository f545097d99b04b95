package poller_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// backfill runs a backfill and wants it to go well and to count so.
func (r *rig) backfill(b poller.Backfill, want ingest.Totals) {
	r.t.Helper()
	result, err := r.p.Backfill(r.t.Context(), b)
	if err != nil {
		r.t.Fatalf("Backfill: %v\n%s", err, r.log)
	}
	if diff := cmp.Diff(want, result.Totals); diff != "" {
		r.t.Fatalf("totals of the backfill (-want +got):\n%s\n%s", diff, r.log)
	}
}

// stopAfter cancels a backfill once so many messages are done.
func stopAfter(n int64, cancel func()) func(*options) {
	return func(o *options) {
		o.Progress = func(p poller.Progress) {
			if p.Done >= n {
				cancel()
			}
		}
	}
}

// holdingAfterABatch is a server that lets the headers of one batch through, and
// those of the next when the context has ended: what is fetched is ahead of what is
// recorded, and by how much is not to be left to chance.
func holdingAfterABatch(ctx context.Context, t *testing.T, s *imaptest.Server) *imaptest.Server {
	proxy := imaptest.NewProxy(t, s)
	var mu sync.Mutex
	batches := 0
	proxy.OnCommand(func(line string) imaptest.Action {
		if !strings.Contains(line, "HEADER.FIELDS") {
			return imaptest.Forward
		}
		mu.Lock()
		batches++
		hold := batches == 2
		mu.Unlock()
		if hold {
			<-ctx.Done()
		}
		return imaptest.Forward
	})
	return s.Via(proxy)
}

func TestBackfillReadsTheHistoryAndChangesNoFlags(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.Append(t, "INBOX", []string{`\Seen`}, time.Time{}, newReport(1))
		deliver(t, s, "INBOX", newReport(2), letter(3), withAttachment(4, 1<<20))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.backfill(poller.Backfill{}, ingest.Totals{Examined: 4, Recorded: 2, Ignored: 2})
		r.want(id(1), id(2))
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: unseen(), 4: unseen()})
		if n, _ := proxy.Bytes(); n > 64<<10 {
			t.Errorf("the backfill moved %d bytes", n)
		}
		if all := names(proxy.Commands()); slices.Contains(all, "SELECT") {
			t.Errorf("commands = %q, want no SELECT", all)
		}
		f := r.folder("INBOX")
		if f.Poll != nil || f.Backfill != nil || !f.LastPoll.IsZero() {
			t.Errorf("what is remembered: %+v, want neither a cursor nor a poll", f)
		}

		// A second one reads everything again.
		r.backfill(poller.Backfill{}, ingest.Totals{Examined: 4, Duplicate: 2, Ignored: 2})
		r.want(id(1), id(2))
		// What it found unseen is marked by the poll that finds it.
		r.poll(ingest.Totals{Examined: 3, Duplicate: 1, Ignored: 2})
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: seen(), 3: unseen(), 4: unseen()})
	})
}

func TestBackfillMarksWhereAsked(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1), letter(2), newReport(1), reportOf(4, "{}"))
		r := newRig(t, s)
		r.backfill(poller.Backfill{}, ingest.Totals{Examined: 4, Recorded: 1, Duplicate: 1, Rejected: 1, Ignored: 1})
		wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen(), 2: unseen(), 3: unseen(), 4: unseen()})
		r.backfill(poller.Backfill{Mark: true}, ingest.Totals{Examined: 4, Duplicate: 2, Rejected: 1, Ignored: 1})
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: seen(), 4: unseen()})

		r.change(after(poller.AfterNone, "", ""))
		deliver(t, s, "INBOX", newReport(5))
		r.backfill(poller.Backfill{Mark: true}, ingest.Totals{Examined: 5, Recorded: 1, Duplicate: 2, Rejected: 1, Ignored: 1})
		if got := s.Flags(t, "INBOX")[5]; len(got) > 0 {
			t.Errorf("flags with after = none: %q", got)
		}
	})
}

func TestBackfillNeverMovesThePollsCursor(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		s.Append(t, "INBOX", []string{`\Seen`}, time.Time{}, newReport(1))
		r := newRig(t, s)
		r.poll(ingest.Totals{})
		r.wantCursor("INBOX", 1)
		deliver(t, s, "INBOX", newReport(2))
		r.backfill(poller.Backfill{}, ingest.Totals{Examined: 2, Recorded: 2})
		r.wantCursor("INBOX", 1)
		r.poll(ingest.Totals{Examined: 1, Duplicate: 1})
		r.wantCursor("INBOX", 2)
		wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: seen()})
	})
}

func TestBackfillThatWasStoppedGoesOnFromThere(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	const letters = 1100 // more than two batches
	deliver(t, s, "INBOX", newReport(1))
	for n := range letters {
		deliver(t, s, "INBOX", letter(n))
	}
	deliver(t, s, "INBOX", newReport(2))
	ctx, cancel := context.WithCancel(t.Context())
	r := newRig(t, holdingAfterABatch(ctx, t, s), stopAfter(500, cancel))
	result, err := r.p.Backfill(ctx, poller.Backfill{})
	if !isCanceled(err) {
		t.Fatalf("Backfill: %v, want that it was cancelled", err)
	}
	if result.Totals.Examined != 500 {
		t.Errorf("%d messages were examined before the stop, want one batch of 500", result.Totals.Examined)
	}
	f := r.folder("INBOX")
	if f.Backfill == nil || f.Backfill.LastUID != 500 || f.Poll != nil || f.LastError != "" {
		t.Fatalf("what is remembered: %+v, want a backfill's cursor at 500, no poll's and no failure", f)
	}
	r.want(id(1))

	// One of a limited time neither relies on that cursor nor moves it.
	r.change(func(o *options) { o.Progress = nil })
	r.backfill(poller.Backfill{Before: time.Now().AddDate(0, 0, 2)}, ingest.Totals{Examined: letters + 2, Recorded: 1, Duplicate: 1, Ignored: letters})
	if c := r.folder("INBOX").Backfill; c == nil || c.LastUID != 500 {
		t.Errorf("cursor after a backfill of a limited time = %+v, want UID 500 still", c)
	}

	r.backfill(poller.Backfill{}, ingest.Totals{Examined: letters + 2 - 500, Duplicate: 1, Ignored: letters + 1 - 500})
	if c := r.folder("INBOX").Backfill; c != nil {
		t.Errorf("cursor after the end = %+v, want that it is forgotten", c)
	}
	r.want(id(1), id(2))
}

func TestBackfillOfALimitedTimeThatWasStoppedLeavesNoCursor(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	s.Append(t, "INBOX", nil, time.Now().AddDate(-1, 0, 0), newReport(1))
	for n := range 510 {
		deliver(t, s, "INBOX", letter(n))
	}
	deliver(t, s, "INBOX", newReport(2))
	ctx, cancel := context.WithCancel(t.Context())
	r := newRig(t, holdingAfterABatch(ctx, t, s), stopAfter(500, cancel))
	if _, err := r.p.Backfill(ctx, poller.Backfill{Since: time.Now().AddDate(0, -1, 0)}); !isCanceled(err) {
		t.Fatalf("Backfill: %v, want that it was cancelled", err)
	}
	r.change(func(o *options) { o.Progress = nil })
	// The old report, which it left out, must not count as looked at.
	r.backfill(poller.Backfill{}, ingest.Totals{Examined: 512, Recorded: 2, Ignored: 510})
}

func TestBackfillOfALimitedTime(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 2, d, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name          string
		since, before time.Time
		want          []int
	}{
		{"since is inclusive", day(2), time.Time{}, []int{2, 3, 4}},
		{"before is exclusive", time.Time{}, day(3), []int{1, 2}},
		{"both", day(2), day(3), []int{2}},
		{"a second before midnight is the day before", day(4).Add(-time.Second), day(4), nil},
		{"nothing", day(20), time.Time{}, nil},
	}
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for d := 1; d <= 4; d++ {
			s.Append(t, "INBOX", nil, day(d), newReport(d))
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r := newRig(t, s)
				n := int64(len(tt.want))
				r.backfill(poller.Backfill{Since: tt.since, Before: tt.before}, ingest.Totals{Examined: n, Recorded: n})
				var want []string
				for _, d := range tt.want {
					want = append(want, id(d))
				}
				r.want(want...)
			})
		}
	})
}

func TestBackfillOfOneMailboxLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s, other := imaptest.Memory(t), imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1))
	deliver(t, other, "INBOX", newReport(2))
	r := newRig(t, s, func(o *options) { o.Mailboxes = append(o.Mailboxes, mailboxOn(other, "other")) })
	r.backfill(poller.Backfill{Mailbox: "other"}, ingest.Totals{Examined: 1, Recorded: 1})
	r.want(id(2))
}

// A backfill that fails says nothing of the polls: the digest must not call the
// mailbox unreadable for it.
func TestBackfillThatFailsIsNoFailedPoll(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s)
	r.poll(ingest.Totals{})
	port := r.o.Mailboxes[0].IMAP.Port
	r.change(func(o *options) { o.Mailboxes[0].IMAP.Port = 1 })
	result, err := r.p.Backfill(t.Context(), poller.Backfill{})
	if err == nil || len(result.Mailboxes) != 1 || result.Mailboxes[0].Error == "" {
		t.Errorf("Backfill of a mailbox that is not there: %+v, %v; want an error in both", result, err)
	}
	r.change(func(o *options) { o.Mailboxes[0].IMAP.Port = port }, folders("Missing"))
	if _, err := r.p.Backfill(t.Context(), poller.Backfill{}); err == nil {
		t.Error("Backfill of a folder that is not there: no error")
	}
	for _, name := range []string{"INBOX", "Missing"} {
		if f := r.folder(name); f.LastError != "" || !f.FailingSince.IsZero() {
			t.Errorf("what is remembered of %s: %+v, want no failure", name, f)
		}
	}
}

func TestBackfillStartsAnewInARenumberedFolder(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1), newReport(2))
	r := newRig(t, s)
	_, err := r.db.Record(t.Context(), report.Batch{
		Mailbox: "box", Folder: "INBOX", Via: report.ViaBackfill, Cursor: &report.Cursor{UIDValidity: 4711, LastUID: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.backfill(poller.Backfill{}, ingest.Totals{Examined: 2, Recorded: 2})
}

func TestBackfillTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	for n := range 501 {
		deliver(t, s, "INBOX", letter(n))
	}
	var told []string
	r := newRig(t, s, func(o *options) {
		o.Progress = func(p poller.Progress) {
			told = append(told, fmt.Sprintf("%s/%s %d of %d", p.Mailbox, p.Folder, p.Done, p.Total))
		}
	})
	r.backfill(poller.Backfill{}, ingest.Totals{Examined: 501, Ignored: 501})
	if diff := cmp.Diff([]string{"box/INBOX 500 of 501", "box/INBOX 501 of 501"}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}
