package poller

import (
	"context"
	"strings"
	"time"

	"tlsbrief/db"
	"tlsbrief/dkim"
	"tlsbrief/tlsrpt"
)

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
// lookup.
func DKIM(lookup dkim.Lookup) Authenticator {
	return func(ctx context.Context, message []byte, env tlsrpt.Envelope, at time.Time) db.Authenticity {
		if at.IsZero() {
			at = env.Date
		}
		return judge(dkim.Verify(ctx, message, at, lookup, dkim.Options{}), env)
	}
}

// judge takes the best of a message's signatures.
func judge(signatures []dkim.Signature, env tlsrpt.Envelope) db.Authenticity {
	best := db.Authenticity{Result: db.AuthNone}
	for _, s := range signatures {
		if a := judgeOne(s, env); rank(a) > rank(best) {
			best = a
		}
	}
	return best
}

func judgeOne(s dkim.Signature, env tlsrpt.Envelope) db.Authenticity {
	a := db.Authenticity{Result: db.AuthFail, Domain: s.Domain, Reason: string(s.Reason)}
	switch {
	case !aligned(s.Domain, env):
		a.Reason = ReasonNotAligned
	case s.BodyLength:
		a.Reason = ReasonLTag
	case s.Status == dkim.Pass:
		a.Result, a.Reason = db.AuthPass, ""
	case s.Status == dkim.Unknown:
		a.Result = db.AuthUnknown
	}
	return a
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
