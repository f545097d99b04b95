package db_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/db"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// unknownReport is a report that nobody could authenticate yet.
func unknownReport(id string) report.Report {
	return newReport(id, auth(report.AuthUnknown, "sender.example"))
}

// M-E4: all that is kept for a later try is bounded together. The oldest give up,
// and what they bring stands there as such.
func TestTheOldestGiveUpBeyondTheBound(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.reopenWith(db.Options{MaxKept: 1000})
	for n := range 20 {
		f.record(f.raw(unknownReport(fmt.Sprint(n)))) // each takes some 150 bytes
	}
	left := f.unknown()
	if len(left) < 3 || len(left) > 9 || left[len(left)-1].UID != f.uid {
		t.Fatalf("%d messages are kept, want the newest that take 1000 bytes", len(left))
	}
	var want []string
	for n := range 20 {
		if n < 20-len(left) {
			want = append(want, "100 fail sender.example too-many-unknown")
		} else {
			want = append(want, "100 unknown sender.example")
		}
	}
	if diff := cmp.Diff(want, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if n := must(f.CountUnknown(f.ctx))(t); int(n) != len(left) {
		t.Errorf("%d unknown, want %d", n, len(left))
	}
	check(t, f.IntegrityCheck(f.ctx))
}

// M-E4: a report in conflict is held whole while its authenticity is unknown; the
// bound is on these, too.
func TestReportsHeldInConflictAreBounded(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.reopenWith(db.Options{MaxKept: 2000})
	f.record(f.message(newReport("r", content(1), auth(report.AuthNone, ""))))
	for n := range tlsrpt.Sessions(20) {
		f.record(f.raw(newReport("r", content(2+n), auth(report.AuthUnknown, "sender.example")))) // in conflict
	}
	if n := len(f.unknown()); n < 1 || n > 8 {
		t.Errorf("%d messages are kept with a report of some 400 bytes each, want some that take 2000", n)
	}
	if n := len(f.rejected()); n != 20 {
		t.Errorf("%d rejected messages are named, want all 20 in conflict", n)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestOneThatIsBeyondTheBoundByItselfGivesUpAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.reopenWith(db.Options{MaxKept: 10})
	f.record(f.raw(unknownReport("a")))
	if n := len(f.unknown()); n != 0 {
		t.Errorf("%d messages are kept, want none", n)
	}
	if diff := cmp.Diff([]string{"100 fail sender.example too-many-unknown"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

// Several answers are one transaction; one about a message that was pruned
// meanwhile does not stop the others.
func TestAnswersForManyMessages(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.raw(unknownReport("a")), f.raw(unknownReport("b")))
	both := f.unknown()
	check(t, f.Authenticated(f.ctx, decision(both[0].ID, answers(pass("sender.example"), newReport("a"))), decision(99, nil),
		decision(both[1].ID, answers(pass("sender.example"), newReport("b")))))
	if diff := cmp.Diff([]string{"100 pass sender.example", "100 pass sender.example"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestWhatIsKeptForTheNextTryCanChange(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.raw(unknownReport("a")))
	d := decision(f.unknown()[0].ID, answers(report.Authenticity{Result: report.AuthUnknown}, newReport("a")))
	d.Kept = []byte("less")
	check(t, f.Authenticated(f.ctx, d))
	got := f.unknown()
	if len(got) != 1 || !bytes.Equal(got[0].Kept, d.Kept) || len(got[0].Reports) != 1 || got[0].Reports[0].Identity != newReport("a").Identity() {
		t.Errorf("UnknownMessages = %+v, want what was given last", got)
	}
}
