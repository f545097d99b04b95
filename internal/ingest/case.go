package ingest

import (
	"tlsbrief/internal/dkim"
	"tlsbrief/internal/report"
)

// A Case is what the signatures of one message come to without their keys. It is
// small, can be stored, and takes neither the message nor the time of its arrival
// to be judged: the keys are all that is missing.
type Case struct {
	Signatures []CaseSignature `json:"signatures,omitempty"` // in the order of the header; at most dkim.DefaultMaxSignatures
}

// A CaseSignature is one signature of a Case. Either it is decided, or its key
// decides.
type CaseSignature struct {
	Decided *report.Authenticity `json:"decided,omitempty"`
	Open    *dkim.Open           `json:"open,omitempty"`
	Terms   terms                `json:"terms,omitzero"` // for Open
}

// decided is a case of which the outcome is known.
func decided(a report.Authenticity) Case { return Case{[]CaseSignature{{Decided: &a}}} }

// Judge returns the best of the signatures, given what a [dkim.Lookup] of a key's
// name returned, and the case without those that are decided by it. The Result is
// report.AuthUnknown where only another try can tell.
func (c Case) Judge(key keyFunc) (report.Authenticity, Case) {
	best := report.Authenticity{Result: report.AuthNone}
	left := Case{make([]CaseSignature, len(c.Signatures))}
	for i, s := range c.Signatures {
		left.Signatures[i] = s
		a := s.Decided
		if s.Open != nil {
			records, err := key(s.Open.KeyName())
			v := s.Open.Decide(records, err)
			one := s.Terms.judge(s.Open.Domain, v.Status, v.Reason, v.KeyServices)
			a = &one
		}
		if a == nil {
			continue // of a damaged row
		}
		if a.Result != report.AuthUnknown {
			left.Signatures[i] = CaseSignature{Decided: a}
		}
		if rank(*a) > rank(best) {
			best = *a
		}
	}
	return best, left
}

// keys returns the keys that the case needs.
func (c Case) keys() []wantedKey {
	var wanted []wantedKey
	for _, s := range c.Signatures {
		if s.Open != nil {
			wanted = append(wanted, wantedKey{name: s.Open.KeyName(), domain: s.Open.Domain})
		}
	}
	return wanted
}

// terms are what a signature is worth, by all but whether it holds.
type terms struct {
	Stranger   bool `json:"stranger,omitempty"`    // it is not of the organization that reports
	BodyLength bool `json:"body_length,omitempty"` // it has l=
	Vouched    bool `json:"vouched,omitempty"`     // a trusted server found on arrival that it holds
	Loose      bool `json:"loose,omitempty"`       // see report.ReasonStructureUnsigned
}

// terms returns those of a signature for which a trusted server vouches, or not.
func (c claim) terms(s dkim.Signature, vouched bool) terms {
	return terms{Stranger: !c.aligned(s), BodyLength: s.BodyLength, Vouched: vouched, Loose: !c.structureSigned(s)}
}

// judge says what a signature of a domain proves that holds, or not, as given.
func (t terms) judge(domain string, status dkim.Status, reason dkim.Reason, services []string) report.Authenticity {
	a := report.Authenticity{Result: report.AuthFail, Domain: domain, Reason: report.Reason(reason)}
	switch {
	case t.Stranger:
		a.Reason = report.ReasonNotAligned
		return a
	case t.BodyLength:
		a.Reason = report.ReasonLTag
		return a
	case status == dkim.Pass:
		a.Result, a.Reason = report.AuthPass, ""
		if forEmailOnly(services) {
			a.Reason = report.ReasonKeyForEmail
		}
	case spoilt(reason) && t.Vouched:
		a.Result, a.Reason = report.AuthPass, report.ReasonVouched
	case status == dkim.Unknown:
		a.Result = report.AuthUnknown
	}
	if a.Result != report.AuthFail && t.Loose {
		a.Result, a.Reason = report.AuthFail, report.ReasonStructureUnsigned
	}
	return a
}
