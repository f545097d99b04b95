package read

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// fuzzLimits keep the fuzzer from measuring memory instead of finding faults.
func fuzzLimits() Limits {
	return Limits{MaxMessage: 1 << 20, MaxReport: 1 << 20, MaxPolicies: 50, MaxFailures: 100}
}

// seeds adds our own samples and, where it is there, the corpus.
func seeds(f *testing.F, add func(name string, data []byte)) {
	f.Helper()
	own, err := filepath.Glob("testdata/golden/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(own, "testdata/mail-forwarded.eml") {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(filepath.Base(name), data)
	}
	add("clean.json", []byte(minimal))
	add("clean.json.gz", gzipOf(f, minimal))
	add("clean.zip", zipOf(f, "clean.json", minimal))
	add("clean.zz", zlibOf(f, minimal))
	add("clean.eml", []byte(rfcMail(f)))
	if dir := filepath.Join("..", "..", "..", "..", "shared", "corpus"); os.Getenv("TLSBRIEF_CORPUS") == "" {
		if _, err := os.Stat(dir); err != nil {
			return
		}
	}
	for name, data := range readCorpus(f, corpusDir(f)) {
		if len(data) < 32<<10 {
			add(filepath.Base(name), data)
		}
	}
}

// sound checks what holds for every report, whatever was sent.
func sound(t *testing.T, r *tlsrpt.Report) {
	t.Helper()
	str := func(what, s string) {
		t.Helper()
		if !utf8.ValidString(s) || len(s) > maxString+8 {
			t.Errorf("%s is %d bytes, valid UTF-8: %v", what, len(s), utf8.ValidString(s))
		}
	}
	count := func(what string, n tlsrpt.Sessions) {
		t.Helper()
		if n < 0 || n > tlsrpt.MaxSessions {
			t.Errorf("%s = %d", what, n)
		}
	}
	str("organization-name", r.OrganizationName)
	str("contact-info", r.ContactInfo)
	str("report-id", r.ReportID)
	if r.OrganizationName+r.ContactInfo+r.ReportID == "" {
		t.Error("nobody's report")
	}
	if r.Start.After(r.End) || r.Start.Location() != time.UTC || r.End.Location() != time.UTC {
		t.Errorf("from %s to %s", r.Start, r.End)
	}
	if _, err := r.End.MarshalText(); err != nil {
		t.Errorf("end: %v", err)
	}
	if len(r.Policies) == 0 || len(r.Policies) > 50 || len(r.Deviations) > 3*maxDeviations {
		t.Errorf("%d policies, %d deviations", len(r.Policies), len(r.Deviations))
	}
	var sum tlsrpt.Sessions
	for _, p := range r.Policies {
		str("policy-type", string(p.Type))
		str("policy-domain", p.Domain)
		count("successes", p.Successful)
		count("failures", p.Failed)
		if sum = sum.Plus(p.Failed); sum < p.Failed {
			t.Errorf("sum wrapped around to %d", sum)
		}
		if p.Domain == "" || p.Mode != "" && p.Type != tlsrpt.STS {
			t.Errorf("policy = %+v", p)
		}
		for _, s := range append(p.Strings, p.MXHosts...) {
			if str("a policy string or mx-host", s); s == "" {
				t.Error("an empty policy string or mx-host")
			}
		}
		for _, f := range p.Failures {
			count("failed-session-count", f.Sessions)
			for _, s := range []string{string(f.ResultType), f.SendingMTAIP, f.ReceivingMXHostname, f.ReceivingMXHELO, f.ReceivingIP, f.AdditionalInformation, f.ReasonCode} {
				str("a failure's field", s)
			}
		}
	}
	for _, d := range r.Deviations {
		if d.Path == "" || d.What == "" || !utf8.ValidString(d.String()) || len(d.String()) > 1000 {
			t.Errorf("deviation %q", d)
		}
	}
	if !utf8.Valid(r.JSON) || len(r.JSON) > 1<<20 {
		t.Errorf("JSON of %d bytes", len(r.JSON))
	}
}

// sameAgain checks that a report's own text reads as the same report.
func sameAgain(t *testing.T, r *tlsrpt.Report, h hints) {
	t.Helper()
	rd := NewReader(fuzzLimits())
	rd.begin()
	again, err := rd.decodeText(r.JSON, nil, h)
	if err != nil {
		t.Fatalf("Report.JSON can't be read: %v\n%s", err, r.JSON)
	}
	if again.Identity() != r.Identity() || again.Content() != r.Content() {
		t.Errorf("Report.JSON reads as another report:\n%+v\n%+v", again, r)
	}
}

func malformed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, tlsrpt.ErrMalformed) {
		t.Errorf("a retry cannot cure it, but %q does not wrap ErrMalformed", err)
	}
	if err != nil && (err.Error() == "" || !utf8.ValidString(err.Error())) {
		t.Errorf("error text %q", err)
	}
}

func FuzzDecode(f *testing.F) {
	seeds(f, func(_ string, data []byte) { f.Add(data) })
	rd := NewReader(fuzzLimits())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := rd.Decode(bytes.NewReader(data))
		if malformed(t, err); err != nil {
			return
		}
		sound(t, r)
		sameAgain(t, r, hints{})
	})
}

func FuzzReadFile(f *testing.F) {
	seeds(f, func(name string, data []byte) { f.Add(name, data) })
	f.Add("s.example!d.example!1!2.json.gz", []byte("{}"))
	rd := NewReader(fuzzLimits())
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		reports, err := rd.ReadFile(name, data)
		if malformed(t, err); err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		for _, r := range reports {
			sound(t, r)
			if packingOf(data) != zipped { // whose entries have names of their own
				sameAgain(t, r, hints{file: name})
			}
		}
	})
}

func FuzzReadMail(f *testing.F) {
	seeds(f, func(_ string, data []byte) { f.Add(data) })
	rd := NewReader(fuzzLimits())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := rd.ReadMail(data)
		malformed(t, err)
		if m == nil || err == nil != (len(m.Found) > 0) {
			t.Fatalf("mail %+v, error %v", m, err)
		}
		for _, fault := range m.Faults {
			malformed(t, fault)
		}
		for _, found := range m.Found {
			sound(t, found.Report)
			if len(found.Message) == 0 || len(found.Message) > len(data) {
				t.Errorf("a message of %d bytes in %d", len(found.Message), len(data))
			}
			if found.Forwarded && bytes.Equal(found.Message, data) {
				t.Error("forwarded in itself")
			}
			// Whoever is asked about the message that was found finds it, too.
			if inner, err := rd.ReadMail(found.Message); err != nil || len(inner.Found) == 0 {
				t.Errorf("the message found has no report: %v", err)
			}
		}
		for _, e := range append([]Found{{Envelope: m.Envelope}}, m.Found...) {
			for _, s := range []string{e.Envelope.From, e.Envelope.Subject, e.Envelope.MessageID} {
				if printable(s) != s || len([]rune(s)) > maxField {
					t.Errorf("an envelope field %q", s)
				}
			}
			for _, d := range []string{e.Envelope.FromDomain, e.Envelope.Submitter, e.Envelope.PolicyDomain} {
				if d != "" && !hostname.Valid(d) {
					t.Errorf("an envelope domain %q", d)
				}
			}
		}
		ClassifyHeader(headerOf(string(data)))
		ClassifyPart(headerOf(string(data)))
	})
}
