// Package domaincheck looks at what a mail domain publishes and does about TLS,
// as a sender sees it: its TLS-RPT record (RFC 8460), its MTA-STS record and
// policy (RFC 8461), its MX and TLSA records (RFC 7672), and what its MX hosts
// answer on port 25.
//
// What is wrong becomes a [Finding] that says so in plain words, what to do, and
// under which result type of RFC 8460 a sender would report it. A domain where
// all is well has none.
//
// # Trust
//
// DNS, policies and mail servers are a stranger's. Everything is read within
// bounds and deadlines, no redirect is followed, and what gets into a finding is
// printable and short. For a domain that only reports name, no address is
// connected to that is not public: else any report could make this machine connect
// to its own network.
//
// # What it cannot tell
//
// That DNSSEC holds is the resolver's word. A port that is closed from here may
// be open to others.
package domaincheck

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"tlsbrief/internal/resolver"
	"tlsbrief/internal/tlsrpt"
)

// Options says whom to ask and what to look at.
type Options struct {
	DNS   *resolver.Resolver // required
	Roots *x509.CertPool     // whose certificates are good; nil: the system's
	Now   func() time.Time   // nil: time.Now

	// Dial connects to an address; nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	SMTPPort  int    // of MX hosts; 25 if 0
	HTTPSPort int    // of policy hosts; 443 if 0
	HELO      string // how to name oneself to MX hosts; "localhost" if empty
	NoProbe   bool   // leave the MX hosts alone

	Timeout     time.Duration // for one domain; 60 seconds if 0
	StepTimeout time.Duration // for one connection; 15 seconds if 0
	Concurrency int           // domains at once; 32 if 0

	// Ours lists the addresses that lead to a mailbox that is polled. Where it is
	// empty, and Unaddressed as well, nothing is said of who reads the reports.
	Ours []string

	// Unaddressed lists users whose mailboxes are polled and whose addresses are not
	// known. What leads to none of Ours may lead to theirs.
	Unaddressed []string

	// Answered, where set, is told the Date of the answer of each policy host whose
	// domain is not named by reports alone (RFC 9110, section 6.6.1); zero where it has
	// none.
	Answered func(host string, date time.Time)

	// Private lets addresses that are not public be connected to for every
	// domain, also those that only reports name.
	Private bool
}

// A Domain is one to look at.
type Domain struct {
	Name     string  // in lower case, as A-labels
	Reported bool    // nobody but reports names it: see Options.Private
	Before   *Seen   // at the last run; nil: there was none
	Reports  Reports // by reports
}

// Reports is what the reports of late tell of a domain's MTA-STS policy.
type Reports struct {
	// Ready says, in a sentence, for how long and over how much there was no
	// failure under a policy in testing mode; empty: for too short, or too few.
	Ready  string
	Failed int64 // sessions of the last week, by verified reports, whose mail an enforced policy holds back
}

// A Severity says how bad a finding is.
type Severity string

// The severities. Info asks for nothing to be done.
const (
	OK      Severity = "ok"
	Info    Severity = "info"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// A Finding is one thing that was seen. Its strings are printable.
type Finding struct {
	Check      string            `json:"check"` // "tlsrpt", "mta-sts", "mx", "dane" or "probe"
	Code       Code              `json:"code"`
	Severity   Severity          `json:"severity"`
	Message    string            `json:"message"`
	Fix        string            `json:"fix"`
	ResultType tlsrpt.ResultType `json:"result_type"` // what a sender reports it as; empty: nothing

	host string // the MX host it is about; empty: none
}

// A Result is what was found at one domain.
type Result struct {
	Domain   string    `json:"domain"`
	Verdict  Severity  `json:"verdict"` // ok, warning or error: the worst finding that asks for something
	Findings []Finding `json:"findings"`
	Servers  []Server  `json:"servers"` // what was probed, by host and address

	Seen     Seen     `json:"-"`
	Kept     Seen     `json:"-"` // Seen with what the run before knew of the rest: to be compared with the next
	Changes  []Change `json:"-"` // since Domain.Before
	unprobed bool     // the mail servers were left alone

	// Answered reports whether DNS gave any answer, be it that there is nothing. If
	// it did for no domain, the resolver is to blame and not the domains.
	Answered bool `json:"-"`
}

// A Checker looks at domains. It may be used by several goroutines.
type Checker struct {
	o       Options
	blocked blockade
}

// New returns a Checker. It does not touch the network.
func New(o Options) *Checker {
	o.Now = or(o.Now == nil, time.Now, o.Now)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	o.SMTPPort = or(o.SMTPPort == 0, 25, o.SMTPPort)
	o.HTTPSPort = or(o.HTTPSPort == 0, 443, o.HTTPSPort)
	o.HELO = or(o.HELO == "", "localhost", o.HELO)
	o.Timeout = or(o.Timeout <= 0, time.Minute, o.Timeout)
	o.StepTimeout = or(o.StepTimeout <= 0, 15*time.Second, o.StepTimeout)
	o.Concurrency = or(o.Concurrency <= 0, 32, o.Concurrency)
	return &Checker{o: o}
}

func or[T any](missing bool, instead, given T) T {
	if missing {
		return instead
	}
	return given
}

// CheckAll looks at domains, some at once, and calls done for each as soon as it
// is finished; never twice at once. Its results are in the order of domains. Where
// ctx ends, the rest is left out and the error is ctx's.
func (c *Checker) CheckAll(ctx context.Context, domains []Domain, done func(Result)) ([]Result, error) {
	results := make([]Result, len(domains))
	next := make(chan int)
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
	)
	for range min(c.o.Concurrency, len(domains)) {
		workers.Go(func() {
			for i := range next {
				r := c.Check(ctx, domains[i])
				mu.Lock()
				results[i] = r
				if done != nil {
					done(r)
				}
				mu.Unlock()
			}
		})
	}
	for i := range domains {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return results, ctx.Err()
}

// Check looks at one domain, for as long as Options.Timeout at most.
func (c *Checker) Check(ctx context.Context, d Domain) Result {
	limited, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	l := c.newRun(d)
	l.all(limited)
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		l.add(Timeout, "", fmt.Sprintf("The check of %s was not finished within %s: its name servers or its mail servers answer slowly or not at all.", d.Name, c.o.Timeout),
			"See which of them is slow (dig, openssl s_client), or allow more time.")
	}
	return l.result()
}
