package digest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A topicKind says what a topic is about.
type topicKind string

const (
	aboutPolicy     topicKind = "policy"     // the mode of a domain's MTA-STS policy, and whether it is ready for enforce
	aboutFindings   topicKind = "findings"   // what fails for a domain under a policy type, and what is accepted
	aboutSilence    topicKind = "silence"    // reports on a domain have stopped; without a name: on every domain
	aboutUnread     topicKind = "unread"     // a mailbox or a folder cannot be read
	aboutUnverified topicKind = "unverified" // none of the reports that came counts
	aboutStopped    topicKind = "stopped"    // a sender reports no more
	aboutUncounted  topicKind = "uncounted"  // reports of a sender are not believed, and why
	aboutClaim      topicKind = "claim"      // and they claim failures
)

// passing reports whether it is news that something is said of such a topic, and
// none that nothing is any more: a sender who is not believed may send nothing
// today, and one that has stopped is told of for two weeks only.
func (k topicKind) passing() bool {
	return k == aboutStopped || k == aboutUncounted || k == aboutClaim
}

// ofDomain reports whether the name of such a topic is a domain.
func (k topicKind) ofDomain() bool {
	return k == aboutPolicy || k == aboutFindings || k == aboutSilence
}

func (k topicKind) among(kinds []topicKind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }

// A topic is something that a digest says one thing or another of. Name is a
// domain, a mailbox or a sender; Part tells several topics of a name apart.
type topic struct {
	Kind       topicKind
	Name, Part string
}

// newTopic returns a topic whose names can be remembered: what is no UTF-8 would
// come back as something else.
func newTopic(kind topicKind, name, part string) topic {
	return topic{kind, strings.ToValidUTF8(name, "\ufffd"), strings.ToValidUTF8(part, "\ufffd")}
}

// Statements is what a digest says, counts and days aside.
type Statements map[topic]string

// began reports whether s says something of a topic of these kinds, of all where
// none is named, that was does not say of it.
func (s Statements) began(was Statements, kinds ...topicKind) bool {
	for t, what := range s {
		if before, known := was[t]; t.Kind.among(kinds) && (!known || before != what) {
			return true
		}
	}
	return false
}

// ended reports whether was says something of a topic of these kinds of which s says
// nothing any more.
func (s Statements) ended(was Statements, kinds ...topicKind) bool {
	for t := range was {
		if _, still := s[t]; !still && !t.Kind.passing() && t.Kind.among(kinds) {
			return true
		}
	}
	return false
}

// about leaves out domains that the digest is not about any more, so that what is
// remembered of it is bounded.
func (s Statements) about(domains []string) Statements {
	names := map[string]struct{}{"": {}}
	for _, d := range domains {
		names[d] = struct{}{}
	}
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(t topic, _ string) bool {
		_, known := names[t.Name]
		return !known && t.Kind.ofDomain()
	})
	return out
}

// A statementLine is one topic as it is remembered.
type statementLine struct {
	topic
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
		out[l.topic] = l.Says
	}
	return out
}
