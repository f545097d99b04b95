package digest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/digest"
	"tlsbrief/digest/judge"
	"tlsbrief/digest/words"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// A golden case is a folder: case.json says what was recorded, the other files
// are what comes of it.
type goldenCase struct {
	About           string // what the case is there for
	Now             string
	Domains         []string // of the digest example; none: no configured digest
	Name            string   // of the digest shown; empty: the first
	AuthenticityOff bool
	Reports         []given
	Rejected        []struct {
		From, Subject, Reason, Received string
		Code                            report.Reason
	}
	Polled []struct {
		At, Error string
		Fault     report.Fault // the code of Error
	}
	Schedule string
	Accept   []struct{ MX, Until, Why string }
	Checks   []report.DomainCheck // what looks at domains found, the day before
	Changes  []report.DomainChange
	Answers  []givenAnswer // by a look just now
	Expect   expectation
}

// A givenAnswer answers one question.
type givenAnswer struct {
	report.Probe
	report.Answer
}

// An expectation is what a case must come to, worked out by hand from its
// reports and not from what was printed.
type expectation struct {
	Verdict            judge.Verdict
	Subject            string
	Successful, Failed tlsrpt.Sessions
	Findings           []string // type result host count state first-day, as "sts certificate-expired mx1.example.com 43 new 2026-11-22"
	Stopped            []string // domains
	Unverified         int
	Rejected           int
	Says, Not          []string // in the text, blanks squeezed
}

// check holds a digest to what was worked out by hand.
func (e *expectation) check(t *testing.T, r *words.Rendered) {
	t.Helper()
	f := r.Summary
	got := expectation{
		Verdict: f.Verdict, Subject: r.Subject, Successful: f.Sessions.Successful, Failed: f.Sessions.Failed,
		Unverified: f.Unverified, Rejected: f.Rejected, Says: e.Says, Not: e.Not,
	}
	for _, kind := range f.PolicyTypes {
		for _, c := range kind.Findings {
			got.Findings = append(got.Findings, fmt.Sprintf("%s %s %s %d %s %s", kind.PolicyType, c.ResultType, c.MX, c.Failed, c.State, c.FirstDay))
		}
	}
	for _, s := range f.StoppedReporting {
		got.Stopped = append(got.Stopped, s.Domain)
	}
	if diff := cmp.Diff(*e, got); diff != "" {
		t.Errorf("not what it must be (-want +got):\n%s", diff)
	}
	says(t, r.Text, e.Says, e.Not...)
}

