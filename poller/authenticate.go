package poller

import (
	"context"
	"strings"
	"time"

	"tlsbrief/db"
	"tlsbrief/dkim"
	"tlsbrief/poller/authres"
	"tlsbrief/tlsrpt"
)

// Vouching names the servers whose Authentication-Results field (RFC 8601) may
// stand in for a signature that was valid on arrival and is no more: its key has
// gone from DNS, or the mail system behind that server changed the message.
type Vouching struct {
	AuthservIDs  []string // RFC 8601, section 2.5
	Microsoft365 bool     // the mailbox is at Microsoft 365, which writes the field without its name
}

// ReasonVouched stands with a pass that does not come from the signature itself:
// a trusted server found it valid when the mail arrived.
const ReasonVouched = "authentication-results"

// Reasons for which a valid signature does not make a report authentic.
const (
	// ReasonNotAligned: the signing domain is neither the From domain's
	// organization nor the submitter's. RFC 8460, section 3, wants the signature
	// of the reporting domain.
	ReasonNotAligned = "not-aligned"
	// ReasonLTag: the signature covers only the beginning of the body.
	// RFC 8460, section 3: such signatures must not be used (R2).
	ReasonLTag = "l-tag"
)

// DKIM returns an Authenticator that asks for a DKIM signature of the reporting
// domain, valid at the time of arrival (RFC 8460, section 3). Keys come from
// lookup. Where a signature is spoilt, who tells whose word counts instead.
func DKIM(lookup dkim.Lookup, who Vouching) Authenticator {
	return func(ctx context.Context, f tlsrpt.Found, at time.Time) db.Authenticity {
		if at.IsZero() {
			at = f.Envelope.Date
		}
		return judge(dkim.Verify(ctx, f.Message, at, lookup, dkim.Options{}), f.Envelope, who.of(f))
	}
}

// of returns what a trusted server says of the signatures of a mail. It has seen
// the mail that arrived, not one forwarded inside it, whose fields a stranger
// may have written.
func (v Vouching) of(f tlsrpt.Found) authres.Results {
	if f.Forwarded || len(v.AuthservIDs) == 0 && !v.Microsoft365 {
		return authres.Results{}
	}
	results, ok := authres.Trusted(f.Message, v.AuthservIDs, v.Microsoft365)
	if !ok {
		return authres.Results{}
	}
	return results
}

// judge takes the best of a message's signatures.
func judge(signatures []dkim.Signature, env tlsrpt.Envelope, vouched authres.Results) db.Authenticity {
	best := db.Authenticity{Result: db.AuthNone}
	for _, s := range signatures {
		if a := judgeOne(s, env, vouched); rank(a) > rank(best) {
			best = a
		}
	}
	return best
}

func judgeOne(s dkim.Signature, env tlsrpt.Envelope, vouched authres.Results) db.Authenticity {
	a := db.Authenticity{Result: db.AuthFail, Domain: s.Domain, Reason: string(s.Reason)}
	switch {
	case !aligned(s.Domain, env):
		a.Reason = ReasonNotAligned
	case s.BodyLength:
		a.Reason = ReasonLTag
	case s.Status == dkim.Pass:
		a.Result, a.Reason = db.AuthPass, ""
	case spoilt(s.Reason) && vouched.Passed(s.Domain, s.Selector):
		a.Result, a.Reason = db.AuthPass, ReasonVouched
	case s.Status == dkim.Unknown:
		a.Result = db.AuthUnknown
	}
	return a
}

// spoilt tells whether a signature that fails so can have been valid on arrival.
func spoilt(r dkim.Reason) bool {
	switch r {
	case dkim.ReasonKeyGone, dkim.ReasonKeyRevoked, dkim.ReasonBodyHash, dkim.ReasonBadSignature:
		return true
	}
	return false
}

// rank orders outcomes: what passed, what may pass yet, what may have passed
// once, then the failure of the reporter's own signature before that of a
// stranger's.
func rank(a db.Authenticity) int {
	switch {
	case a.Result == db.AuthPass:
		return 5
	case a.Result == db.AuthUnknown:
		return 4
	case a.Result == db.AuthFail && a.Reason == string(dkim.ReasonKeyGone):
		return 3
	case a.Result == db.AuthFail && a.Reason != ReasonNotAligned:
		return 2
	case a.Result == db.AuthFail:
		return 1
	}
	return 0
}

// aligned tells whether the signing domain is of the organization that the mail
// is from, or of the submitter's (R4: real senders differ in which; Q8).
func aligned(signer string, env tlsrpt.Envelope) bool {
	org := dkim.OrganizationalDomain(signer)
	return org != "" && (org == dkim.OrganizationalDomain(env.FromDomain) ||
		org == dkim.OrganizationalDomain(strings.ToLower(env.Submitter)))
}
