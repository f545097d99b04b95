package facts

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// A TopicKind says what a topic is about.
type TopicKind string

const (
	AboutPolicy     TopicKind = "policy"     // the mode of a domain's MTA-STS policy, and whether it is ready for enforce
	AboutFindings   TopicKind = "findings"   // what fails for a domain under a policy type, and what is accepted
	AboutSilence    TopicKind = "silence"    // reports on a domain have stopped; without a name: on every domain
	AboutUnread     TopicKind = "unread"     // a mailbox or a folder cannot be read
	AboutUnverified TopicKind = "unverified" // none of the reports that came counts
	AboutStopped    TopicKind = "stopped"    // a sender reports no more
	AboutUncounted  TopicKind = "uncounted"  // reports of a sender are not believed, and why
	AboutClaim      TopicKind = "claim"      // and they claim failures
)

// Passing reports whether it is news that something is said of such a topic, and
// none that nothing is any more: a sender who is not believed may send nothing
// today, and one that has stopped is told of for two weeks only.
func (k TopicKind) Passing() bool {
	return k == AboutStopped || k == AboutUncounted || k == AboutClaim
}

// ofDomain reports whether the name of such a topic is a domain.
func (k TopicKind) ofDomain() bool {
	return k == AboutPolicy || k == AboutFindings || k == AboutSilence
}

func (k TopicKind) among(kinds []TopicKind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }

// A Topic is something that a digest says one thing or another of. Name is a
// domain, a mailbox or a sender; Part tells several topics of a name apart.
type Topic struct {
	Kind       TopicKind
	Name, Part string
}

// NewTopic returns a topic whose names can be remembered: what is no UTF-8 would
// come back as something else.
func NewTopic(kind TopicKind, name string, parts ...string) Topic {
	return Topic{kind, strings.ToValidUTF8(name, "\ufffd"), strings.ToValidUTF8(strings.Join(parts, " "), "\ufffd")}
}

// PolicyStatement is what is said of a policy.
func PolicyStatement(mode tlsrpt.Mode, ready bool) string {
	if ready {
		return string(mode) + ", ready"
	}
	return string(mode)
}

// Statements is what a digest says, counts and days aside.
type Statements map[Topic]string

// Began reports whether s says something of a topic of these kinds, of all where
// none is named, that was does not say of it.
func (s Statements) Began(was Statements, kinds ...TopicKind) bool {
	for t, what := range s {
		if before, known := was[t]; t.Kind.among(kinds) && (!known || before != what) {
			return true
		}
	}
	return false
}

// Ended reports whether was says something of a topic of these kinds of which s says
// nothing any more.
func (s Statements) Ended(was Statements, kinds ...TopicKind) bool {
	for t := range was {
		if _, still := s[t]; !still && !t.Kind.Passing() && t.Kind.among(kinds) {
			return true
		}
	}
	return false
}

// About leaves out domains that the digest is not about any more, so that what is
// remembered of it is bounded.
func (s Statements) About(domains []string) Statements {
	names := map[string]struct{}{"": {}}
	for _, d := range domains {
		names[d] = struct{}{}
	}
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(t Topic, _ string) bool {
		_, known := names[t.Name]
		return !known && t.Kind.ofDomain()
	})
	return out
}

// A statementLine is one topic as it is remembered.
type statementLine struct {
	Topic
	Says string
}

// String returns s as it is remembered: JSON, in order.
func (s Statements) String() string {
	lines := make([]statementLine, 0, len(s))
	for t, what := range s {
		lines = append(lines, statementLine{t, what})
	}
	slices.SortFunc(lines, func(a, b statementLine) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Part, b.Part))
	})
	b, err := json.Marshal(lines)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// ReadStatements reads what String wrote. What cannot be read, or was never written, is
// nothing said: what the next run says of failures, silence or a change is then
// taken for news.
func ReadStatements(text string) Statements {
	var lines []statementLine
	out := Statements{}
	if json.Unmarshal([]byte(text), &lines) != nil {
		return out
	}
	for _, l := range lines {
		out[l.Topic] = l.Says
	}
	return out
}
