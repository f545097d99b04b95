// Package resolver looks up DNS records for many callers at once: with one
// cache, a deadline on every step, a bound on how many queries are under way,
// and one query where several callers ask the same.
//
// It asks recursive resolvers (a configured one, or those of /etc/resolv.conf)
// and believes their answers: over UDP with EDNS0, and over TCP where an answer
// does not fit. What they say of DNSSEC (the AD bit) is handed on, not checked anew.
//
// # Trust
//
// Names come from strangers' mail and answers from strangers' name servers. A
// name that cannot be one is not asked for. An answer must carry the query's
// random ID and its question, comes to 64 KiB at most (which is as much as DNS can
// carry), and the cache is bounded in entries and in bytes.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// ErrNotFound is wrapped by the error for a name that does not exist or has no
// record of the type. Asking again soon will not help.
var ErrNotFound = errors.New("no such DNS record")

// ErrTemporary is wrapped by every other error: DNS did not answer, or answered
// that it failed. Asking again later may help.
var ErrTemporary = errors.New("DNS did not answer")

// ErrNoName is wrapped, as [ErrNotFound] is, where the name itself does not exist:
// it has no records of any type (NXDOMAIN).
var ErrNoName = fmt.Errorf("the name does not exist: %w", ErrNotFound)

// ErrServFail is wrapped, as [ErrTemporary] is, where the resolver answered that
// it failed: the domain's own servers do not answer it, or DNSSEC does not hold.
var ErrServFail = fmt.Errorf("SERVFAIL: %w", ErrTemporary)

// Options says whom to ask and how. The zero value is ready for use.
type Options struct {
	// Server is the resolver to ask, as host:port or host; port 53 if it has
	// none. Empty means those of /etc/resolv.conf, which is read once.
	Server string

	// Timeout is how long one server may take for one try; 5 seconds if 0. Each
	// server is tried twice.
	Timeout time.Duration

	// Parallel is how many queries may be under way at once; 8 if 0.
	Parallel int

	// Now is the clock by which the cache expires; time.Now if nil.
	Now func() time.Time
}

// Defaults of Options, and how often each server is tried.
const (
	defaultTimeout  = 5 * time.Second
	defaultParallel = 8
	tries           = 2
)

// A Resolver looks up DNS records. It may be used by several goroutines.
type Resolver struct {
	servers  func() []string
	first    atomic.Int32 // the index of the server that answered last, which is asked first
	timeout  time.Duration
	parallel chan struct{}
	inflight inflight
}

// New returns a Resolver. It does not touch the network.
func New(o Options) *Resolver {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Resolver{
		servers:  servers(o.Server, resolvConf),
		timeout:  o.Timeout,
		parallel: make(chan struct{}, o.Parallel),
	}
	r.inflight = inflight{cache: newCache(o.Now), lookups: make(map[question]*lookup), query: r.ask}
	return r
}

// TXT returns the TXT records of a name, the strings of each joined as RFC 7208,
// section 3.3, and RFC 6376, section 3.6.2.2, have it. Aliases are followed. The
// error wraps [ErrNotFound] or [ErrTemporary]; where ctx ended, its error too.
func (r *Resolver) TXT(ctx context.Context, name string) ([]string, error) {
	found, err := r.Texts(ctx, name)
	return found.List, err
}

// A question is what is asked for, with the name in lower case and with a dot at
// the end.
type question struct {
	name      string
	rrtype    uint16
	unchecked bool // the resolver is not to check signatures: RFC 4035, section 3.2.2
}

func (q question) String() string {
	return dns.TypeToString[q.rrtype] + " records of " + strings.TrimSuffix(q.name, ".")
}

// An answer is what was found: at least one record of the type asked for, behind
// all aliases.
type answer struct {
	records       []dns.RR
	authenticData bool // the resolver vouches for it with DNSSEC (RFC 4035, section 3.2.3)
	ttl           time.Duration
	size          int // of its message, in bytes
}

// exchange finds records, from the cache or by asking.
func (r *Resolver) exchange(ctx context.Context, name string, rrtype uint16) (answer, error) {
	return r.exchangeQuestion(ctx, question{name: strings.ToLower(dns.Fqdn(name)), rrtype: rrtype})
}

func (r *Resolver) exchangeQuestion(ctx context.Context, q question) (answer, error) {
	if !askable(q.name) {
		return answer{}, fmt.Errorf("%.100q cannot be a name in DNS: %w", strings.TrimSuffix(q.name, "."), ErrNotFound)
	}
	a, err := r.inflight.do(ctx, q)
	if err != nil {
		return answer{}, fmt.Errorf("looking up the %s: %w", q, err)
	}
	return a, nil
}

// notUnderstood is the error for records that are all beyond reading.
func notUnderstood(name string) error {
	return fmt.Errorf("looking up %.100q: its records cannot be read: %w", name, ErrNotFound)
}

// askable reports whether a name with a dot at the end can be put into a query as
// it is: labels of 1 to 63 plain bytes, 255 in all.
func askable(name string) bool {
	if len(name) > 254 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || strings.IndexByte(`\"();@$`, c) >= 0 {
			return false
		}
	}
	return true
}

// unescape turns the text form of a string, in which package dns hands it out,
// into its bytes (RFC 1035, section 5.1).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if i+2 < len(s) && digit(s[i]) && digit(s[i+1]) && digit(s[i+2]) {
			b = append(b, (s[i]-'0')*100+(s[i+1]-'0')*10+(s[i+2]-'0'))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
