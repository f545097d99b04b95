package digest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"tlsbrief/internal/report"
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

// said is what a digest says, counts and days aside.
type said map[topic]string

// says returns what the digest says. Of what nothing came for it says what was
// said before: a day without a report about a domain that gets little mail is no
// change, nor is a report that does not quote the policy.
func (j *judgement) says(was said) said {
	now := said{}
	for t, what := range was {
		if !t.Kind.passing() && t.Kind != aboutUnread {
			now[t] = what
		}
	}
	for _, d := range j.Domains {
		now.domain(d, j.Verdict != VerdictBlind)
	}
	now.silence(j)
	for _, s := range j.Stopped {
		now[newTopic(aboutStopped, s.key(), "")] = ""
	}
	for _, u := range j.Uncounted {
		name := cmp.Or(u.Signer, u.Organization)
		part := strings.Join([]string{string(u.Result), u.Reason, u.Organization}, " ")
		now[newTopic(aboutUncounted, name, part)] = ""
		if u.claimed.Failed > 0 {
			now[newTopic(aboutClaim, name, part)] = ""
		}
	}
	for _, u := range blind(j.Unread) {
		now[newTopic(aboutUnread, u.Mailbox, u.Name)] = ""
	}
	return now
}

// domain says what is to be said of one domain. Whether reports have stopped is
// known only where mailboxes could be read.
func (s said) domain(d *domainJudgement, read bool) {
	silence := newTopic(aboutSilence, d.Name, "")
	switch {
	case d.Stopped && read:
		s[silence] = ""
	case d.Reports > 0:
		delete(s, silence)
	}
	if d.Reports > 0 && d.Mode != "" {
		what := string(d.Mode)
		if d.Readiness != nil && d.Readiness.ready() {
			what += ", ready"
		}
		s[newTopic(aboutPolicy, d.Name, "")] = what
	}
	for _, t := range d.Types {
		findings := newTopic(aboutFindings, d.Name, report.ShortName(string(t.Type)))
		if sum := t.sum(); sum != "" {
			s[findings] = sum
		} else {
			delete(s, findings)
		}
	}
}

// quietDays is how long nothing at all has come when that is told of whatever was
// usual before.
const quietDays = 14

// silence says whether nothing has come for long, or nothing that counts.
func (s said) silence(j *judgement) {
	quiet, unverified := newTopic(aboutSilence, "", ""), newTopic(aboutUnverified, "", "")
	last := j.lastDay()
	switch {
	case last > 0 && int(j.reachable()-last) < quietDays:
		delete(s, quiet)
	case last > 0 && j.Verdict == VerdictSilent:
		s[quiet] = ""
	}
	switch {
	case len(j.Tally.reports) > 0:
		delete(s, unverified)
	case len(j.Tally.uncounted.reports) > 0:
		s[unverified] = ""
	}
}

// sum stands for the causes of a policy type, those that are accepted, and those
// that nobody reports any more who had seen them: they are not known to be mended.
// Empty where there are none.
func (t *typeJudgement) sum() string {
	var lines []string
	add := func(kind string, all []*finding) {
		for _, f := range all {
			lines = append(lines, strings.Join([]string{kind, string(f.Result), f.MX}, "\x00"))
		}
	}
	add("finding", t.Findings)
	add("finding", t.Unseen)
	add("accepted", t.Accepted)
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	h := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "\n")))
	return hex.EncodeToString(h[:8])
}

// began reports whether s says something of a topic of these kinds, of all where
// none is named, that was does not say of it.
func (s said) began(was said, kinds ...topicKind) bool {
	for t, what := range s {
		if before, known := was[t]; t.Kind.among(kinds) && (!known || before != what) {
			return true
		}
	}
	return false
}

// ended reports whether was says something of a topic of these kinds of which s says
// nothing any more.
func (s said) ended(was said, kinds ...topicKind) bool {
	for t := range was {
		if _, still := s[t]; !still && !t.Kind.passing() && t.Kind.among(kinds) {
			return true
		}
	}
	return false
}

// about leaves out domains that the digest is not about any more, so that what is
// remembered of it is bounded.
func (s said) about(domains []*domainJudgement) said {
	names := map[string]struct{}{"": {}}
	for _, d := range domains {
		names[d.Name] = struct{}{}
	}
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(t topic, _ string) bool {
		_, known := names[t.Name]
		return !known && t.Kind.ofDomain()
	})
	return out
}

// A saidLine is one topic as it is remembered.
type saidLine struct {
	topic
	Says string
}

// String returns s as it is remembered: JSON, in order.
func (s said) String() string {
	lines := make([]saidLine, 0, len(s))
	for t, what := range s {
		lines = append(lines, saidLine{t, what})
	}
	slices.SortFunc(lines, func(a, b saidLine) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Part, b.Part))
	})
	b, err := json.Marshal(lines)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// readSaid reads what String wrote. What cannot be read, or was never written, is
// nothing said: what the next run says of failures, silence or a change is then
// taken for news.
func readSaid(text string) said {
	var lines []saidLine
	out := said{}
	if json.Unmarshal([]byte(text), &lines) != nil {
		return out
	}
	for _, l := range lines {
		out[l.topic] = l.Says
	}
	return out
}
