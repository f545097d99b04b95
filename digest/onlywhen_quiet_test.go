package digest_test

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"tlsbrief/digest"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// A sparse is a digest of two domains, of which not every one is reported on each
// day, run every morning of November.
type sparse struct {
	*rig
	t *testing.T
	d *digest.Digester
}

func newSparse(t *testing.T, when judge.OnlyWhen) *sparse {
	r := newRig(t)
	return &sparse{r, t, r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "two", Domains: []string{"a.example", "b.example"}, To: []string{"owner@example.com"}, OnlyWhen: when}}
		o.Mailboxes = []string{"reports"}
	})}
}

// Statements is a report of google.com about one domain.
func said(domain string, mode tlsrpt.Mode, failed int64, details ...givenDetail) given {
	return given{Organization: "Google Inc.", Signer: "google.com", ID: domain, Policies: []givenPolicy{{
		Type: tlsrpt.STS, Domain: domain, Mode: mode, OK: 100 - failed, Failed: failed, Details: details,
	}}}
}

// morning records reports about the day before, runs the digest and returns the
// mail that the owner got; empty where there was none.
func (s *sparse) morning(day int, reports ...given) string {
	s.t.Helper()
	now := time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC)
	s.clock.set(now)
	s.polled(now.Add(-time.Minute).Format(time.RFC3339), nil)
	for _, g := range reports {
		if g.From == "" {
			g.From = now.AddDate(0, 0, -1).Format(time.DateOnly)
		}
		s.record(g)
	}
	if err := s.d.RunDue(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	for _, m := range s.taken() {
		if m.To[0] == "owner@example.com" {
			message, err := mail.ReadMessage(strings.NewReader(m.Data))
			if err != nil {
				s.t.Fatal(err)
			}
			text, _ := alternatives(s.t, message)
			return header(s.t, []byte(m.Data), "Subject") + "\n" + strings.Join(strings.Fields(text), " ")
		}
	}
	return ""
}

// want holds the mail of a morning to what it must say; an empty want is no mail.
func (s *sparse) want(day int, got, want string) {
	s.t.Helper()
	switch {
	case want == "" && got != "":
		subject, _, _ := strings.Cut(got, "\n")
		s.t.Errorf("%d November: sent %q, want nothing", day, subject)
	case !strings.Contains(got, want):
		s.t.Errorf("%d November: sent %.3000q, want one that says %q", day, got, want)
	}
}

// What was covered by runs that were not sent stands in the next mail, once.
func TestWhatUnsentRunsCoveredIsToldByTheNextMail(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyChanges)
	clear := func() given { return said("a.example", tlsrpt.ModeEnforce, 0) }
	s.want(2, s.morning(2, clear()), "all clear")
	s.want(3, s.morning(3, clear()), "")
	late := said("a.example", tlsrpt.ModeEnforce, 0)
	late.From, late.Organization, late.Signer = "2026-10-20", "Microsoft Corporation", "microsoft.com"
	late.Policies[0].OK = 7
	s.want(4, s.morning(4, clear(), late), "")
	out, err := s.d.Preview(s.ctx, "two", time.Time{}, time.Time{})
	if err != nil || !strings.Contains(strings.Join(strings.Fields(out.Text), " "), "were not sent. They covered 3 reports") {
		t.Errorf("a preview says nothing of the runs that were not sent: %v\n%s", err, out.Text)
	}
	got := s.morning(5, said("a.example", tlsrpt.ModeEnforce, 3, expired("mx1.a.example", 3)))
	s.want(5, got, "3 of 100 delivery attempts")
	s.want(5, got, "The runs of this digest since its last mail, of Mon 2 Nov 2026, were not sent. They covered 3 reports on 207 delivery attempts, none of which failed (Tue 20 Oct to Tue 3 Nov).")
	s.want(6, s.morning(6, said("a.example", tlsrpt.ModeEnforce, 9, expired("mx1.a.example", 9))), "")
	got = s.morning(7, clear())
	s.want(7, got, "all clear")
	s.want(7, got, "They covered 1 report on 100 delivery attempts, 9 of which failed (Thu 5 Nov).")
	got = s.morning(8, said("a.example", tlsrpt.ModeEnforce, 1, expired("mx1.a.example", 1)))
	s.want(8, got, "action needed")
	if strings.Contains(got, "were not sent") {
		t.Errorf("what was told once is told again: %q", got)
	}
}

// Every report is in one mail, however the runs fall: the sums of what the mails
// cover and of what they say was not sent are those of what was recorded.
func TestNoReportIsLostBetweenMails(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyFailures)
	s.want(2, s.morning(2, said("a.example", tlsrpt.ModeEnforce, 0)), "1 without reports - 100 delivery attempts")
	s.want(3, s.morning(3, said("a.example", tlsrpt.ModeEnforce, 0)), "")
	old := said("b.example", tlsrpt.ModeEnforce, 0)
	old.Via, old.From, old.NoArrival = report.ViaBackfill, "2026-10-01", true // history, news to no run
	s.want(4, s.morning(4, old), "")
	s.want(5, s.morning(5), "")
	recent := said("b.example", tlsrpt.ModeEnforce, 0)
	recent.Via = report.ViaBackfill
	s.want(6, s.morning(6, recent), "")
	got := s.morning(7, said("a.example", tlsrpt.ModeEnforce, 50, expired("mx1.a.example", 50)))
	s.want(7, got, "50 of 100 delivery attempts")
	s.want(7, got, "They covered 2 reports on 200 delivery attempts, none of which failed (Mon 2 Nov to Thu 5 Nov).")
}

