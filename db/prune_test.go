package db_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

const keep = 400 * 24 * time.Hour

func TestReportsAreKeptForTheirTime(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	f.record(f.message(newReport("old", onDay(2026, 3, 1))))
	f.clock.pass(time.Hour)
	f.record(f.message(newReport("late", onDay(2020, 1, 1)))) // counted from when it was recorded, not from its day
	f.clock.pass(keep - time.Hour)
	if got := must(f.Prune(f.ctx))(t); got != 0 {
		t.Errorf("Prune removed %d reports that were exactly as old as may be", got)
	}
	f.clock.pass(time.Second)
	if got := must(f.Prune(f.ctx))(t); got != 1 {
		t.Errorf("Prune removed %d reports, want 1", got)
	}
	if diff := cmp.Diff([]string{"2020-01-01 late example.com"}, names(f.rows(report.Filter{}))); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

// Anybody's report may bring a domain that is looked at while there are reports on
// it, and then no more.
func TestChecksOfDomainsLookedAtNoMoreArePruned(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	save := func(domain string) {
		check(t, f.SaveDomainCheck(f.ctx, report.DomainCheck{Domain: domain, At: f.clock.now()}, []report.DomainChange{{Domain: domain, At: f.clock.now()}}))
	}
	save("gone.example")
	save("here.example")
	f.clock.pass(keep + time.Second)
	save("here.example")
	must(f.Prune(f.ctx))(t)
	checks := must(f.DomainChecks(f.ctx, nil))(t)
	if _, here := checks["here.example"]; !here || len(checks) != 1 {
		t.Errorf("checks left: %+v", checks)
	}
	if changes := must(f.DomainChanges(f.ctx, report.ChangeFilter{}))(t); len(changes) != 1 {
		t.Errorf("changes left: %+v", changes)
	}
}

func TestNothingIsPrunedWithoutALimit(t *testing.T) {
	t.Parallel()
	f := openKeep(t, 0)
	f.record(f.message(newReport("a")))
	f.clock.pass(100 * keep)
	if got := must(f.Prune(f.ctx))(t); got != 0 || len(f.rows(report.Filter{})) != 1 {
		t.Errorf("Prune removed %d reports", got)
	}
}

func TestIdentitiesOutliveTheirReports(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	f.record(f.message(newReport("signed")), f.message(newReport("unsigned", auth(report.AuthNone, ""))))
	seq := f.lastSeq()
	f.clock.pass(2 * keep)
	if got := must(f.Prune(f.ctx))(t); got != 2 {
		t.Fatalf("Prune removed %d reports, want 2", got)
	}
	if got := must(f.Domains(f.ctx))(t); len(got) != 0 {
		t.Errorf("Domains = %v, want none", got)
	}
	got := f.record(
		f.message(newReport("signed")),
		f.message(newReport("signed", content(5))),
		f.message(newReport("unsigned", content(5), auth(report.AuthFail, "x.example"))),
		f.message(newReport("unsigned")), // passes now: still a duplicate
		f.message(newReport("unsigned", content(5), auth(report.AuthFail, "x.example"))),
	)
	want := []report.Outcome{report.Duplicate, report.Rejected, report.Rejected, report.Duplicate, report.Recorded}
	if !slices.Equal(got, want) {
		t.Errorf("outcomes %v, want %v", got, want)
	}
	for _, r := range f.rows(report.Filter{}) {
		if r.Seq <= seq {
			t.Errorf("news number %d was given twice", r.Seq)
		}
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestNumbersAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	f.record(f.message(newReport("a")))
	m := f.message()
	m.Pending = "x"
	f.record(m)
	row, id := f.rows(report.Filter{})[0].ReportRow, f.pending()[0].ID
	must(f.Resolve(f.ctx, id, report.Message{Refused: "x"}))(t)
	f.clock.pass(2 * keep)
	must(f.Prune(f.ctx))(t)
	if got := f.rejected(); len(got) != 0 {
		t.Errorf("rejected messages are kept for ever: %+v", got)
	}
	f.record(f.message(newReport("b")), m)
	if got := f.rows(report.Filter{})[0].ReportRow; got <= row {
		t.Errorf("report row %d was given again", got)
	}
	if got := f.pending()[0].ID; got <= id {
		t.Errorf("message row %d was given again", got)
	}
	if got := f.lastSeq(); got != 3 {
		t.Errorf("LastNews = %d, want 3", got)
	}
}

func TestMailThatWaitsIsNotPruned(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	for id, state := range map[string]report.Delivery{"waits": report.DeliveryWaiting, "sent": report.DeliverySent, "refused": report.DeliveryRefused} {
		m := mail(id, "a@example.com")
		m.Recipients[0].State = state
		must(f.Enqueue(f.ctx, m, report.DigestState{}))(t)
	}
	f.clock.pass(2 * keep)
	must(f.Prune(f.ctx))(t)
	if got := must(f.Outbox(f.ctx, time.Time{}))(t); len(got) != 1 {
		t.Errorf("%d mails wait, want 1", len(got))
	}
	if got := must(f.FailedMails(f.ctx))(t); len(got) != 0 {
		t.Errorf("mails are kept for ever: %+v", got)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestWhatIsOwedIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	pending := f.message()
	pending.Pending = "x"
	f.record(pending, f.raw(newReport("r", auth(report.AuthNone, ""))), f.raw(newReport("r", content(5), auth(report.AuthUnknown, ""))))
	f.clock.pass(keep)
	must(f.Prune(f.ctx))(t)
	if p, u := len(f.pending()), len(f.unknown()); p != 1 || u != 1 {
		t.Errorf("%d pending messages and %d of unknown authenticity, want both in their time", p, u)
	}
	f.clock.pass(time.Second)
	must(f.Prune(f.ctx))(t)
	if p, u := len(f.pending()), len(f.unknown()); p != 0 || u != 0 {
		t.Errorf("%d pending messages and %d of unknown authenticity, want none", p, u)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

func TestAnAnswerForWhatWasPrunedIsRemembered(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	f.record(f.message(newReport("a", auth(report.AuthNone, ""))))
	f.clock.pass(keep)
	f.record(f.raw(newReport("a", auth(report.AuthUnknown, ""))))
	f.clock.pass(time.Second)
	must(f.Prune(f.ctx))(t)
	check(t, f.Authenticated(f.ctx, decision(f.unknown()[0].ID, answers(pass("sender.example"), newReport("a")))))
	// It stands under its signer now, so that there is room for an unsigned one.
	if got := f.record(f.message(newReport("a", content(5), auth(report.AuthNone, "")))); got[0] != report.Recorded {
		t.Errorf("outcome %s, want recorded", got[0])
	}
}

func TestPruningGoesInSteps(t *testing.T) {
	t.Parallel()
	f := openKeep(t, keep)
	for n := range 3 {
		var messages []report.Message
		for i := range 400 {
			messages = append(messages, f.message(newReport(fmt.Sprint(n, " ", i))))
		}
		f.record(messages...)
	}
	f.clock.pass(2 * keep)
	if got := must(f.Prune(f.ctx))(t); got != 1200 {
		t.Errorf("Prune removed %d reports, want 1200", got)
	}
	if got := must(f.Folder(f.ctx, "reports", "INBOX"))(t); got.Recorded != 0 {
		t.Errorf("%d messages are left", got.Recorded)
	}
}
