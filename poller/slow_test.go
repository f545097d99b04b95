package poller_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
)

// M-E1: twelve mails signed under name servers that do not answer, in front of a
// genuine report, which is recorded and counts at the same poll.
func TestGenuineReportBehindMailOfSilentSigners(t *testing.T) {
	t.Parallel()
	const mails = 12
	for _, tt := range []struct {
		name   string
		signer func(n int) (domain, selector string)
		spoil  func(s *dnstest.Server, name string)
		asked  int // names of these, at most
	}{
		{"other selectors", func(n int) (string, string) { return "slow.example", fmt.Sprint("s", n) }, (*dnstest.Server).Drop, 1},
		{"other subdomains", func(n int) (string, string) { return fmt.Sprintf("d%d.slow.example", n), "s" }, (*dnstest.Server).Drop, mails},
		{"other domains", func(n int) (string, string) { return fmt.Sprintf("slow%d.example", n), "s" }, (*dnstest.Server).Drop, mails},
		{"TCP that hangs", func(n int) (string, string) { return "slow.example", fmt.Sprint("s", n) },
			func(s *dnstest.Server, name string) {
				s.SetTXT(name, "v=DKIM1; p=")
				s.Truncate(name)
				t.Cleanup(s.Hold(name))
			}, 1},
		{"SERVFAIL", func(n int) (string, string) { return "slow.example", fmt.Sprint("s", n) },
			func(s *dnstest.Server, name string) { s.Fail(name, dns.RcodeServerFailure) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := dnstest.New(t)
			keys := newSwitchedKeys(t)
			server.SetTXT("s._domainkey."+signer, keys.key.Record(""))
			s := imaptest.Memory(t)
			var slow []string
			want := []string{id(mails) + " pass"}
			for n := range mails {
				domain, selector := tt.signer(n)
				name := selector + "._domainkey." + domain
				tt.spoil(server, name)
				slow = append(slow, name)
				deliver(t, s, "INBOX", keys.signAs(domain, selector, bytes.ReplaceAll(newReport(n), []byte(signer), []byte(domain))))
				want = append(want, id(n)+" unknown")
			}
			deliver(t, s, "INBOX", keys.sign(newReport(mails)))
			r := newRig(t, s, authenticate(keysFrom(server), ingest.Vouching{}), lookupTime(4*time.Second))
			r.poll(ingest.Totals{Examined: mails + 1, Recorded: mails + 1})
			r.want(want...)
			asked := 0
			for _, name := range slow {
				asked += min(server.Queries(name), 1)
			}
			if asked > tt.asked {
				t.Errorf("%d of the keys were asked for, want at most %d", asked, tt.asked)
			}
			// M-E3: the next poll has the new mail first.
			deliver(t, s, "INBOX", keys.sign(newReport(mails+1)))
			r.poll(ingest.Totals{Examined: 1, Recorded: 1})
			r.retryUnknown()
			r.want(append(want, id(mails+1)+" pass")...)
		})
	}
}
