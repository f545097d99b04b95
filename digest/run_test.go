package digest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/digest"
	"tlsbrief/digest/judge"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/smtpsink"
)

// header returns a header field of a mail.
func header(t testing.TB, data []byte, field string) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("reading the mail: %v", err)
	}
	return m.Header.Get(field)
}

func TestMailIsWhatServersExpect(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	g := clearReport("2026-11-21")
	g.Organization, g.Signer = "Bücher\r\nBcc: x@example.com", "bücher.example"
	g.Policies[0].Domain = "xn--bcher-kva.example"
	r.record(g)
	d := r.digester(func(o *digest.Options) {
		o.From = &mail.Address{Name: "TLS-Berichte für Sie", Address: "reports@example.com"}
		o.Fallback = []string{"a@example.com", "b@example.com"}
	})
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	sent := r.taken()
	if len(sent) != 1 {
		t.Fatalf("%d mails sent, want 1", len(sent))
	}
	data := sent[0].Data
	for i, line := range strings.SplitAfter(data, "\r\n") {
		if len(line) > 998+2 || strings.Contains(strings.TrimSuffix(line, "\r\n"), "\n") || strings.Contains(strings.TrimSuffix(line, "\r\n"), "\r") {
			t.Errorf("line %d is too long or ends in a bare CR or LF: %.80q", i+1, line)
		}
		for _, c := range []byte(line) {
			if c > 126 {
				t.Errorf("line %d is not ASCII: %.80q", i+1, line)
				break
			}
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "List-Id": "<all.tlsbrief.example.com>", "Mime-Version": "1.0", "Bcc": "", "Cc": "",
	} {
		if got := m.Header.Get(field); got != want {
			t.Errorf("%s = %q, want %q", field, got, want)
		}
	}
	from, err := m.Header.AddressList("From")
	if err != nil || from[0].Name != "TLS-Berichte für Sie" || from[0].Address != "reports@example.com" {
		t.Errorf("From = %v, %v", from, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 2 {
		t.Errorf("To = %v, %v", to, err)
	}
	if date, err := m.Header.Date(); err != nil || !date.Equal(at(t, "2026-11-23T07:00:00Z")) {
		t.Errorf("Date = %v, %v", date, err)
	}
	if id := m.Header.Get("Message-Id"); !strings.HasSuffix(id, "@example.com>") || len(id) < 30 {
		t.Errorf("Message-ID = %q", id)
	}
	text, page := alternatives(t, m)
	out, err := d.Preview(r.ctx, "", at(t, "2026-11-21"), at(t, "2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{text, page} {
		for _, want := range []string{"ALL CLEAR", "example.com", "bücher.example", "20 delivery attempts"} {
			if !strings.Contains(part, want) {
				t.Errorf("a part of the mail lacks %q", want)
			}
		}
	}
	if out.Summary.Sessions.Successful != 20 {
		t.Errorf("the same days previewed have %d sessions, want 20", out.Summary.Sessions.Successful)
	}
	checkHTML(t, page)
}

// alternatives returns the two parts of a digest.
func alternatives(t *testing.T, m *mail.Message) (text, page string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type = %s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	read := func(want string) string {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Content-Type"); got != want || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("a part is %q in %q, want %q", got, p.Header.Get("Content-Transfer-Encoding"), want)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	text, page = read("text/plain; charset=utf-8"), read("text/html; charset=utf-8")
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Errorf("after the HTML comes %v, want the end", err)
	}
	return text, page
}

func TestEachReportIsCoveredOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	step := func(now string, want int64) {
		t.Helper()
		r.clock.set(at(t, now))
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if got := int64(out.Summary.Sessions.Successful); got != want {
			t.Errorf("the digest of %s covers %d sessions, want %d", now, got, want)
		}
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(r.taken()); n != 1 {
			t.Errorf("%s: %d mails, want 1", now, n)
		}
		if err := d.RunDue(r.ctx); err != nil || len(r.taken()) != 0 {
			t.Errorf("%s: a second run sent something, or failed: %v", now, err)
		}
	}
	r.record(clearReport("2026-11-21"))
	step("2026-11-22T07:00:00Z", 10)
	r.record(clearReport("2026-11-22"))
	late := clearReport("2026-11-02")
	late.Organization, late.Signer, late.Received = "Microsoft Corporation", "microsoft.com", "2026-11-23T03:00:00Z"
	late.Policies[0].OK = 7
	r.record(late)
	step("2026-11-23T07:00:00Z", 17)
	step("2026-11-24T07:00:00Z", 0)
}

func TestBackfilledHistoryIsNoNews(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := clearReport("2026-10-01")
	g.To, g.Via = "2026-11-21", report.ViaBackfill
	r.record(g)
	recent := clearReport("2026-11-22")
	recent.Via = report.ViaBackfill
	r.record(recent)
	out, err := r.digester(nil).Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if out.Summary.From != "2026-11-22" || out.Summary.To != "2026-11-22" || out.Summary.Sessions.Successful != 10 {
		t.Errorf("the digest covers %s to %s with %d sessions, want the one day before it with 10", out.Summary.From, out.Summary.To, out.Summary.Sessions.Successful)
	}
	if !strings.Contains(out.Text, "Sat 21 Nov  #") {
		t.Error("the picture of the last days lacks the history")
	}
	all, err := r.digester(nil).Preview(r.ctx, "all", at(t, "2026-10-01"), at(t, "2026-11-01"))
	if err != nil || all.Summary.Sessions.Successful != 310 {
		t.Errorf("a preview of October has %d sessions, %v, want 310", all.Summary.Sessions.Successful, err)
	}
}

func TestVerifiedLaterIsNewsThen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	g := clearReport("2026-11-22")
	g.Auth, g.Reason = report.AuthUnknown, "DNS did not answer"
	r.record(g)
	d := r.digester(nil)
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	if sent := r.taken(); len(sent) != 1 || !strings.Contains(header(t, []byte(sent[0].Data), "Subject"), "no verified reports") {
		t.Fatalf("the first digest is %q", header(t, []byte(sent[0].Data), "Subject"))
	}
	again := clearReport("2026-11-22")
	r.recordAs(again, report.Duplicate)
	r.clock.set(at(t, "2026-11-24T07:00:00Z"))
	out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
	if err != nil || out.Summary.Verdict != judge.VerdictClear || out.Summary.Sessions.Successful != 10 || out.Summary.Unverified != 0 {
		t.Errorf("the second digest is %s with %d sessions and %d unverified, %v; want clear with 10 and 0",
			out.Summary.Verdict, out.Summary.Sessions.Successful, out.Summary.Unverified, err)
	}
}

func TestFallbackSpeaksOnlyWhenItHasSomethingToSay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "mine", Domains: []string{"example.com"}, To: []string{"owner@example.com"}}}
	})
	if got := d.Names(); !slices.Equal(got, []string{"mine", "fallback"}) {
		t.Errorf("Names = %q", got)
	}
	r.record(clearReport("2026-11-22"))
	run := func(now string, want ...string) {
		t.Helper()
		r.clock.set(at(t, now))
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range r.taken() {
			got = append(got, s.To...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: mails to %q, want %q", now, got, want)
		}
	}
	run("2026-11-23T07:00:00Z", "owner@example.com")
	if s, err := r.db.DigestState(r.ctx, "fallback"); err != nil || s.LastRun.IsZero() || s.Watermark == 0 {
		t.Errorf("the fallback digest's state = %+v, %v, want it moved on", s, err)
	}
	r.recordMessage(report.ViaPoll, report.Message{From: "x@example.net", Refused: "gzip: unexpected EOF", Reason: report.ReasonCutOff, ReceivedAt: at(t, "2026-11-23T10:00:00Z")})
	run("2026-11-24T07:00:00Z", "owner@example.com", "postmaster@example.com")
	run("2026-11-25T07:00:00Z", "owner@example.com")
	g := clearReport("2026-11-25")
	g.Policies[0].Domain = "unclaimed.example"
	r.record(g)
	run("2026-11-26T07:00:00Z", "owner@example.com", "postmaster@example.com")
}

