package domaincheck

import (
	"fmt"
	"slices"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// A Confirmation is the answer to whether a reported failure is seen from here.
type Confirmation struct {
	State   ConfirmState
	Message string // whole sentences, printable
	Fix     string // what to do; may be empty
}

// A ConfirmState is what became of trying to confirm.
type ConfirmState string

// The states.
const (
	Confirmed   ConfirmState = "confirmed"   // seen from here as well
	OtherFault  ConfirmState = "other"       // something else is wrong there
	NotSeen     ConfirmState = "not-seen"    // looked at, and well
	Unconfirmed ConfirmState = "unconfirmed" // it could not be looked at from here
	NotProbed   ConfirmState = "not-probed"  // the same, because of Options.NoProbe
)

// Confirm reports whether the run saw what a sender reported of an MX host, which
// may be empty where reports name none.
func (r Result) Confirm(host string, reported tlsrpt.ResultType) Confirmation {
	host = hostname.Fold(host)
	about := func(f Finding) bool { return host == "" || f.host == "" || f.host == host }
	if f, ok := r.find(func(f Finding) bool { return f.ResultType == reported && about(f) }); ok {
		return Confirmation{Confirmed, f.Message, f.Fix}
	}
	if reported.Result().Owner == tlsrpt.PolicyOwner {
		return r.confirmPolicy()
	}
	if c, known := r.absent(host); known {
		return c
	}
	// Senders tell certificate faults apart in different ways, and few of them what
	// a general failure was.
	if f, ok := r.find(func(f Finding) bool { return f.ResultType != "" && f.host != "" && about(f) }); ok {
		if reported == tlsrpt.ValidationFailure {
			return Confirmation{Confirmed, f.Message, f.Fix}
		}
		return Confirmation{OtherFault, f.Message, f.Fix}
	}
	if reported == tlsrpt.DNSSECInvalid {
		return Confirmation{State: NotSeen, Message: "The resolver that was asked finds no fault in the DNSSEC signatures."}
	}
	return r.confirmHost(host)
}

// find returns the first finding that is meant.
func (r Result) find(meant func(Finding) bool) (Finding, bool) {
	i := slices.IndexFunc(r.Findings, meant)
	if i < 0 {
		return Finding{}, false
	}
	return r.Findings[i], true
}

// of returns the first finding of one of the codes, in their order.
func (r Result) of(codes ...Code) (Finding, bool) {
	for _, code := range codes {
		if f, ok := r.find(func(f Finding) bool { return f.Code == code }); ok {
			return f, true
		}
	}
	return Finding{}, false
}

// confirmPolicy is for what is reported of the MTA-STS policy.
func (r Result) confirmPolicy() Confirmation {
	if f, ok := r.find(func(f Finding) bool { return f.Check == "mta-sts" && f.ResultType != "" && f.host == "" }); ok {
		return Confirmation{OtherFault, f.Message, f.Fix}
	}
	if r.Seen.Policy != "" {
		return Confirmation{State: NotSeen, Message: "The policy was fetched and read without a fault."}
	}
	if f, ok := r.of(STSMissing, STSWrongName, STSSyntax, STSSeveral); ok {
		return Confirmation{OtherFault, f.Message, f.Fix}
	}
	return r.unconfirmed()
}

// absent answers for a host that was not looked at: its domain has no MX hosts
// that are known, or the host is none of them.
func (r Result) absent(host string) (c Confirmation, known bool) {
	switch {
	case r.Seen.Hosts == nil:
		return r.unconfirmed(), true
	case host != "" && !slices.Contains(r.Seen.Hosts, host):
		return Confirmation{State: NotSeen, Message: fmt.Sprintf("%s is no MX host of %s any more.", clean(host, maxWord), r.Domain)}, true
	}
	return Confirmation{}, false
}

// confirmHost is for a host at which nothing is wrong, if it was reached.
func (r Result) confirmHost(host string) Confirmation {
	reached, all := 0, 0
	for _, s := range r.Servers {
		if host == "" || s.Host == host {
			all++
			if s.TLSVersion != "" {
				reached++
			}
		}
	}
	trouble, _ := r.find(func(f Finding) bool {
		return (host == "" || f.host == host) && slices.Contains([]Code{ProbeUnreachable, ProbeSilent, ProbeRefused, MXNoAddress, MXPrivate}, f.Code)
	})
	switch {
	case reached > 0:
		return Confirmation{NotSeen, trouble.Message, trouble.Fix} // some of its addresses may not have been reached
	case trouble.Message != "":
		return Confirmation{Unconfirmed, trouble.Message, trouble.Fix}
	case all == 0 && r.unprobed:
		return Confirmation{State: NotProbed, Message: "The mail servers were not connected to."}
	}
	return r.unconfirmed()
}

// unconfirmed says why nothing could be found out.
func (r Result) unconfirmed() Confirmation {
	if f, ok := r.of(ProbeClosed, ProbeNoRoute, DNSFailed, NoSuchDomain, Timeout); ok {
		return Confirmation{Unconfirmed, f.Message, f.Fix}
	}
	return Confirmation{State: Unconfirmed, Message: "The look was not finished in time."}
}

// Silence says why no reports come, as far as the domain itself can be the reason.
func (r Result) Silence() Confirmation {
	if f, ok := r.of(NoSuchDomain, TLSRPTMissing, TLSRPTWrongName, TLSRPTSyntax, TLSRPTSeveral, TLSRPTNoMail, TLSRPTNotOurs, MXNull, NotMail); ok {
		return Confirmation{Confirmed, f.Message, f.Fix}
	}
	if r.Seen.Report == nil || *r.Seen.Report == "" {
		return r.unconfirmed()
	}
	if f, ok := r.of(TLSRPTUnknown); ok {
		return Confirmation{NotSeen, f.Message, f.Fix}
	}
	return Confirmation{State: NotSeen, Message: fmt.Sprintf("the TLS-RPT record of %s is %s.", r.Domain, quote(*r.Seen.Report))}
}