// TestGolden renders each case and compares it with what somebody has looked at.
func TestGolden(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/*/case.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			r, want := renderCase(t, path)
			facts, err := json.MarshalIndent(r.Summary, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "subject"), r.Subject+"\n")
			golden(t, filepath.Join(dir, "digest.txt"), r.Text)
			golden(t, filepath.Join(dir, "digest.html"), r.HTML)
			golden(t, filepath.Join(dir, "facts.json"), string(facts)+"\n")
			want.check(t, r)
			checkText(t, r)
			checkHTML(t, r.HTML)
		})
	}
}

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test ./digest -update and read the diff)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// renderCase records what a case says and previews its digest.
func renderCase(t *testing.T, path string) (*words.Rendered, *expectation) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c goldenCase
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	r := newRig(t)
	now := at(t, c.Now)
	d := r.digester(func(o *digest.Options) {
		if len(c.Domains) > 0 {
			o.Digests = []digest.Spec{{Name: "example", Domains: c.Domains, To: []string{"owner@example.com"}, Schedule: c.Schedule}}
		}
		o.AuthenticityOff = c.AuthenticityOff
		for _, a := range c.Accept {
			o.Waivers = append(o.Waivers, judge.Waiver{MX: a.MX, Until: at(t, a.Until), Why: a.Why})
		}
		if len(c.Polled) > 0 {
			o.Mailboxes = []string{"reports"}
		}
		if len(c.Answers) > 0 {
			o.Probe = answering(c.Answers)
		}
	})
	r.clock.set(now.AddDate(0, 0, -1))
	for _, g := range c.Reports {
		if g.History {
			r.record(g.expanded(t))
		}
	}
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatalf("the digest of the day before: %v", err)
	}
	r.clock.set(now)
	for _, g := range c.Reports {
		if !g.History {
			r.record(g.expanded(t))
		}
	}
	for _, m := range c.Rejected {
		r.recordMessage(report.ViaPoll, report.Message{From: expand(m.From), Subject: expand(m.Subject), Refused: expand(m.Reason), Reason: m.Code, ReceivedAt: at(t, m.Received)})
	}
	for _, p := range c.Polled {
		var err error
		if p.Error != "" {
			err = errors.New(expand(p.Error))
		}
		r.failed(p.At, p.Fault, err)
	}
	for _, look := range c.Checks {
		if err := r.db.SaveDomainCheck(r.ctx, look, c.changesOf(look.Domain)); err != nil {
			t.Fatal(err)
		}
	}
	name := c.Name
	if name == "" {
		name = d.Names()[0]
	}
	out, err := d.Preview(r.ctx, name, time.Time{}, time.Time{})
	if err != nil {
		t.Fatalf("Preview(%q): %v", name, err)
	}
	return out, &c.Expect
}

// changesOf returns what had changed at a domain.
func (c *goldenCase) changesOf(domain string) []report.DomainChange {
	var out []report.DomainChange
	for _, change := range c.Changes {
		if change.Domain == domain {
			out = append(out, change)
		}
	}
	return out
}

// answering returns what answers the questions that there are answers to.
func answering(answers []givenAnswer) func(context.Context, []report.Probe) map[report.Probe]report.Answer {
	return func(_ context.Context, questions []report.Probe) map[report.Probe]report.Answer {
		out := map[report.Probe]report.Answer{}
		for _, a := range answers {
			if slices.Contains(questions, a.Probe) {
				out[a.Probe] = a.Answer
			}
		}
		return out
	}
}

// expand repeats a word that ends in "*N": a case file should not hold a
// megabyte.
func expand(s string) string {
	word, times, ok := strings.Cut(s, "**")
	if !ok {
		return s
	}
	var n int
	if err := json.Unmarshal([]byte(times), &n); err != nil {
		return s
	}
	return strings.Repeat(word, n)
}

// expanded returns g with its strings expanded.
func (g given) expanded(t *testing.T) given {
	t.Helper()
	g.Organization = expand(g.Organization)
	var all []givenPolicy
	for _, p := range g.Policies {
		for i := range max(1, p.Copies) {
			each := p
			each.Domain = strings.Replace(p.Domain, "#", fmt.Sprintf("%04d", i+1), 1)
			all = append(all, each)
		}
	}
	g.Policies = all
	for i, p := range g.Policies {
		for k, d := range p.Details {
			d.Reason, d.Info = expand(d.Reason), expand(d.Info)
			g.Policies[i].Details[k] = d
		}
	}
	return g
}

// checkText holds the text part and the subject to what every mail must be.
func checkText(t *testing.T, r *words.Rendered) {
	t.Helper()
	if n := utf8.RuneCountInString(r.Subject); n > 200 || strings.ContainsAny(r.Subject, "\r\n") {
		t.Errorf("the subject has %d characters or a line break: %q", n, r.Subject)
	}
	for i, line := range strings.Split(r.Text, "\n") {
		command := strings.HasPrefix(line, "    ") || strings.Contains(line, "tlsbrief ")
		if n := utf8.RuneCountInString(line); n > templates.Width && !command {
			t.Errorf("line %d of the text has %d columns: %q", i+1, n, line)
		}
		for _, c := range line {
			if !unicode.IsPrint(c) {
				t.Errorf("line %d of the text holds %U: %q", i+1, c, line)
			}
		}
		if strings.TrimRight(line, " ") != line && line != "-- " {
			t.Errorf("line %d of the text ends in a blank: %q", i+1, line)
		}
	}
	if strings.Contains(r.Text, "\n\n\n") {
		t.Error("the text has two empty lines in a row")
	}
}
