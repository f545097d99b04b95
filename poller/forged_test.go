package poller_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/tlsrpt/read"
)

// A signedZone signs mail of any domain, has the keys, and counts what it is asked.
type signedZone struct {
	t     *testing.T
	key   ed25519.PrivateKey
	asked atomic.Int64
}

func newSignedZone(t *testing.T) *signedZone {
	return &signedZone{t: t, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte("z"), ed25519.SeedSize))}
}

// sign signs these header fields, in order, and the body.
func (z *signedZone) sign(domain, mail string, fields ...string) string {
	z.t.Helper()
	var b bytes.Buffer
	err := dkim.Sign(&b, strings.NewReader(mail), &dkim.SignOptions{
		Domain: domain, Selector: "s1", Signer: crypto.Signer(z.key), Hash: crypto.SHA256, HeaderKeys: fields,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		z.t.Fatal(err)
	}
	return b.String()
}

func (z *signedZone) lookup(context.Context, string) ([]string, error) {
	z.asked.Add(1)
	public, _ := z.key.Public().(ed25519.PublicKey)
	return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
}

// results authenticates the reports of a mail.
func (z *signedZone) results(mail string) (all []string) {
	z.t.Helper()
	m, err := read.NewReader(read.DefaultLimits()).ReadMail([]byte(mail))
	if err != nil {
		z.t.Fatalf("the forgery is not even read: %v", err)
	}
	judge := ingest.Vouching{}
	key := func(name string) ([]string, error) { return z.lookup(z.t.Context(), name) }
	for _, f := range m.Found {
		a, _ := judge.Examine(f, time.Now().Add(time.Hour)).Judge(key)
		all = append(all, strings.TrimSpace(string(a.Result)+" "+string(a.Reason)))
	}
	return all
}

// googlesFields are those that Google signs: neither Content-Type nor
// Content-Transfer-Encoding is among them.
func googlesFields() []string {
	return []string{"to", "from", "subject", "message-id", "date", "mime-version", "from", "to", "subject"}
}

const theirHead = "From: calendar@sender.example\r\nTo: someone@evil.test\r\nSubject: Invitation\r\nDate: Mon, 02 Mar 2026 05:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\n"

// A stranger has mail that the domain of a reporter really signed, with words of
// the stranger's in it, and sends it on with something put in front.
func TestReplayOfSignedMailIsNoReport(t *testing.T) {
	t.Parallel()
	z := newSignedZone(t)
	forged := reportJSON(1, "example.com")
	text := "Content-Type: text/plain\r\n"
	note := "You are invited. A note by the organizer:\r\n--x\r\nContent-Type: application/tlsrpt+json\r\n\r\n" + forged + "\r\n--x--\r\n"
	invitation := z.sign("sender.example", theirHead+text+"\r\n"+note, googlesFields()...)
	bare := strings.Replace(invitation, text, "", 1) // the field is not signed, and can be taken out
	report := z.sign("sender.example", string(reportOf(1, forged)), googlesFields()...)
	multipart := "Content-Type: multipart/report; report-type=tlsrpt; boundary=x\r\n"
	footer := z.sign("sender.example", theirHead+text+"\r\n"+forged+"\r\nSent by the calendar.\r\n", googlesFields()...)
	footerBare := strings.Replace(footer, text, "", 1)
	esp := z.sign("esp.example", strings.ReplaceAll(theirHead, "sender.example", "esp.example")+"Content-Type: application/tlsrpt+json\r\n\r\n"+forged, "from", "subject")

	for _, tt := range []struct {
		name, mail string
		want       []string
	}{
		{"the report itself passes", report, []string{"pass"}},
		{"a header and a report above an odd line end", "Content-Type: application/tlsrpt+json\r\nFrom: tls@sender.example\r\n\r\r\n" + forged + "\r\n" + invitation, []string{"fail syntax"}},
		{"a Content-Type above the signed mail", multipart + invitation, []string{"fail content-type-unsigned"}},
		{"a Content-Type in place of the mail's own", multipart + bare, []string{"fail content-type-unsigned"}},
		{"one without a boundary", "Content-Type: multipart/report\r\n" + bare, []string{"fail content-type-unsigned"}},
		{"a lone report with a footer", "Content-Type: application/tlsrpt+json\r\n" + footerBare, []string{"fail content-type-unsigned"}},
		{"a second Content-Type above a report's own", "Content-Type: multipart/mixed; boundary=b\r\n" + report, []string{"fail content-type-unsigned"}},
		{"a second MIME-Version", "MIME-Version: 1.0\r\n" + report, []string{"fail content-type-unsigned"}},
		{"a submitter named above the signed mail of another", "TLS-Report-Submitter: esp.example\r\n" + strings.Replace(z.sign("esp.example", string(reportOf(1, forged)), "from", "subject"), "TLS-Report-Submitter: sender.example\r\n", "", 1), []string{"fail not-aligned"}},
		{"From of another above", "From: tls@sender.example\r\n" + esp, []string{"fail not-aligned"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := z.results(tt.mail); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Where the signer covers Content-Type, it may put words above the parts.
func TestPreambleIsTheSignersWhereContentTypeIsSigned(t *testing.T) {
	t.Parallel()
	z := newSignedZone(t)
	mail := strings.Replace(string(reportOf(1, reportJSON(1, "example.com"))), "\r\n\r\n", "\r\n\r\nA report, for programs that know MIME.\r\n", 1)
	for name, tt := range map[string]struct {
		fields []string
		want   string
	}{"signed": {append(googlesFields(), "content-type"), "pass"}, "not signed": {googlesFields(), "fail content-type-unsigned"}} {
		if got := z.results(z.sign("sender.example", mail, tt.fields...)); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestSignaturesThatCannotCountCostNoQuery(t *testing.T) {
	t.Parallel()
	z := newSignedZone(t)
	mail := string(reportOf(1, reportJSON(1, "example.com")))
	stranger := mail
	for range 5 {
		stranger = z.sign("stranger.test", stranger, "from")
	}
	many := mail
	for range 5 {
		many = z.sign("sender.example", many, "from", "subject", "tls-report-domain")
	}
	many = strings.Replace(many, "TLS-Report-Domain: ", "TLS-Report-Domain: x", 1) // or the first would do
	for name, tt := range map[string]struct {
		mail string
		most int64
		want string
	}{"of strangers": {stranger, 0, "fail not-aligned"}, "of the sender": {many, 3, "fail bad-signature"}} {
		z.asked.Store(0)
		if got := z.results(tt.mail); !slices.Equal(got, []string{tt.want}) || z.asked.Load() > tt.most {
			t.Errorf("%s: %q after %d queries, want %q after at most %d", name, got, z.asked.Load(), tt.want, tt.most)
		}
	}
}
