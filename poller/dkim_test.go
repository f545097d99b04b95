package poller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"

	ourdkim "tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/resolver"
	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
)

// keysFrom looks keys up in a DNS server, as the program does.
func keysFrom(server *dnstest.Server) ourdkim.Lookup {
	r := resolver.New(resolver.Options{Server: server.Addr(), Timeout: time.Second, Parallel: ingest.LookupsAtOnce})
	return func(ctx context.Context, name string) ([]string, error) {
		records, err := r.TXT(ctx, name)
		if errors.Is(err, resolver.ErrNotFound) {
			return nil, fmt.Errorf("%w: %w", ourdkim.ErrNoRecord, err)
		}
		return records, err
	}
}

const signer = "sender.example"

// RFC 8460, section 3, on mail that lies in a mailbox, with the keys in DNS.
func TestAuthenticityOfMailAgainstDNS(t *testing.T) {
	t.Parallel()
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	plain := samples.Signature{Domain: signer, Selector: "any", At: sent}
	sign := func(change func(*samples.Signature)) []byte {
		s := plain
		if change != nil {
			change(&s)
		}
		signed, err := key.Sign(newReport(1), s)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	selector := func(name string) func(*samples.Signature) {
		return func(s *samples.Signature) { s.Selector = name }
	}
	expires := func(s *samples.Signature) { s.Expires = sent.Add(time.Hour) }
	found := func(field string, mail []byte) []byte { return append([]byte(field+"\r\n"), mail...) }
	const passed = "; dkim=pass header.d=sender.example header.s=gone"

	for _, tt := range []struct {
		name    string
		mail    []byte
		arrived time.Duration // after it was sent
		who     ingest.Vouching
		want    string
	}{
		{name: "R1: a signature of the sender", mail: sign(nil), want: "pass"},
		{name: "R1: none", mail: newReport(1), want: "none"},
		{name: "a byte of the body changed", mail: bytes.Replace(sign(nil), []byte(middle), []byte("M"+middle[1:]+"!"), 1), want: "fail body-hash"},
		{name: "a byte of the header changed", mail: bytes.Replace(sign(nil), []byte("Report Domain"), []byte("Report domain"), 1), want: "fail bad-signature"},
		{name: "R2: l=", mail: sign(func(s *samples.Signature) { s.BodyLength = 10 }), want: "fail l-tag"},
		{name: "R1: of another domain", mail: sign(func(s *samples.Signature) { s.Domain = "stranger.test" }), want: "fail not-aligned"},
		{name: "R3: a key for s=tlsrpt", mail: sign(selector("tlsrpt")), want: "pass"},
		{name: "R3: a key for s=email", mail: sign(selector("email")), want: "pass key-service-email"},
		{name: "R3: a key for something else", mail: sign(selector("other")), want: "fail key-service"},
		{name: "Q25: expired since, but read in time", mail: sign(expires), arrived: time.Minute, want: "pass"},
		{name: "Q25: expired on arrival", mail: sign(expires), arrived: 2 * time.Hour, want: "fail expired"},
		{name: "a key that is gone", mail: sign(selector("gone")), want: "fail key-gone"},
		{name: "a key that is gone, and a trusted server's word", mail: found("Authentication-Results: mx.example.com"+passed, sign(selector("gone"))),
			who: ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}, want: "pass authentication-results"},
		{name: "a key that is gone, and a stranger's word", mail: found("Authentication-Results: mx.stranger.test"+passed, sign(selector("gone"))),
			who: ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}, want: "fail key-gone"},
		{name: "a key that is gone, and Microsoft 365's word", mail: found("Authentication-Results: dkim=pass (signature was verified) header.d=sender.example;", sign(selector("gone"))),
			who: ingest.Vouching{Microsoft365: true}, want: "pass authentication-results"},
		{name: "a trusted server's word for mail of a stranger", mail: found("Authentication-Results: mx.example.com; dkim=pass header.d=stranger.test header.s=gone",
			sign(func(s *samples.Signature) { s.Domain, s.Selector = "stranger.test", "gone" })),
			who: ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}, want: "fail not-aligned"},
		{name: "a trusted server's word for a signature that is not there", mail: found("Authentication-Results: mx.example.com"+passed, newReport(1)),
			who: ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}, want: "none"},
		{name: "a forwarded mail's own fields are a stranger's", mail: forwarded(found("Authentication-Results: mx.example.com"+passed, sign(selector("gone")))),
			who: ingest.Vouching{AuthservIDs: []string{"mx.example.com"}}, want: "fail key-gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := dnstest.New(t)
			for name, tags := range map[string]string{"any": "", "tlsrpt": "s=tlsrpt;", "email": "s=email;", "other": "s=other;"} {
				server.SetTXT(name+"._domainkey."+signer, key.Record(tags))
				server.SetTXT(name+"._domainkey.stranger.test", key.Record(tags))
			}
			s := imaptest.Memory(t)
			s.Append(t, "INBOX", nil, sent.Add(tt.arrived), tt.mail)
			r := newRig(t, s, authenticate(keysFrom(server), tt.who))
			r.poll(ingest.Totals{Examined: 1, Recorded: 1})
			if got := r.authenticity(); got != tt.want {
				t.Errorf("authenticity %q, want %q", got, tt.want)
			}
		})
	}
}

// What DNS did not answer for is asked again, until it does.
func TestUnknownAuthenticityIsTriedAgainUntilDNSAnswers(t *testing.T) {
	t.Parallel()
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.Sign(newReport(1), samples.Signature{Domain: signer, Selector: "any", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	server := dnstest.New(t)
	server.Fail("any._domainkey."+signer, dns.RcodeServerFailure)
	s := imaptest.Memory(t)
	s.Append(t, "INBOX", nil, time.Now(), signed)
	r := newRig(t, s, authenticate(keysFrom(server), ingest.Vouching{}))
	r.poll(ingest.Totals{Examined: 1, Recorded: 1})
	if got := r.authenticity(); got != "unknown dns" {
		t.Fatalf("authenticity %q while DNS fails, want unknown", got)
	}
	if err := r.p.RetryUnknown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.authenticity(); got != "unknown dns" {
		t.Fatalf("authenticity %q while DNS still fails, want unknown", got)
	}

	server.SetTXT("any._domainkey."+signer, key.Record(""))
	// A new process, whose cache does not remember the failure.
	r.change(authenticate(keysFrom(server), ingest.Vouching{}))
	if err := r.p.RetryUnknown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.authenticity(); got != "pass" {
		t.Errorf("authenticity %q once DNS answers, want pass", got)
	}
	if left, err := r.db.UnknownMessages(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("still to be tried again: %d, %v", len(left), err)
	}
}
