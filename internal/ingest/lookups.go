package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"tlsbrief/internal/dkim"
	"tlsbrief/internal/hostname"
)

// Bounds of looking up the keys of signatures. Whoever can mail a report can name
// any domain as its signer, and have name servers there that do not answer.
const (
	lookupTime     = 15 * time.Second // a poll, where [Options].LookupTime does not say otherwise
	backfillLonger = 20               // how many times as long a backfill may take for it
	lookupShare    = 4                // one part in so many of the time that is left is for the messages in hand
	silentDomains  = 3                // signing domains of an organization that do not answer, before none of it is asked
)

// silentAfter is for how long a domain must have gone without an answer before it
// is taken to be silent. One that had less time, among many, is asked again.
const silentAfter = time.Second

// LookupsAtOnce is how many signing domains are asked for a key at a time: not
// more than the resolvers of small networks forward.
const LookupsAtOnce = 128

// errSilent stands for a key that was not asked for.
var errSilent = errors.New("the name servers of the domain did not answer before, in the same poll")

// A wantedKey is a key that a signature needs.
type wantedKey struct {
	name   string // in DNS
	domain string // d= of the signature
}

// A keyAnswer is what looking a key up gave: as a [dkim.Lookup] returns it.
type keyAnswer struct {
	records []string
	err     error
}

// Lookups look up the keys of signatures during one poll or backfill, side by
// side. The time that they wait for DNS is bounded in all, and each group of
// messages gets a part of what is left: so a key behind any number of silent
// domains is still asked for, and whoever answers at once is heard. A domain that
// did not answer is not asked again.
//
// They are for concurrent use: the mailboxes of a poll share the time.
type Lookups struct {
	lookup    dkim.Lookup
	recovered func(func() error) error // returns a panic as an error

	mu       sync.Mutex
	total    time.Duration
	left     time.Duration
	silent   map[string]bool // signing domains that did not answer
	answered map[string]bool // signing domains that did
	silentOf map[string]int  // silent signing domains, by organization
}

func newLookups(lookup dkim.Lookup, total time.Duration, recovered func(func() error) error) *Lookups {
	return &Lookups{
		lookup: lookup, recovered: recovered, total: total, left: total,
		silent: map[string]bool{}, answered: map[string]bool{}, silentOf: map[string]int{},
	}
}

// PollLookups returns the look-ups of one poll.
func (in *Ingester) PollLookups() *Lookups {
	return newLookups(in.o.Keys, in.o.LookupTime, in.Recovered)
}

// BackfillLookups returns the look-ups of one backfill, which may take longer.
func (in *Ingester) BackfillLookups() *Lookups {
	return newLookups(in.o.Keys, backfillLonger*in.o.LookupTime, in.Recovered)
}

// LogSilent logs which domains did not answer for their keys, in one line.
func (in *Ingester) LogSilent(ctx context.Context, k *Lookups) {
	if n, some := k.silentNames(); n > 0 && ctx.Err() == nil {
		in.o.Log.Warn("DNS did not answer for the keys of these signing domains: what they signed is tried again", "count", n, "sender", strings.Join(some, ", "))
	}
}

// find looks keys up, each once, and returns what came of each by its name. It
// returns in time, whatever the name servers do.
func (k *Lookups) find(ctx context.Context, wanted []wantedKey) map[string]keyAnswer {
	found := map[string]keyAnswer{}
	domains := k.toAsk(wanted, found)
	if len(domains) == 0 {
		return found
	}
	share := k.reserve()
	begun := time.Now()
	defer func() { k.giveBack(share - time.Since(begun)) }()
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()

	turns := (len(domains) + LookupsAtOnce - 1) / LookupsAtOnce
	each := share / time.Duration(turns) // so that every domain has its turn
	slots := make(chan struct{}, LookupsAtOnce)
	var group sync.WaitGroup
	var mu sync.Mutex
	for domain, names := range domains { // in an order that no sender chooses
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, each)
			defer cancel()
			for _, name := range names {
				a := k.ask(ctx, wantedKey{name, domain})
				mu.Lock()
				found[name] = a
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return found
}

// toAsk returns the names to look up by signing domain, whose keys are looked up
// one after another: if one gets no answer, the others need not be asked for. Keys
// of domains that are silent already go to found.
func (k *Lookups) toAsk(wanted []wantedKey, found map[string]keyAnswer) map[string][]string {
	domains := map[string][]string{}
	for _, w := range wanted {
		switch {
		case k.isSilent(w.domain):
			found[w.name] = keyAnswer{err: errSilent}
		case !slices.Contains(domains[w.domain], w.name):
			domains[w.domain] = append(domains[w.domain], w.name)
		}
	}
	return domains
}

// ask looks one key up.
func (k *Lookups) ask(ctx context.Context, w wantedKey) (a keyAnswer) {
	if k.isSilent(w.domain) {
		return keyAnswer{err: errSilent}
	}
	// Where no time is left, what is cached can still be had.
	begun := time.Now()
	err := k.recovered(func() error {
		a.records, a.err = k.lookup(ctx, w.name)
		return nil
	})
	if err != nil {
		return keyAnswer{err: err}
	}
	switch {
	case a.err == nil || errors.Is(a.err, dkim.ErrNoRecord):
		k.mu.Lock()
		k.answered[w.domain] = true
		k.mu.Unlock()
	case ctx.Err() == nil || time.Since(begun) >= min(silentAfter, k.total/16):
		k.noteSilent(w.domain)
	}
	return a
}

// isSilent reports whether a signing domain need not be asked. One that has
// answered is not silent for what others of its organization do: a provider's
// customers may have name servers of their own.
func (k *Lookups) isSilent(domain string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.silent[domain] || !k.answered[domain] && k.silentOf[hostname.Organizational(domain)] >= silentDomains
}

func (k *Lookups) noteSilent(domain string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.silent[domain] {
		k.silent[domain] = true
		k.silentOf[hostname.Organizational(domain)]++
	}
}

// reserve takes the share of one group of messages out of the time that is left.
func (k *Lookups) reserve() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	share := min(k.left, lookupTime) / lookupShare
	k.left -= share
	return share
}

// giveBack returns what a group did not need; a negative time if it took longer.
func (k *Lookups) giveBack(unused time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = max(k.left+unused, 0)
}

// plenty reports whether at least half of the time is left.
func (k *Lookups) plenty() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left >= k.total/2
}

// silentNames returns how many signing domains did not answer, and some of them.
func (k *Lookups) silentNames() (count int, some []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	const enough = 5
	names := slices.Sorted(maps.Keys(k.silent))
	if len(names) > enough {
		return len(names), append(names[:enough], fmt.Sprintf("and %d more", len(names)-enough))
	}
	return len(names), names
}