// Of reports that do not count it is said that they came.
func TestUnsentRunsSayWhatCouldNotBeVerified(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyFailures)
	s.want(2, s.morning(2, said("a.example", tlsrpt.ModeEnforce, 0)), "all clear")
	forged := said("a.example", tlsrpt.ModeEnforce, 0)
	forged.Signer, forged.Organization = "", "Evil Corp"
	s.want(3, s.morning(3, said("a.example", tlsrpt.ModeEnforce, 0), forged), "")
	s.want(4, s.morning(4, said("a.example", tlsrpt.ModeEnforce, 2, expired("mx1.a.example", 2))),
		"They covered 1 report on 100 delivery attempts, none of which failed (Mon 2 Nov), and 1 report that could not be verified.")
}

// A day without a report about a domain that gets little mail is no change, nor
// is a report that does not quote the policy.
func TestADomainThatIsSeldomReportedOnIsNoChange(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyChanges)
	a, b := said("a.example", tlsrpt.ModeEnforce, 0), said("b.example", tlsrpt.ModeTesting, 2, expired("mx1.b.example", 2))
	s.want(2, s.morning(2, a, b), "attention")
	s.want(3, s.morning(3, a), "")
	s.want(4, s.morning(4, b), "")
	s.want(5, s.morning(5), "")
	s.want(6, s.morning(6, said("a.example", "", 0), b), "")
	other := given{Organization: "Google Inc.", Signer: "google.com", ID: "np", Policies: []givenPolicy{{Type: tlsrpt.NoPolicyFound, Domain: "b.example", OK: 5}}}
	s.want(7, s.morning(7, a, other), "")
	s.want(8, s.morning(8, said("a.example", tlsrpt.ModeTesting, 0)), "all clear") // another mode
	s.want(9, s.morning(9, said("b.example", tlsrpt.ModeTesting, 0)), "all clear") // it is mended
	s.want(10, s.morning(10, b), "attention")
}

// Whose silence means something is told though other domains are clear, once; and
// that it is over.
func TestADomainGoneSilentAmongOthersIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many days")
	}
	t.Parallel()
	for _, when := range []judge.OnlyWhen{judge.OnlyFailures, judge.OnlyChanges} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			s := newSparse(t, when)
			a, b := said("a.example", tlsrpt.ModeEnforce, 0), said("b.example", tlsrpt.ModeEnforce, 0)
			s.want(2, s.morning(2, a, b), "all clear")
			for day := 3; day <= 7; day++ {
				s.want(day, s.morning(day, a, b), "")
			}
			for day := 8; day <= 10; day++ {
				s.want(day, s.morning(day, a), "")
			}
			s.want(11, s.morning(11, a), "1 all clear, 1 without reports")
			for day := 12; day <= 28; day++ { // longer than it is told of
				s.want(day, s.morning(day, a), "")
			}
			s.want(29, s.morning(29, a, b), "all clear")
			s.want(30, s.morning(30, a, b), "")
		})
	}
}

// Where reports come seldom no rule tells that they have stopped; two weeks of
// nothing are told once.
func TestTwoWeeksWithoutAnyReportAreTold(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many days")
	}
	t.Parallel()
	for _, when := range []judge.OnlyWhen{judge.OnlyFailures, judge.OnlyChanges} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			s := newSparse(t, when)
			s.want(2, s.morning(2, said("a.example", tlsrpt.ModeEnforce, 0)), "all clear")
			for day := 3; day <= 15; day++ {
				s.want(day, s.morning(day), "")
			}
			s.want(16, s.morning(16), "no reports after 1 Nov")
			s.want(17, s.morning(17), "")
			s.want(18, s.morning(18, said("b.example", tlsrpt.ModeEnforce, 0)), "1 all clear")
			s.want(19, s.morning(19), "")
		})
	}
}

// Failures that only an unverified report tells of may be genuine. Who claims them
// is told once for each reason why it is not believed; and so it is told that none
// of the reports can be.
func TestClaimsThatAreNotBelievedAreToldOnce(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyFailures)
	a := said("a.example", tlsrpt.ModeEnforce, 0)
	claim := said("a.example", tlsrpt.ModeEnforce, 9, expired("mx1.a.example", 9))
	claim.Organization, claim.Signer, claim.Auth, claim.Reason = "Microsoft Corporation", "microsoft.com", report.AuthFail, "body-hash"
	s.want(2, s.morning(2, a), "all clear")
	s.want(3, s.morning(3, a, claim), "Microsoft Corporation")
	s.want(4, s.morning(4, a, claim), "")
	claim.Reason = "key-gone"
	s.want(5, s.morning(5, a, claim), "Microsoft Corporation")
	only := said("a.example", tlsrpt.ModeEnforce, 0)
	only.Signer = ""
	s.want(6, s.morning(6, only), "no verified reports")
	s.want(7, s.morning(7, only), "")
	s.want(8, s.morning(8, a), "all clear")
	s.want(9, s.morning(9, a), "")
}

// What is remembered of a digest is bounded by what it is about: senders that are
// gone are forgotten.
func TestWhatWasSaidOfASenderIsForgotten(t *testing.T) {
	t.Parallel()
	s := newSparse(t, judge.OnlyChanges)
	for i := range 3 {
		forged := said("a.example", tlsrpt.ModeEnforce, 0)
		forged.Signer, forged.Organization = "", fmt.Sprintf("Forger %d", i)
		s.want(2+i, s.morning(2+i, said("a.example", tlsrpt.ModeEnforce, 0), forged), "all clear")
	}
	state, err := s.db.DigestState(s.ctx, "two")
	if err != nil || strings.Contains(state.Said, "Forger 1") || !strings.Contains(state.Said, "Forger 2") {
		t.Errorf("remembered: %s, %v; want the last forger alone", state.Said, err)
	}
}
