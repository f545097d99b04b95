package poller_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	ourdkim "tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
)

// byMessage judges by the Message-ID: the report numbered n gets auths[n].
func byMessage(auths map[string]report.Authenticity) func(*options) {
	return judging(func(f read.Found) report.Authenticity {
		n, _, _ := strings.Cut(f.Envelope.MessageID, "@")
		return auths[n]
	})
}

func everyResult() map[string]report.Authenticity {
	return map[string]report.Authenticity{
		"1": {Result: report.AuthPass, Domain: "sender.example"},
		"2": {Result: report.AuthFail, Domain: "sender.example", Reason: "body-hash"},
		"3": {Result: report.AuthNone},
		"4": {Result: report.AuthUnknown, Domain: "sender.example", Reason: "dns"},
	}
}

func TestAuthenticityIsRecordedWithTheReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change []func(*options)
		totals ingest.Totals
		want   []string
	}{
		{"off", nil, ingest.Totals{Examined: 4, Recorded: 4}, []string{id(1), id(2), id(3), id(4)}},
		{"flag", []func(*options){byMessage(everyResult())}, ingest.Totals{Examined: 4, Recorded: 4},
			[]string{id(1) + " pass", id(2) + " fail", id(3) + " none", id(4) + " unknown"}},
		{"require", []func(*options){byMessage(everyResult()), func(o *options) { o.Reading.Require = true }},
			ingest.Totals{Examined: 4, Recorded: 2, Rejected: 2}, []string{id(1) + " pass", id(4) + " unknown"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			deliver(t, s, "INBOX", newReport(1), newReport(2), newReport(3), newReport(4))
			r := newRig(t, s, tt.change...)
			r.poll(tt.totals)
			r.want(tt.want...)
			for _, m := range r.rejected() {
				if !strings.Contains(m.Text, `reports.authenticity is "require"`) {
					t.Errorf("reason of UID %d = %q, want the setting in it", m.UID, m.Text)
				}
				wantFlags(t, s, "INBOX", map[uint32][]string{1: seen(), 2: unseen(), 3: unseen(), 4: seen()})
			}
		})
	}
}

func TestReportsAboutOtherDomainsAreRejectedWhereOnesOwnAreListed(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX",
		reportAbout(1, "example.com"), reportAbout(2, "mx1.example.com"), reportAbout(3, "example.org"), reportAbout(4, "sub.example.org"),
		reportAbout(5, "notexample.com"), reportAbout(6, "example.net"))
	r := newRig(t, s, func(o *options) { o.Reading.Domains = []string{"example.com", "*.example.org"} })
	r.poll(ingest.Totals{Examined: 6, Recorded: 4, Rejected: 2})
	r.want(id(1), id(2), id(3), id(4))
	for _, m := range r.rejected() {
		if !strings.Contains(m.Text, "reports.domains") {
			t.Errorf("reason of UID %d = %q, want the setting in it", m.UID, m.Text)
		}
	}
}

// A report whose only policy is DANE at a provider's MX host is about the domain
// that its report-id names.
func TestAReportAboutOnesOwnDomainAtAProvidersMXHostIsTaken(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	atHost := func(n int, reportID string) []byte {
		text := strings.Replace(reportJSON(n, "mx1.provider.example"), `"policy-type":"sts"`, `"policy-type":"tlsa"`, 1)
		return reportOf(n, strings.Replace(text, id(n), reportID, 1))
	}
	const ours, others = "2026-11-20T00:00:00Z_example.com", "2026-11-20T00:00:00Z_example.net"
	deliver(t, s, "INBOX", atHost(1, ours), atHost(2, others))
	r := newRig(t, s, func(o *options) { o.Reading.Domains = []string{"example.com"} })
	r.poll(ingest.Totals{Examined: 2, Recorded: 1, Rejected: 1})
	r.want(ours)
}

