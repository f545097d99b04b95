package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/report"
)

// A store keeps copies in memory, as the database does in its file.
type store []report.Copy

// deliver applies Decide's verdict on a copy.
func (s *store) deliver(c report.Copy) report.Verdict {
	v := report.Decide(*s, c)
	switch v.Kind {
	case report.VerdictNew:
		*s = append(*s, c)
	case report.VerdictUpgrade:
		(*s)[v.Known].Auth = v.Auth
	}
	return v
}

// find returns the recorded copy with a content.
func (s store) find(content byte) (report.Copy, bool) {
	i := slices.IndexFunc(s, func(c report.Copy) bool { return c.Content[0] == content })
	if i < 0 {
		return report.Copy{}, false
	}
	return s[i], true
}

// own is the signer that the copies of these tests name as their sender's.
const own = "sender.example"

// copyOf returns a copy of a report that names own as its sender.
func copyOf(content byte, a report.Authenticity) report.Copy {
	return report.Copy{Content: [32]byte{content}, Auth: a, Contact: "mailto:tls@" + own, Organization: "Sender Inc."}
}

// everyAuth lists each authentication that matters.
var everyAuth = []report.Authenticity{
	{Result: report.AuthUnknown},
	{Result: report.AuthNone},
	{Result: report.AuthFail, Domain: own, Reason: "l-tag"},
	{Result: report.AuthUnchecked},
	{Result: report.AuthPass, Domain: "forger.example"},
	{Result: report.AuthPass, Domain: "other.example"},
	{Result: report.AuthPass, Domain: "mail." + own},
	{Result: report.AuthPass, Domain: own},
}

// worth returns how good an authentication is: any signer is as good as another, but for
// the report's own.
func worth(a report.Authenticity) int {
	order := []report.AuthResult{report.AuthUnknown, report.AuthNone, report.AuthFail, report.AuthUnchecked, report.AuthPass}
	w := slices.Index(order, a.Result)
	if a.Result == report.AuthPass && strings.HasSuffix(a.Domain, own) {
		w++
	}
	return w
}

// permutations calls f with every order of a list.
func permutations(list []report.Copy, f func([]report.Copy)) {
	var permute func(int)
	permute = func(k int) {
		if k == len(list) {
			f(list)
			return
		}
		for i := k; i < len(list); i++ {
			list[k], list[i] = list[i], list[k]
			permute(k + 1)
			list[k], list[i] = list[i], list[k]
		}
	}
	permute(0)
}

// TestOrderOfArrivalChangesNoResult: of copies with one content, the best authentication
// counts, whichever comes first.
func TestOrderOfArrivalChangesNoResult(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 0))
	for range 200 {
		var copies []report.Copy
		best := 0
		for range 1 + rng.IntN(5) {
			a := everyAuth[rng.IntN(len(everyAuth))]
			copies, best = append(copies, copyOf(1, a)), max(best, worth(a))
		}
		permutations(copies, func(order []report.Copy) {
			var s store
			for _, c := range order {
				s.deliver(c)
			}
			if len(s) != 1 || worth(s[0].Auth) != best {
				t.Fatalf("of %+v, %+v is recorded", order, s)
			}
		})
	}
}

// TestABetterCopyNeverLoses: whatever came before, a copy that is authenticated better
// than the recorded one with its content takes that one's place, unless its signer stands
// for other content; and no copy makes a recorded one worse.
func TestABetterCopyNeverLoses(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 0))
	for range 2000 {
		var s store
		for range 12 {
			c := copyOf(byte(rng.IntN(4)), everyAuth[rng.IntN(len(everyAuth))])
			before := slices.Clone(s)
			taken := slices.ContainsFunc(before, func(k report.Copy) bool { return k.Content != c.Content && k.Auth.Signer() == c.Auth.Signer() })
			v := s.deliver(c)
			is, recorded := s.find(c.Content[0])
			switch was, known := store(before).find(c.Content[0]); {
			case known && !taken && worth(c.Auth) > worth(was.Auth) && is.Auth != c.Auth:
				t.Fatalf("%+v lost to %+v: %+v", c, was, v)
			case !known && recorded == taken:
				t.Fatalf("%+v among %+v: %+v", c, before, v)
			}
			for _, k := range before {
				now, ok := s.find(k.Content[0])
				if !ok || worth(now.Auth) < worth(k.Auth) {
					t.Fatalf("%+v made %+v into %+v", c, k, now)
				}
			}
			checkStore(t, s)
		}
	}
}

