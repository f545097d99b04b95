package report

import (
	"fmt"
	"slices"
	"time"
)

// A Copy is one message's version of a report: what it says, and who vouches for it.
type Copy struct {
	Content [32]byte // as (*tlsrpt.Report).Content returns it
	Auth    Authenticity

	ID, Organization, Contact string // as the report has them; empty in a recorded copy whose report is pruned

	// What is known of a recorded copy alone.
	ReportRow  int64
	RecordedAt time.Time
	From       string // the From field of the message that brought it
}

// Copy returns a report as a copy of itself, once it is Prepared.
func (r *Report) Copy() Copy {
	return Copy{Content: r.Prepared.Content, Auth: r.Auth, ID: r.ReportID, Organization: r.OrganizationName, Contact: r.ContactInfo}
}

// A VerdictKind says what becomes of a copy.
type VerdictKind string

// The kinds of verdicts.
const (
	VerdictNew       VerdictKind = "new"       // it is to be recorded
	VerdictDuplicate VerdictKind = "duplicate" // a recorded copy says the same, and is authenticated no worse
	VerdictUpgrade   VerdictKind = "upgrade"   // a recorded copy says the same, and its Authenticity changes
	VerdictConflict  VerdictKind = "conflict"  // a recorded copy of the same signer says something else
)

// A Verdict is what [Decide] says of a copy.
type Verdict struct {
	Kind     VerdictKind
	Known    int          // the index of the recorded copy that is meant; for all but VerdictNew
	Auth     Authenticity // for VerdictUpgrade: of the recorded copy from now on
	NewSeq   bool         // for VerdictUpgrade: its report begins to count, or is vouched for by another signer
	Conflict string       // for VerdictConflict: with what, in words
	Pending  bool         // its authenticity is unknown, and knowing it would change something
}

// Decide applies the rules of DESIGN 5 to one copy of a report. known are the
// recorded copies of the same identity, of which no two have one content or one signer:
//
//   - One with the same content is the same report, and the better of the two
//     authentications counts. Of two signers, the one that the report names as its own
//     counts: anybody can guess a report and send it first.
//   - One of the same signer with other content stands, and c is in conflict with it.
//   - Otherwise c is recorded.
func Decide(known []Copy, c Copy) Verdict {
	pending := c.Auth.Result == AuthUnknown
	for i, k := range known {
		if k.Content == c.Content {
			v := upgradeAuth(known, i, c.Auth)
			v.Pending = pending && !(k.Auth.Result == AuthPass && ownSigner(k.Auth.Domain, c))
			return v
		}
	}
	for i, k := range known {
		if k.Auth.Signer() == c.Auth.Signer() {
			return Verdict{Kind: VerdictConflict, Known: i, Conflict: conflict(k, c), Pending: pending}
		}
	}
	return Verdict{Kind: VerdictNew, Pending: pending}
}

// upgradeAuth decides whether a recorded copy takes the authentication of another one
// that says the same. If a third with other content has that signer, it cannot, and its
// reason says so.
func upgradeAuth(known []Copy, i int, a Authenticity) Verdict {
	k, v := known[i], Verdict{Kind: VerdictDuplicate, Known: i}
	taken := slices.ContainsFunc(known, func(other Copy) bool {
		return other.Content != k.Content && other.Auth.Signer() == a.Signer() && other.Auth.Signer() != k.Auth.Signer()
	})
	outranks := a.Result.rank() > k.Auth.Result.rank()
	switch {
	case !outranks && (taken || !supersedes(k, a)):
	case !taken:
		v.Kind, v.Auth = VerdictUpgrade, a
		v.NewSeq = a.Result == AuthPass || a.Result.Counts() != k.Auth.Result.Counts()
	case k.Auth.Result == AuthUnknown: // it is known now that it did not pass
		v.Kind, v.Auth = VerdictUpgrade, Authenticity{Result: AuthFail, Domain: a.Domain, Reason: ReasonConflict}
	default:
		v.Kind, v.Auth = VerdictUpgrade, Authenticity{Result: k.Auth.Result, Domain: k.Auth.Domain, Reason: ReasonConflict}
	}
	return v
}

// conflict says which recorded copy another one conflicts with.
func conflict(k, c Copy) string {
	from := k.Auth.Signer()
	if from == "" {
		from = k.From
	}
	if from == "" {
		from = "an unknown sender"
	}
	return fmt.Sprintf("report %q of %q conflicts with the one recorded %s from %s: the same identity, other content",
		shorten(c.ID), shorten(c.Organization), k.RecordedAt.UTC().Format("2006-01-02 15:04 MST"), shorten(from))
}

// shorten cuts a name that stands in a sentence.
func shorten(s string) string {
	const enough = 100
	if r := []rune(s); len(r) > enough {
		return string(r[:enough]) + "…"
	}
	return s
}