// DANE at the MX host of a provider is told to the owner of the domain that the
// report is about, and not as a domain that nobody claims.
func TestDANEAtAnMXHostIsToldToTheOwnerOfTheDomain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{{Name: "mine", Domains: []string{"example.com"}, To: []string{"owner@example.com"}}}
	})
	g := clearReport("2026-11-22")
	g.Policies = append(g.Policies, givenPolicy{Type: "tlsa", Domain: "mx1.provider.example", OK: 1, Failed: 9, Details: []givenDetail{{Result: "tlsa-invalid", N: 9}}})
	g.Policies[0].Details = []givenDetail{{Result: "certificate-expired", MX: "mx1.provider.example", N: 1}} // says whose MX host it is
	g.Policies[0].Failed = 1
	other := clearReport("2026-11-22") // nothing says whose MX host this is
	other.ID, other.Policies = "other", []givenPolicy{{Type: "tlsa", Domain: "mx2.stranger.example", OK: 5}}
	r.record(g)
	r.record(other)
	r.clock.set(at(t, "2026-11-23T07:00:00Z"))
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, s := range r.taken() {
		m, err := mail.ReadMessage(strings.NewReader(s.Data))
		if err != nil {
			t.Fatal(err)
		}
		told[strings.Join(s.To, ",")], _ = alternatives(t, m)
	}
	owner, fallback := told["owner@example.com"], told["postmaster@example.com"]
	for _, want := range []string{"DANE (policy type: tlsa)", "Certificate does not match DNS on mx1.provider.example", "10 sessions: 1 ok, 9 failed"} {
		if !strings.Contains(owner, want) {
			t.Errorf("the owner is not told %q:\n%s", want, owner)
		}
	}
	if !strings.Contains(fallback, "mx2.stranger.example") || strings.Contains(fallback, "mx1.provider.example") {
		t.Errorf("the fallback digest is to have mx2.stranger.example alone:\n%s", fallback)
	}
}

func TestOneFailingDigestStopsNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	sink := startSink(t, smtpsink.Fault{Step: smtpsink.Rcpt, Address: "first@example.com", Code: 550, Text: "5.1.1 no"})
	d := r.toSink(sink, func(o *digest.Options) {
		o.Digests = []digest.Spec{
			{Name: "first", Domains: []string{"example.com"}, To: []string{"first@example.com"}},
			{Name: "second", Domains: []string{"example.com"}, To: []string{"second@example.com"}},
		}
	})
	err := d.RunDue(r.ctx)
	if err == nil || !strings.Contains(err.Error(), `"first"`) || strings.Contains(err.Error(), `"second"`) {
		t.Errorf("RunDue = %v, want an error about the first digest alone", err)
	}
	if mails := sink.Mails(); len(mails) != 1 || mails[0].To[0] != "second@example.com" {
		t.Errorf("the server took %v, want the second digest", recipientsOf(mails))
	}
}

func TestPreviewWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record(clearReport("2026-11-22"))
	d := r.digester(nil)
	for range 2 {
		out, err := d.Preview(r.ctx, "", time.Time{}, time.Time{})
		if err != nil || out.Summary.Sessions.Successful != 10 {
			t.Fatalf("Preview = %+v, %v", out, err)
		}
	}
	if s, err := r.db.DigestState(r.ctx, "all"); err != nil || s != (report.DigestState{}) || len(r.outbox()) != 0 {
		t.Errorf("after a preview the state is %+v, %v, and the outbox holds %d", s, err, len(r.outbox()))
	}
	if _, err := d.Preview(r.ctx, "", at(t, "2026-11-22"), at(t, "2026-11-22")); err == nil {
		t.Error("a preview of no day gave no error")
	}
	if _, err := d.Preview(r.ctx, "nobody", time.Time{}, time.Time{}); !errors.Is(err, digest.ErrUnknownDigest) {
		t.Errorf("a preview of nobody = %v", err)
	}
}

func TestNextDue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(nil)
	if got, err := d.NextDue(r.ctx, "all"); err != nil || !got.Equal(r.clock.now()) {
		t.Errorf("NextDue of one that never ran = %s, %v, want now", got, err)
	}
	if err := d.RunDue(r.ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := d.NextDue(r.ctx, "all"); err != nil || !got.Equal(at(t, "2026-11-24T07:00:00Z")) {
		t.Errorf("NextDue = %s, %v, want tomorrow at seven", got, err)
	}
	if _, err := d.NextDue(r.ctx, "nobody"); !errors.Is(err, digest.ErrUnknownDigest) {
		t.Errorf("NextDue of nobody = %v", err)
	}
}

func TestNewTellsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := digest.New(digest.Options{Digests: []digest.Spec{
		{Name: "a", To: []string{"x@example.com"}}, {Name: "a", To: []string{"x@example.com"}},
		{Name: "b"}, {Name: "c", To: []string{"x@example.com"}, Schedule: "often"},
	}})
	if err == nil {
		t.Fatal("New accepted it all")
	}
	for _, want := range []string{"a database", "smtp.from", `two digests are named "a"`, `"b" has no recipients`, `"often"`, `"fallback" has no recipients`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

// TestFactsHaveExactlyTheirKeys holds the JSON to what DESIGN 8 promises.
func TestFactsHaveExactlyTheirKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	out, err := r.digester(nil).Preview(r.ctx, "all", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(out.Summary)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"all","from":"2026-11-22","to":"2026-11-22","verdict":"silent","sessions":{"successful":0,"failed":0},` +
		`"policy_types":[{"policy_type":"sts","successful":0,"failed":0,"findings":[]},{"policy_type":"tlsa","successful":0,"failed":0,"findings":[]},` +
		`{"policy_type":"no-policy-found","successful":0,"failed":0,"findings":[]}],"reporters":[],"stopped_reporting":[],"unverified":0,"rejected":0}`
	if string(b) != want {
		t.Errorf("the facts of an empty database are\n%s\nwant\n%s", b, want)
	}
}
