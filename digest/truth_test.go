package digest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/digest"
	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// preview renders the digest of the days asked for.
func preview(t *testing.T, r *rig, from, to string) *words.Rendered {
	t.Helper()
	out, err := r.digester(nil).Preview(r.ctx, "", at(t, from), at(t, to).AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// squeezed returns a text with single blanks, as a reader takes it in.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// says fails unless all is said and nothing of not.
func says(t *testing.T, text string, all []string, not ...string) {
	t.Helper()
	text = squeezed(text)
	for _, s := range all {
		if !strings.Contains(text, s) {
			t.Errorf("it does not say %q:\n%s", s, text)
		}
	}
	for _, s := range not {
		if strings.Contains(text, s) {
			t.Errorf("it says %q:\n%s", s, text)
		}
	}
}

// weekly is a report of the week from 16 to 22 November.
func weeklyReport(failed int64) given {
	g := given{From: "2026-11-16", Days: 7, Organization: "Google Inc.", Signer: "google.com", Policies: []givenPolicy{{
		Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 700, Failed: failed,
	}}}
	if failed > 0 {
		g.Policies[0].Details = []givenDetail{{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: failed}}
	}
	return g
}

func TestAReportOfSeveralDaysIsAboutAllOfThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(weeklyReport(70))
	out, err := r.digester(nil).Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	says(t, out.Text, []string{
		"70 of 770 delivery attempts (9.1 %) failed between Mon 16 Nov and Sun 22 Nov.",
		"new, in a report for Mon 16 Nov to Sun 22 Nov",
		"Fri 20 Nov covered by a report for Mon 16 Nov to Sun 22 Nov",
		"! Mon 16 Nov ######################### 770 70 7 days",
	}, "no report", "on Mon 16 Nov")
	if want := "[TLS] example.com: action needed - 70 of 770 attempts failed, mail may be held (16 to 22 Nov)"; out.Subject != want {
		t.Errorf("subject %q, want %q", out.Subject, want)
	}
	if out.Summary.From != "2026-11-16" || out.Summary.To != "2026-11-22" {
		t.Errorf("facts from %s to %s", out.Summary.From, out.Summary.To)
	}
}

func TestADayWithinALongerReportIsNotSilent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(weeklyReport(70))
	for _, day := range []string{"2026-11-16", "2026-11-20", "2026-11-22"} {
		out := preview(t, r, day, day)
		if out.Summary.Verdict != judge.VerdictAction || out.Summary.Sessions.Failed != 70 {
			t.Errorf("%s: verdict %s, %d failed", day, out.Summary.Verdict, out.Summary.Sessions.Failed)
		}
		says(t, out.Text, []string{"between Mon 16 Nov and Sun 22 Nov", "counts Mon 16 Nov to Sun 22 Nov together, and cannot be divided"}, "_smtp._tls", "Junk", "no report")
	}
	if out := preview(t, r, "2026-11-15", "2026-11-15"); out.Summary.Verdict != judge.VerdictSilent {
		t.Errorf("the day before: verdict %s", out.Summary.Verdict)
	}
	if out := preview(t, r, "2026-11-16", "2026-11-22"); strings.Contains(out.Text, "You asked for") {
		t.Error("the whole week is said to be more than was asked for")
	}
}

func TestALongerReportBesideDailyOnesIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(weeklyReport(0))
	g := clearReport("2026-11-22")
	g.Organization, g.Signer = "Microsoft Corporation", "microsoft.com"
	r.record(g)
	out, err := r.digester(nil).Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	says(t, out.Text, []string{"(700 in reports for several days, Mon 16 Nov to Sun 22 Nov)", "Mon 16 Nov 700 0 7 days"}, "no report")
}

func TestLaterDigestsKnowOfLongerReports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	r.record(weeklyReport(0))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	r.clock.set(at(t, "2026-11-24T07:00:00Z"))
	out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	says(t, out.Text, []string{
		"No report about any day after Sun 22 Nov has arrived for example.com.",
		"Sun 22 Nov covered by a report", "Mon 23 Nov no report",
	}, "after Mon 16 Nov")
}

func TestFilesAreNotCalledLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := clearReport("2026-11-10")
	g.To, g.Via, g.NoArrival = "2026-11-20", report.ViaBackfill, true
	r.record(g)
	says(t, preview(t, r, "2026-11-10", "2026-11-20").Text, []string{"from Tue 10 Nov to Fri 20 Nov"}, "late")
}

func TestDaysToComeAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.digester(nil).Preview(r.ctx, "", at(t, "2026-11-30"), at(t, "2026-12-01"))
	if err == nil || !strings.Contains(err.Error(), "have not come yet") {
		t.Errorf("Preview of days to come = %v", err)
	}
	if _, err := r.digester(nil).Preview(r.ctx, "", at(t, "2026-11-23"), at(t, "2026-11-24")); err != nil {
		t.Errorf("Preview of today = %v", err)
	}
}

func TestUnreadableMessagesAreNotSilence(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]report.Message{
		"by mail": {From: "a@example.net", Refused: "gzip: unexpected EOF", Reason: report.ReasonCutOff, ReceivedAt: at(t, "2026-11-23T06:00:00Z")},
		"a file":  {Refused: "gzip: unexpected EOF", Reason: report.ReasonCutOff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.recordMessage(report.ViaBackfill, m)
			byDay, err := r.digester(nil).Preview(r.ctx, "", at(t, "2026-11-22"), at(t, "2026-11-23"))
			if err != nil {
				t.Fatal(err)
			}
			due, err := r.digester(nil).Preview(r.ctx, "", time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for _, out := range []*words.Rendered{byDay, due} {
				if out.Summary.Rejected != 1 {
					t.Errorf("rejected = %d, want 1", out.Summary.Rejected)
				}
				says(t, out.Text, []string{"No report that could be read", "1 message looked like a report and could not be read", "the attachment is cut off (gzip: unexpected EOF)"}, "Nothing has arrived")
			}
			before, err := r.digester(nil).Preview(r.ctx, "", at(t, "2026-11-10"), at(t, "2026-11-11"))
			if err != nil || before.Summary.Rejected != 0 {
				t.Errorf("ten days before: %+v, %v", before.Summary, err)
			}
		})
	}
}

// TestOnlyAWitnessCanSayThatItIsMended: Microsoft alone saw the expired
// certificate.
func TestOnlyAWitnessCanSayThatItIsMended(t *testing.T) {
	t.Parallel()
	saw := given{From: "2026-11-21", Organization: "Microsoft Corporation", Signer: "microsoft.com", Policies: []givenPolicy{{
		Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 10, Failed: 3,
		Details: []givenDetail{{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 3}},
	}}}
	clean := saw
	clean.From = "2026-11-22"
	clean.Policies = []givenPolicy{{Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 10}}
	for _, heard := range []bool{false, true} {
		r := newRig(t)
		d := r.digester(nil)
		r.clock.set(at(t, "2026-11-22T07:00:00Z"))
		r.record(saw)
		r.record(clearReport("2026-11-21"))
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.clock.set(at(t, "2026-11-23T07:00:00Z"))
		r.record(clearReport("2026-11-22"))
		if heard {
			r.record(clean)
		}
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		resolved := slices.ContainsFunc(out.Summary.PolicyTypes[0].Findings, func(f words.SummaryFinding) bool { return f.State == facts.StateResolved })
		if resolved != heard {
			t.Errorf("heard of again: %t, resolved: %t", heard, resolved)
		}
		if heard {
			says(t, out.Text, []string{"Not seen any more Expired certificate on mx1.example.com"}, "Not known to be mended")
		} else {
			says(t, out.Text, []string{"Not known to be mended: expired certificate on mx1.example.com", "microsoft.com, which saw it, has not reported since"}, "Not seen any more")
		}
	}
}

func TestRefusedPasswordIsSaidInWords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) { o.Mailboxes = []string{"reports"} })
	r.failed("2026-11-21T06:15:00Z", report.FaultAuth, errors.New("login: the server refused the login: check username and password"))
	out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	says(t, out.Text, []string{"REPORTS NOT READ.", "the mail server refused the user name or the password", "1. Check the user name and the password of mailbox reports"}, "BLIND")
}
