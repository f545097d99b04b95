package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/db"
)

// An OnlyWhen says which runs of a digest are sent.
type OnlyWhen string

// The ways to choose. A run that is not sent has still judged what it covers: the
// next one is about what came since, and the days before stand in its picture.
const (
	// OnlyAlways, and empty: every run.
	OnlyAlways OnlyWhen = "always"
	// OnlyFailures: where there is a verified failure, a mailbox cannot be read, a
	// message could not be read, or reports have stopped that used to come on most
	// days; and once more when that is over.
	OnlyFailures OnlyWhen = "failures"
	// OnlyChanges: where the digest says something else than the last one sent.
	OnlyChanges OnlyWhen = "changes"
)

// worthSending tells whether a run is sent. The first one of a digest always is,
// so that its reader knows that it works.
func (t *task) worthSending(j *judgement, last db.DigestState) bool {
	switch {
	case t.OnlyWhen != OnlyFailures && t.OnlyWhen != OnlyChanges, last.Verdict == "":
		return true
	case len(j.Rejected) > 0:
		return true // each is news of its own
	case t.OnlyWhen == OnlyChanges:
		return j.fingerprint() != last.Said
	}
	was := Verdict(last.Verdict)
	switch j.Verdict {
	case VerdictAction, VerdictAttention, VerdictBlind:
		return true
	case VerdictSilent:
		return was != VerdictSilent && j.missed()
	default:
		return was != VerdictClear || len(blind(j.Unread)) > 0
	}
}

// missed tells whether silence means something: reports used to come on most
// days, or they come and none can be believed, or something is not read.
func (j *judgement) missed() bool {
	return len(j.Tally.uncounted.reports) > 0 || len(j.Unread) > 0 || len(j.Stopped) > 0 ||
		slices.ContainsFunc(j.Domains, func(d *domainJudgement) bool { return d.Stopped })
}

// fingerprint stands for what a digest says, counts and days aside: the verdict,
// for each domain its verdict and the mode of its policy, the findings and what
// is accepted, who has stopped reporting, whose reports are not believed and why,
// and what cannot be read.
func (j *judgement) fingerprint() string {
	lines := []string{string(j.Verdict)}
	add := func(kind string, parts ...any) {
		lines = append(lines, kind+fmt.Sprintf(strings.Repeat(" %q", len(parts)), parts...))
	}
	for _, d := range j.Domains {
		add("domain", d.Name, string(d.Verdict), string(d.Mode), d.Readiness != nil && d.Readiness.ready())
		for _, t := range d.Types {
			for _, f := range t.Findings {
				add("finding", d.Name, string(f.Type), string(f.Result), f.MX)
			}
			for _, f := range t.Accepted {
				add("accepted", d.Name, string(f.Type), string(f.Result), f.MX)
			}
		}
	}
	for _, s := range j.Stopped {
		add("stopped", s.key())
	}
	for _, u := range j.Uncounted {
		add("uncounted", string(u.Result), u.Reason, u.Signer, u.Organization)
	}
	for _, u := range j.Unread {
		add("unread", u.Mailbox, u.Name, u.Blinds)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}
