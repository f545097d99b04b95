package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tlsbrief/internal/dkim"
)

// A slowDNS answers for genuine.example after some time, and treats all other
// names as a stranger's name servers do.
type slowDNS struct {
	answers time.Duration
	servers func(ctx context.Context) error
	asked   atomic.Int64 // for others' names
}

func (d *slowDNS) lookup(ctx context.Context, name string) ([]string, error) {
	if !strings.HasSuffix(name, "genuine.example") {
		d.asked.Add(1)
		return nil, d.servers(ctx)
	}
	select {
	case <-time.After(d.answers):
		return []string{"v=DKIM1; p="}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// silence is servers that give no answer, however often they are asked, whether
// over UDP, at the end of a chain of aliases or over TCP.
func silence(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// slowly fails or denies, after some time.
func slowly(after time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(after):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func keyOf(domain, selector string) wantedKey {
	return wantedKey{name: selector + "._domainkey." + domain, domain: domain}
}

func plainGuard(f func() error) error { return f() }

// M-E1: mails that name signers whose name servers do not answer, or slowly, in
// front of a genuine one: it has its key within the time of one group, in the same
// poll.
func TestAKeyIsFoundBehindManySlowDomains(t *testing.T) {
	t.Parallel()
	const group = 400 * maxLookups
	for _, tt := range []struct {
		name    string
		wanted  func(n int) wantedKey
		servers func(context.Context) error
		n       int
		asked   int64 // at most
	}{
		{"twelve selectors of one domain", func(n int) wantedKey { return keyOf("slow.example", fmt.Sprint(n)) }, silence, 12, 1},
		{"very many selectors of one domain", func(n int) wantedKey { return keyOf("slow.example", fmt.Sprint(n)) }, silence, group, 1},
		{"very many domains of one organization", func(n int) wantedKey { return keyOf(fmt.Sprintf("d%d.slow.example", n), "s") }, silence, group, group},
		{"very many organizations", func(n int) wantedKey { return keyOf(fmt.Sprintf("slow%d.example", n), "s") }, silence, group, group},
		{"SERVFAIL after seconds", func(n int) wantedKey { return keyOf(fmt.Sprintf("slow%d.example", n), "s") }, slowly(3*time.Second, errors.New("SERVFAIL")), 100, 100},
		{"SERVFAIL soon", func(n int) wantedKey { return keyOf("slow.example", fmt.Sprint(n)) }, slowly(200*time.Millisecond, errors.New("SERVFAIL")), group, 1},
		{"answers that take long, of few domains with many selectors", func(n int) wantedKey { return keyOf(fmt.Sprintf("slow%d.example", n%LookupsAtOnce), fmt.Sprint(n)) },
			slowly(700*time.Millisecond, dkim.ErrNoRecord), group, group},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dns := &slowDNS{answers: 300 * time.Millisecond, servers: tt.servers}
				k := newLookups(dns.lookup, lookupTime, plainGuard)
				var wanted []wantedKey
				for n := range tt.n {
					wanted = append(wanted, tt.wanted(n))
				}
				genuine := keyOf("genuine.example", "s")
				begun := time.Now()
				found := k.find(t.Context(), append(wanted, genuine))
				if d := time.Since(begun); d > lookupTime/lookupShare {
					t.Errorf("it took %s", d)
				}
				if a := found[genuine.name]; a.err != nil || len(a.records) != 1 {
					t.Errorf("the genuine key: %+v", a)
				}
				for _, w := range wanted {
					if a, ok := found[w.name]; !ok || a.err == nil {
						t.Fatalf("%s: %+v, want an error", w.name, a)
					}
				}
				if n := dns.asked.Load(); n > tt.asked {
					t.Errorf("%d of the others were asked for, want at most %d", n, tt.asked)
				}
			})
		})
	}
}

