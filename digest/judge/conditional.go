package judge

import (
	"tlsbrief/digest/facts"
)

// An OnlyWhen says which runs of a digest are sent.
type OnlyWhen string

// The ways to choose. A run that is not sent has judged what it covers, and the
// verdict of the next is about what came since, as ever: nobody wants to read in
// the morning of a failure that was over last week. What the runs that were not
// sent covered is summed up in the next mail (facts.Unsent).
const (
	// OnlyAlways, and empty: every run.
	OnlyAlways OnlyWhen = "always"
	// OnlyFailures: every run with a verified failure that is not accepted, or with
	// a mailbox or folder that cannot be read. Where it begins: reports on a domain
	// have stopped that used to come on most days; nothing has come for two weeks;
	// none of the reports can be verified; an unverified one claims a failure. And
	// once more when it is over.
	OnlyFailures OnlyWhen = "failures"
	// OnlyChanges: where the digest says something else than the last one did: for a
	// domain another mode, readiness, finding or acceptance, or one that is gone; all
	// that OnlyFailures sends for, where it begins and where it is over; and a sender
	// that has stopped or is not believed, where that begins.
	OnlyChanges OnlyWhen = "changes"
)

// Conditional reports whether there are runs that are not sent.
func (o OnlyWhen) Conditional() bool { return o == OnlyFailures || o == OnlyChanges }

// WorthSending reports whether a run is sent. last is the verdict of the last one
// that was, and was what it said. The first one of a digest always is, so that its
// reader knows that it works.
func (o OnlyWhen) WorthSending(j *Judgement, last Verdict, was, says facts.Statements) bool {
	switch {
	case !o.Conditional() || last == "":
		return true
	case o == OnlyChanges:
		return says.Began(was) || says.Ended(was)
	case j.Verdict == VerdictAction, j.Verdict == VerdictAttention, len(Blinding(j.Unread)) > 0:
		return true
	case j.Verdict == VerdictClear && last != VerdictClear:
		return true // it is over
	}
	return says.Began(was, facts.AboutSilence, facts.AboutUnverified, facts.AboutClaim) ||
		says.Ended(was, facts.AboutSilence, facts.AboutUnverified, facts.AboutUnread)
}