func TestReportsOfIgnoredSignersAreLeftOutAndUntouched(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1), newReport(2))
	r := newRig(t, s, byMessage(map[string]report.Authenticity{
		"1": {Result: report.AuthPass, Domain: "noise.example"}, "2": {Result: report.AuthPass, Domain: "sender.example"},
	}), func(o *options) { o.Reading.IgnoreSigners = []string{"noise.example"} })
	r.poll(ingest.Totals{Examined: 2, Recorded: 1, Ignored: 1})
	r.want(id(2) + " pass")
	wantFlags(t, s, "INBOX", map[uint32][]string{1: unseen(), 2: seen()})
	if all := r.rejected(); len(all) > 0 {
		t.Errorf("rejected: %+v, want nothing", all)
	}
}

func TestMailWithAGoodAndABadReportIsRecordedAndTheBadOneNamed(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	bad := "--b\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed("{") + "--b--\r\n"
	deliver(t, s, "INBOX", append(bytes.TrimSuffix(newReport(1), []byte("--b--\r\n")), bad...))
	r := newRig(t, s)
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	r.want(id(1))
	if all := r.rejected(); len(all) != 1 || !strings.Contains(all[0].Text, "part 3") {
		t.Errorf("rejected: %+v, want the third part", all)
	}
}

// signed is a mail with a DKIM signature of a domain.
func signed(t *testing.T, domain string, key ed25519.PrivateKey, mail []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	err := dkim.Sign(&b, bytes.NewReader(mail), &dkim.SignOptions{Domain: domain, Selector: "s1", Signer: crypto.Signer(key), Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The whole way, with real signatures: what passes is the message as it lies in
// the mailbox, byte for byte, and for a forwarded one the message inside.
func TestSignatureIsVerifiedOverTheMessageThatHoldsTheReport(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize))
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("not an Ed25519 key")
	}
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	lookup := func(_ context.Context, name string) ([]string, error) {
		switch name {
		case "s1._domainkey.sender.example", "s1._domainkey.stranger.test":
			return []string{record}, nil
		case "s1._domainkey.silent.example":
			return nil, errors.New("no answer")
		}
		return nil, ourdkim.ErrNoRecord
	}
	changed := bytes.Replace(signed(t, "sender.example", key, newReport(4)), []byte(middle), []byte("Something else."), 1)
	silent := bytes.ReplaceAll(newReport(6), []byte("sender.example"), []byte("silent.example"))
	// The signature says when it was made, and that must not be after it came.
	inner := bytes.ReplaceAll(newReport(5), []byte("Mon, 02 Mar 2026 04:00:00 +0000"), []byte(time.Now().Format(time.RFC1123Z)))
	gone := bytes.ReplaceAll(newReport(7), []byte("sender.example"), []byte("gone.example"))
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX",
			signed(t, "sender.example", key, newReport(1)),
			newReport(2),
			signed(t, "stranger.test", key, newReport(3)),
			changed,
			forwarded(signed(t, "sender.example", key, inner)),
			signed(t, "silent.example", key, silent),
			signed(t, "gone.example", key, gone),
			signed(t, "sender.example", key, forwarded(newReport(8))), // vouched for by the inner one alone
		)
		r := newRig(t, s, authenticate(lookup, ingest.Vouching{}))
		r.poll(ingest.Totals{Examined: 8, Recorded: 8})
		r.want(id(1)+" pass", id(2)+" none", id(3)+" fail", id(4)+" fail", id(5)+" pass", id(6)+" unknown", id(7)+" fail", id(8)+" none")
	})
}

func TestAReportThatIsCutOffSaysSoByACode(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", reportOf(1, `{"organization-name":"Sender","report-id":"x`), reportOf(2, `{"organization-name":"Sender","report-id":"x","policies":"none"}`))
	r := newRig(t, s)
	r.poll(ingest.Totals{Examined: 2, Rejected: 2})
	if all := r.rejected(); len(all) != 2 || all[0].Reason != report.ReasonCutOff || all[1].Reason != "" {
		t.Errorf("rejected %+v, want the first as cut off", all)
	}
}