// M-E1, M-E3: however many groups of messages with silent signers come, all
// waiting together is bounded, and little of it goes to domains known as silent.
func TestTheTimeForKeysIsBoundedInAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &slowDNS{answers: 50 * time.Millisecond, servers: silence}
		k := newLookups(dns.lookup, lookupTime, plainGuard)
		begun := time.Now()
		late := 0
		for n := range 100 {
			var wanted []wantedKey
			for i := range LookupsAtOnce - 1 {
				wanted = append(wanted, keyOf(fmt.Sprintf("slow%d-%d.example", n, i), "s"))
			}
			// With a key of its own each time, as none would be cached.
			genuine := keyOf(fmt.Sprintf("d%d.genuine.example", n), "s")
			if a := k.find(t.Context(), append(wanted, genuine))[genuine.name]; a.err != nil {
				late++
			}
			if n < 10 && late > 0 {
				t.Errorf("the genuine key was not found in group %d, behind %d silent domains", n, n*LookupsAtOnce)
			}
		}
		if d := time.Since(begun); d > lookupTime {
			t.Errorf("it took %s in all, want at most %s", d, lookupTime)
		}
	})
}

func TestASilentDomainIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &slowDNS{servers: silence}
		k := newLookups(dns.lookup, lookupTime, plainGuard)
		k.find(t.Context(), []wantedKey{keyOf("slow.example", "a")})
		begun := time.Now()
		found := k.find(t.Context(), []wantedKey{keyOf("slow.example", "b"), keyOf("slow.example", "a")})
		if len(found) != 2 || !errors.Is(found["b._domainkey.slow.example"].err, errSilent) || time.Since(begun) != 0 || dns.asked.Load() != 1 {
			t.Errorf("%+v after %s, asked %d times; want nothing to be asked", found, time.Since(begun), dns.asked.Load())
		}
	})
}

// Of an organization's signing domains some may be customers', with name servers
// of their own: these do not silence one that has answered.
func TestSilentDomainsOfAnOrganization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		lookup := func(ctx context.Context, name string) ([]string, error) {
			asked[name]++
			if strings.Contains(name, "customer") {
				return nil, silence(ctx)
			}
			return []string{"v=DKIM1; p="}, nil
		}
		k := newLookups(lookup, lookupTime, plainGuard)
		own, other := keyOf("provider.example", "a"), keyOf("mail.provider.example", "a")
		k.find(t.Context(), []wantedKey{own})
		for n := range silentDomains + 2 {
			k.find(t.Context(), []wantedKey{keyOf(fmt.Sprintf("customer%d.provider.example", n), "s")})
		}
		if len(asked) != 1+silentDomains {
			t.Errorf("asked for %v, want %d customers", asked, silentDomains)
		}
		again := keyOf("provider.example", "b")
		found := k.find(t.Context(), []wantedKey{again, other})
		if a := found[again.name]; a.err != nil {
			t.Errorf("the domain that answered: %v", a.err)
		}
		if a := found[other.name]; !errors.Is(a.err, errSilent) {
			t.Errorf("another of the organization: %+v, want that it is not asked", a)
		}
	})
}

// A domain that had little time among many others is not taken to be silent.
func TestADomainWithLittleTimeIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &slowDNS{answers: 600 * time.Millisecond, servers: silence}
		k := newLookups(dns.lookup, lookupTime, plainGuard)
		genuine := keyOf("genuine.example", "s")
		wanted := []wantedKey{genuine}
		for n := range 10 * LookupsAtOnce {
			wanted = append(wanted, keyOf(fmt.Sprintf("slow%d.example", n), "s"))
		}
		if a := k.find(t.Context(), wanted)[genuine.name]; a.err == nil {
			t.Fatal("there was time enough: the test says nothing")
		}
		if a := k.find(t.Context(), wanted[:1])[genuine.name]; a.err != nil {
			t.Errorf("asked again: %v", a.err)
		}
	})
}

func TestAnswersAtOnceTakeNoTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dns := &slowDNS{}
		k := newLookups(dns.lookup, lookupTime, plainGuard)
		for range 50 {
			if a := k.find(t.Context(), []wantedKey{keyOf("genuine.example", "s")})["s._domainkey.genuine.example"]; a.err != nil {
				t.Fatal(a.err)
			}
		}
		if k.left != lookupTime || !k.plenty() {
			t.Errorf("%s is left of %s", k.left, lookupTime)
		}
	})
}

func TestAFaultWhileAKeyIsLookedUpIsAnError(t *testing.T) {
	t.Parallel()
	in := New(Options{})
	k := newLookups(func(context.Context, string) ([]string, error) { panic("index out of range") }, lookupTime, in.Recovered)
	w := keyOf("sender.example", "s")
	if a := k.find(t.Context(), []wantedKey{w})[w.name]; a.err == nil || !strings.Contains(a.err.Error(), "internal fault") {
		t.Errorf("%+v, want the fault", a)
	}
}
