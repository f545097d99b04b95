package digest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/digest"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// asking notes what a digest asks, and knows no answer.
func asking(into *[]report.Probe) func(*digest.Options) {
	return func(o *digest.Options) {
		o.Probe = func(_ context.Context, q []report.Probe) map[report.Probe]report.Answer {
			*into = append(*into, q...)
			return nil
		}
	}
}

func failing(domain string, details ...givenDetail) given {
	n := int64(0)
	for _, d := range details {
		n += d.N
	}
	return given{
		From: "2026-11-22", Organization: "Google Inc.", Signer: "google.com",
		Policies: []givenPolicy{{Type: tlsrpt.STS, Domain: domain, OK: 10, Failed: n, Mode: tlsrpt.ModeEnforce, Details: details}},
	}
}

// What can be looked at is asked before a digest is made: neither what is a
// sender's own rule nor what is accepted, and nothing for days long gone.
func TestWhatCanBeLookedAtIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var asked []report.Probe
	d := r.digester(func(o *digest.Options) {
		asking(&asked)(o)
		o.Waivers = []judge.Waiver{{MX: "known.example.com", Until: at(t, "2026-12-31"), Why: "known"}}
	})
	r.record(failing("example.com",
		givenDetail{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 3},
		givenDetail{Result: tlsrpt.DANERequired, MX: "mx1.example.com", N: 2},
		givenDetail{Result: tlsrpt.CertificateExpired, MX: "known.example.com", N: 1},
		givenDetail{Result: tlsrpt.STSPolicyFetchError, N: 1}))
	if _, err := d.Preview(r.ctx, "", at(t, "2026-11-10"), at(t, "2026-11-12")); err != nil || len(asked) > 0 {
		t.Errorf("a preview of days long gone asked %v; %v", asked, err)
	}
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	want := []report.Probe{
		{Domain: "example.com", Type: tlsrpt.STS, Result: tlsrpt.CertificateExpired, MX: "mx1.example.com"},
		{Domain: "example.com", Type: tlsrpt.STS, Result: tlsrpt.STSPolicyFetchError},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestLooksAtFewDomainsOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var asked []report.Probe
	d := r.digester(asking(&asked))
	for n := range 50 {
		g := failing(fmt.Sprintf("d%02d.example", n), givenDetail{Result: tlsrpt.CertificateExpired, MX: "mx.example.com", N: int64(n + 1)})
		g.ID = fmt.Sprint(n)
		r.record(g)
	}
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 20 || asked[0].Domain != "d49.example" {
		t.Errorf("%d questions, the first about %s; want 20, from the worst domain on", len(asked), asked[0].Domain)
	}
}

// What a check found that is made no more is not told for ever.
func TestOldFindingsAreNotTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	r.record(failing("example.com"))
	for _, tt := range []struct {
		age  time.Duration
		told bool
	}{{time.Hour, true}, {7 * 24 * time.Hour, true}, {8 * 24 * time.Hour, false}} {
		c := report.DomainCheck{Domain: "example.com", At: r.clock.now().Add(-tt.age), Findings: []report.CheckFinding{{Severity: "error", Message: "A finding."}}}
		if err := r.db.SaveDomainCheck(r.ctx, c, nil); err != nil {
			t.Fatal(err)
		}
		out, err := d.Preview(r.ctx, d.Names()[0], time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.Text, "A finding.") != tt.told {
			t.Errorf("found %s ago: told %v, want %v", tt.age, !tt.told, tt.told)
		}
	}
}

