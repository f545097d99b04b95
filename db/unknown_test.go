package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

// answers is one answer for each of the reports.
func answers(a report.Authenticity, reports ...report.Report) []report.ReportAnswer {
	var all []report.ReportAnswer
	for _, r := range reports {
		all = append(all, report.ReportAnswer{Identity: r.Identity(), Content: r.Content(), Auth: a})
	}
	return all
}

// decision is one on a message row.
func decision(message int64, answers []report.ReportAnswer) report.Decision {
	return report.Decision{Message: message, Answers: answers}
}

func pass(domain string) report.Authenticity {
	return report.Authenticity{Result: report.AuthPass, Domain: domain}
}

// due returns the messages that are to be tried again now.
func (f *fixture) due() []report.Retry {
	f.t.Helper()
	upTo := must(f.LastMessage(f.ctx))(f.t)
	return must(f.UnknownDue(f.ctx, upTo))(f.t)
}

func TestAnUnknownAuthenticityIsAskedForLessAndLessOften(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := newReport("a", auth(report.AuthUnknown, "sender.example"))
	f.record(f.raw(r))
	still := answers(report.Authenticity{Result: report.AuthUnknown, Domain: "sender.example"}, r)
	asked := []time.Duration{}
	start := f.clock.now()
	for f.clock.now().Sub(start) < 3*24*time.Hour {
		for _, retry := range f.due() {
			asked = append(asked, f.clock.now().Sub(start))
			check(t, f.Authenticated(f.ctx, decision(retry.ID, still)))
		}
		f.clock.pass(5 * time.Minute)
	}
	want := []time.Duration{0, 15 * time.Minute, 75 * time.Minute, 7*time.Hour + 15*time.Minute, 31*time.Hour + 15*time.Minute, 55*time.Hour + 15*time.Minute}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if n := must(f.CountUnknown(f.ctx))(t); n != 1 || len(f.unknown()) != 1 {
		t.Errorf("%d unknown, want one, due or not", n)
	}
}

func TestWhatDNSDoesNotAnswerForAWeekHasFailed(t *testing.T) {
	t.Parallel()
	f := open(t)
	unknown := newReport("a", auth(report.AuthUnknown, "sender.example"))
	f.record(f.raw(unknown))
	f.clock.pass(7*24*time.Hour - time.Second)
	ask := func() {
		t.Helper()
		check(t, f.Authenticated(f.ctx, decision(f.unknown()[0].ID, answers(unknown.Auth, unknown))))
	}
	ask()
	if diff := cmp.Diff([]string{"100 unknown sender.example"}, f.standings()); diff != "" {
		t.Errorf("within a week (-want +got):\n%s", diff)
	}
	f.clock.pass(time.Second)
	ask()
	if diff := cmp.Diff([]string{"100 fail sender.example dns"}, f.standings()); diff != "" {
		t.Errorf("after a week (-want +got):\n%s", diff)
	}
	if n := must(f.CountUnknown(f.ctx))(t); n != 0 {
		t.Errorf("%d messages are kept to be tried again, want none", n)
	}
	if got := f.lastSeq(); got != 1 {
		t.Errorf("LastNews = %d, want 1: that it failed is no news", got)
	}
	check(t, f.IntegrityCheck(f.ctx))
}

// Answers are for the reports that they name: the reader may find fewer, more or
// others than when the message was recorded.
func TestAReportWithoutAnAnswerHasFailed(t *testing.T) {
	t.Parallel()
	f := open(t)
	a, b := newReport("a", auth(report.AuthUnknown, "")), newReport("b", auth(report.AuthUnknown, ""))
	f.record(f.raw(a, b))
	other := newReport("b", content(9)) // its content is another
	check(t, f.Authenticated(f.ctx, decision(f.unknown()[0].ID, answers(pass("sender.example"), newReport("c"), other, a))))
	if diff := cmp.Diff([]string{"100 pass sender.example", "100 fail  not-found-again"}, f.standings()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if got := f.unknown(); len(got) != 0 {
		t.Errorf("UnknownMessages = %+v, want none", got)
	}
}

func TestMessagesRecordedSinceAreNotDueYet(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.record(f.raw(newReport("old", auth(report.AuthUnknown, ""))))
	before := must(f.LastMessage(f.ctx))(t)
	f.record(f.raw(newReport("new", auth(report.AuthUnknown, ""))))
	if got := must(f.UnknownDue(f.ctx, before))(t); len(got) != 1 || got[0].UID != 1 {
		t.Errorf("due of what was there before: %+v, want UID 1", got)
	}
	if got := f.due(); len(got) != 2 {
		t.Errorf("due of all: %+v, want both", got)
	}
}
