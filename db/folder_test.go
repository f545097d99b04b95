package db_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

func TestAnUnknownFolderIsZero(t *testing.T) {
	t.Parallel()
	f := open(t)
	if diff := cmp.Diff(report.Folder{}, must(f.Folder(f.ctx, "reports", "INBOX"))(t)); diff != "" {
		t.Error(diff)
	}
	if got := must(f.Folders(f.ctx))(t); len(got) != 0 {
		t.Errorf("Folders = %+v, want none", got)
	}
}

func TestPollAndBackfillHaveCursorsOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := open(t)
	move := func(via report.Via, c *report.Cursor) {
		t.Helper()
		_, err := f.Record(f.ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Via: via, Cursor: c})
		check(t, err)
	}
	poll, backfill := &report.Cursor{UIDValidity: 1<<32 - 1, LastUID: 1<<32 - 2}, &report.Cursor{UIDValidity: 3, LastUID: 0}
	move(report.ViaPoll, poll)
	move(report.ViaBackfill, backfill)
	move(report.ViaPoll, nil) // a batch without a cursor moves none
	want := report.Folder{Mailbox: "reports", Folder: "INBOX", Poll: poll, Backfill: backfill}
	if diff := cmp.Diff(want, must(f.Folder(f.ctx, "reports", "INBOX"))(t)); diff != "" {
		t.Errorf("Folder (-want +got):\n%s", diff)
	}
	check(t, f.ForgetBackfill(f.ctx, "reports", "INBOX"))
	want.Backfill = nil
	if diff := cmp.Diff([]report.Folder{want}, must(f.Folders(f.ctx))(t)); diff != "" {
		t.Errorf("Folders (-want +got):\n%s", diff)
	}
	if _, err := f.Record(f.ctx, report.Batch{Mailbox: "reports", Folder: "INBOX", Cursor: poll}); err == nil {
		t.Error("a cursor was taken from a batch that does not say which")
	}
}

func TestPollDone(t *testing.T) {
	t.Parallel()
	f := open(t)
	steps := []struct {
		name  string
		fault report.Fault
		err   error
		want  func(start time.Time) report.Folder
	}{
		{"the first fails", report.FaultOther, errors.New("no route"), func(s time.Time) report.Folder {
			return report.Folder{LastPoll: s, LastError: "no route", LastFault: report.FaultOther, FailingSince: s}
		}},
		{"so does the second", report.FaultRefused, errors.New("refused"), func(s time.Time) report.Folder {
			return report.Folder{LastPoll: s.Add(time.Hour), LastError: "refused", LastFault: report.FaultRefused, FailingSince: s}
		}},
		{"the third works", "", nil, func(s time.Time) report.Folder {
			return report.Folder{LastPoll: s.Add(2 * time.Hour), LastGoodPoll: s.Add(2 * time.Hour)}
		}},
		{"then it fails again", report.FaultDNS, errors.New("no route"), func(s time.Time) report.Folder {
			return report.Folder{LastPoll: s.Add(3 * time.Hour), LastGoodPoll: s.Add(2 * time.Hour), LastError: "no route", LastFault: report.FaultDNS, FailingSince: s.Add(3 * time.Hour)}
		}},
	}
	for _, s := range steps {
		check(t, f.PollDone(f.ctx, "reports", "\\Junk", s.fault, s.err))
		want := s.want(noon)
		want.Mailbox, want.Folder = "reports", "\\Junk"
		if diff := cmp.Diff(want, must(f.Folder(f.ctx, "reports", "\\Junk"))(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
		f.clock.pass(time.Hour)
	}
	check(t, f.PollDone(f.ctx, "reports", "\\Junk", report.FaultOther, errors.New(strings.Repeat("a server's long words ", 1000))))
	if got := must(f.Folder(f.ctx, "reports", "\\Junk"))(t); len(got.LastError) > 1010 {
		t.Errorf("an error of %d bytes was kept", len(got.LastError))
	}
}

func TestFoldersAreTheirOwn(t *testing.T) {
	t.Parallel()
	f := open(t)
	a, b := f.message(newReport("a")), f.message(newReport("b"))
	b.Folder, b.UID = "Junk", a.UID
	f.record(a, b)
	for _, name := range []string{"INBOX", "Junk"} {
		if got := must(f.Folder(f.ctx, "reports", name))(t); got.Recorded != 1 {
			t.Errorf("%s has %d recorded messages, want 1", name, got.Recorded)
		}
	}
}

func TestARenumberedFolderHasNewPlaces(t *testing.T) {
	t.Parallel()
	f := open(t)
	m := f.message(newReport("a"))
	m.MarkOwed = true
	f.record(m)
	m.UIDValidity = 8
	if got := f.record(m); got[0] != report.Duplicate {
		t.Errorf("outcome %s, want duplicate: it is the same report", got[0])
	}
	for _, validity := range []uint32{7, 8} {
		if got := must(f.MarksOwed(f.ctx, "reports", "INBOX", validity))(t); len(got) != 1 {
			t.Errorf("under UIDVALIDITY %d marks are owed: %+v, want one", validity, got)
		}
	}
}