// Each change is told of once, in the next digest that is sent: what a run that
// was not sent covered is not lost.
func TestEachChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "example", Domains: []string{"example.com"}, To: []string{"o@example.com"}, OnlyWhen: judge.OnlyFailures}}
	})
	day := func(date, change string, rep given) string {
		t.Helper()
		r.clock.set(at(t, date+"T05:00:00Z"))
		if change != "" {
			c := report.DomainCheck{Domain: "example.com", At: r.clock.now()}
			if err := r.db.SaveDomainCheck(r.ctx, c, []report.DomainChange{{Domain: c.Domain, At: c.At, Code: "mx-new", Message: change}}); err != nil {
				t.Fatal(err)
			}
		}
		rep.From = at(t, date).AddDate(0, 0, -1).Format("2006-01-02")
		r.record(rep)
		r.clock.set(at(t, date+"T07:00:00Z"))
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, m := range r.taken() {
			text += strings.ReplaceAll(strings.ReplaceAll(m.Data, "=\r\n", ""), "\r\n", " ")
		}
		return text
	}
	bad := failing("example.com", givenDetail{Result: tlsrpt.CertificateExpired, MX: "mx1.example.com", N: 3})
	good := failing("example.com")
	if text := day("2026-11-20", "first change", bad); !strings.Contains(text, "first change") {
		t.Errorf("the first mail does not tell of the first change:\n%s", text)
	}
	if text := day("2026-11-21", "second change", bad); !strings.Contains(text, "second change") || strings.Contains(text, "first change") {
		t.Errorf("the second mail is to tell of the second change alone:\n%s", text)
	}
	day("2026-11-22", "", good) // all clear, said once
	if text := day("2026-11-23", "third change", good); text != "" {
		t.Errorf("a mail without a failure:\n%s", text)
	}
	if text := day("2026-11-24", "", good); text != "" {
		t.Errorf("a mail without a failure:\n%s", text)
	}
	if text := day("2026-11-25", "fourth change", bad); !strings.Contains(text, "third change") || !strings.Contains(text, "fourth change") || strings.Contains(text, "second change") {
		t.Errorf("the next mail is to tell of the third and the fourth change:\n%s", text)
	}
}

// A record that went and came back is not named as what is missing.
func TestARecordThatCameBackIsNotGone(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		r := newRig(t)
		changes := []report.DomainChange{{
			Domain: "example.com", At: r.clock.now().AddDate(0, 0, -40), Code: "tlsrpt-gone",
			Message: `The TLS-RPT record at _smtp._tls.example.com is gone. Until 10 Oct 2026 it was "v=TLSRPTv1; rua=mailto:a@example.com".`,
		}}
		if back {
			changes = append(changes, report.DomainChange{Domain: "example.com", At: r.clock.now().AddDate(0, 0, -30), Code: "tlsrpt-new", Message: "There is one now."})
		}
		check := report.DomainCheck{Domain: "example.com", At: r.clock.now().Add(-time.Hour), Seen: []byte("{}")}
		if err := r.db.SaveDomainCheck(r.ctx, check, changes); err != nil {
			t.Fatal(err)
		}
		d := r.digester(func(o *digest.Options) {
			o.Digests = []digest.Spec{{Name: "example", Domains: []string{"example.com"}, To: []string{"owner@example.com"}, Schedule: "daily"}}
			o.Probe = func(_ context.Context, asked []report.Probe) map[report.Probe]report.Answer {
				return map[report.Probe]report.Answer{asked[0]: {State: report.AnswerSo, Words: "The TLS-RPT record cannot be read."}}
			}
		})
		r.clock.set(at(t, "2026-11-22T07:00:00Z"))
		r.record(given{From: "2026-11-01", To: "2026-11-18", Organization: "Google Inc.", Signer: "google.com",
			Policies: []givenPolicy{{Type: tlsrpt.STS, Domain: "example.com", OK: 10}}})
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		r.clock.set(at(t, "2026-11-23T07:00:00Z"))
		r.polled("2026-11-23T06:00:00Z", nil)
		p, err := d.Preview(r.ctx, "example", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(strings.Fields(p.Text), " "); !strings.Contains(text, "cannot be read.") || strings.Contains(text, "Until 10 Oct 2026 it was") == back {
			t.Errorf("the record came back: %v\n%s", back, p.Text)
		}
	}
}