// checkStore fails the test if two recorded copies have one content or one signer.
func checkStore(t *testing.T, s store) {
	t.Helper()
	contents, signers := map[[32]byte]bool{}, map[string]bool{}
	for _, c := range s {
		if contents[c.Content] || signers[c.Auth.Signer()] {
			t.Fatalf("recorded side by side: %+v", s)
		}
		contents[c.Content], signers[c.Auth.Signer()] = true, true
	}
}

// TestWhatTheSenderSignedCounts: if its own signer vouches for one content alone, that
// content counts in the end, whatever else is sent and in which order.
func TestWhatTheSenderSignedCounts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 0))
	for range 500 {
		copies := []report.Copy{copyOf(0, report.Authenticity{Result: report.AuthPass, Domain: own})}
		for range 10 {
			a := everyAuth[rng.IntN(len(everyAuth)-2)] // anything but by own signers
			copies = append(copies, copyOf(byte(rng.IntN(4)), a))
		}
		rng.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
		var s store
		for _, c := range copies {
			s.deliver(c)
		}
		if is, ok := s.find(0); !ok || is.Auth.Signer() != own {
			t.Fatalf("of %+v, %+v is recorded", copies, s)
		}
	}
}

// TestOnlyAPendingCopyIsWaitedFor: no answer changes anything for a copy of unknown
// authenticity that is not pending.
func TestOnlyAPendingCopyIsWaitedFor(t *testing.T) {
	t.Parallel()
	pending := 0
	for _, first := range everyAuth {
		for _, second := range everyAuth {
			var s store
			s.deliver(copyOf(1, first))
			s.deliver(copyOf(2, second))
			c := copyOf(1, report.Authenticity{Result: report.AuthUnknown})
			if report.Decide(s, c).Pending {
				pending++
				continue
			}
			for _, answer := range everyAuth {
				if v := report.Decide(s, copyOf(1, answer)); v.Kind != report.VerdictDuplicate {
					t.Errorf("%+v: an answer %+v would be of use: %+v", s, answer, v)
				}
			}
		}
	}
	if all := len(everyAuth) * len(everyAuth); pending == 0 || pending == all {
		t.Errorf("%d of %d copies are pending", pending, all)
	}
}

// TestAConflictSaysWithWhat: the signer of the recorded copy, or the From field of its
// message, names it.
func TestAConflictSaysWithWhat(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 9, 4, 5, 0, 0, time.UTC)
	for _, tt := range []struct {
		auth       report.Authenticity
		from, want string
	}{
		{report.Authenticity{Result: report.AuthPass, Domain: own}, "x", own},
		{report.Authenticity{Result: report.AuthNone}, "Sender <tls@sender.example>", "Sender <tls@sender.example>"},
		{report.Authenticity{Result: report.AuthNone}, "", "an unknown sender"},
	} {
		k, c := copyOf(1, tt.auth), copyOf(2, tt.auth)
		k.RecordedAt, k.From, c.ID = at, tt.from, strings.Repeat("ä", 101)
		v := report.Decide([]report.Copy{k}, c)
		want := fmt.Sprintf("report %q of %q conflicts with the one recorded 2026-03-09 04:05 UTC from %s: the same identity, other content",
			strings.Repeat("ä", 100)+"…", "Sender Inc.", tt.want)
		if v.Kind != report.VerdictConflict || v.Conflict != want {
			t.Errorf("Decide = %+v, want %s", v, want)
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	of := func(kinds ...report.VerdictKind) (verdicts []report.Verdict) {
		for _, k := range kinds {
			verdicts = append(verdicts, report.Verdict{Kind: k})
		}
		return verdicts
	}
	for _, tt := range []struct {
		verdicts []report.Verdict
		want     report.Outcome
	}{
		{nil, report.Rejected},
		{of(report.VerdictDuplicate, report.VerdictUpgrade), report.Duplicate},
		{of(report.VerdictConflict, report.VerdictDuplicate), report.Rejected},
		{of(report.VerdictConflict, report.VerdictNew), report.Recorded},
	} {
		if got := report.OutcomeOf(tt.verdicts); got != tt.want {
			t.Errorf("OutcomeOf(%+v) = %s, want %s", tt.verdicts, got, tt.want)
		}
	}
}
