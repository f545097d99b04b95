package tlsrpt

// A Fate is what became of mail, as far as a report tells: the table of
// policy, mode and result on which a digest's verdict hangs.
type Fate int

// The fates, each with the policy and the results that lead to it.
const (
	// Uncertain: the policy type and the result type do not belong together, or
	// one of them is not known.
	Uncertain Fate = iota

	// Delivered: MTA-STS in mode none, or in a mode that the report does not
	// show, and the server failed the check.
	Delivered

	// DeliveredInTesting: the same in mode testing. Under enforce it would have
	// been held.
	DeliveredInTesting

	// Held: MTA-STS in mode enforce. Not delivered to that server: to another
	// one, at a later try, or bounced if it lasts (RFC 8461, section 5).
	Held

	// Unprotected: the sender got no fresh MTA-STS policy. A cached one goes on
	// applying, otherwise mail went out as if there were none (RFC 8461, section
	// 3.3).
	Unprotected

	// ProbablyHeld: DANE. With usable TLSA records there is no falling back (RFC
	// 7672, section 2.2).
	ProbablyHeld

	// HeldUntilValid: DANE, and the look-up did not validate (RFC 7672, section
	// 2.1).
	HeldUntilValid

	// HeldByOne: held by the one sender that insists on DANE.
	HeldByOne

	// Unencrypted: no policy and no STARTTLS. Delivered in the clear, or not at
	// all by senders that insist on TLS.
	Unencrypted

	// Unproven: no policy and another failure. Probably delivered, encrypted, but
	// to a server that proved nothing.
	Unproven
)

// A Weight says how much a fate weighs in the verdict.
type Weight int

// The weights. Nothing in a failure weighs less than Attention.
const (
	Attention Weight = iota // something failed, mail went through as far as is known
	Action                  // mail was held, delayed or bounced
)

// String returns the weight as a word.
func (w Weight) String() string {
	if w == Action {
		return "action"
	}
	return "attention"
}

// Weight returns how much the fate weighs.
func (f Fate) Weight() Weight {
	switch f {
	case Held, ProbablyHeld, HeldUntilValid:
		return Action
	}
	return Attention
}

// String returns the fate as a word or two.
func (f Fate) String() string {
	switch f {
	case Delivered:
		return "delivered"
	case DeliveredInTesting:
		return "delivered in testing"
	case Held:
		return "held"
	case Unprotected:
		return "unprotected"
	case ProbablyHeld:
		return "probably held"
	case HeldUntilValid:
		return "held until valid"
	case HeldByOne:
		return "held by one"
	case Unencrypted:
		return "unencrypted"
	case Unproven:
		return "unproven"
	}
	return "uncertain"
}

// Sentence says in plain words what became of the mail. It reads well after a
// sentence that names the policy and its mode.
func (f Fate) Sentence() string {
	switch f {
	case Delivered:
		return "The mail was delivered, as far as the report tells."
	case DeliveredInTesting:
		return "The mail was delivered; in enforce mode it would have been held back."
	case Held:
		return "The mail was not delivered to this server: it may have been delayed or bounced."
	case Unprotected:
		return "The mail went through, but these senders had no fresh copy of your policy: those with an older copy go on using it, the others delivered as if there were none."
	case ProbablyHeld:
		return "The mail was probably held back, and bounced if this lasted: with DANE a sender does not fall back to an unproven connection."
	case HeldUntilValid:
		return "The mail is held back until the look-up in DNS validates again, and bounces if that takes too long."
	case HeldByOne:
		return "The mail was held back by this sender alone, who insists on DANE."
	case Unencrypted:
		return "The mail was delivered unencrypted, or not at all by senders that insist on encryption."
	case Unproven:
		return "The mail was probably delivered, encrypted, but to a server that did not prove who it is."
	}
	return "What became of the mail, the report does not tell."
}

// SentenceFor is [Fate.Sentence] for failures with this result at so many mail
// servers; 0 where the report names none. An empty result stands for failures
// that the report counts and does not explain: they may have been any.
func (f Fate) SentenceFor(r ResultType, servers int) string {
	if r == "" {
		return f.unexplained()
	}
	switch {
	case f == Held && servers == 0:
		return "The mail was not delivered to the server concerned: it may have been delayed or bounced."
	case f == Held && servers > 1:
		return "The mail was not delivered to these servers: it may have been delayed or bounced."
	case f == Delivered && r == STARTTLSNotSupported:
		return "The mail was delivered, probably unencrypted, as far as the report tells."
	case f == DeliveredInTesting && r == STARTTLSNotSupported:
		return "The mail was delivered, probably unencrypted; in enforce mode it would have been held back."
	case f == Unproven && !r.Known():
		return "The mail was probably delivered; whether it was encrypted, the report does not tell."
	}
	return f.Sentence()
}

// unexplained says what became of mail where the report does not say what
// failed. Under MTA-STS it may have been the fetching of the policy, by which
// mail goes through.
func (f Fate) unexplained() string {
	switch f {
	case Delivered:
		return "What failed, the reports do not say; the mail was delivered, as far as they tell."
	case DeliveredInTesting:
		return "What failed, the reports do not say; the mail was delivered, since your policy is in testing mode."
	case Held:
		return "What failed, the reports do not say; under your enforce policy some of this mail may have been delayed or bounced."
	case ProbablyHeld:
		return "What failed, the reports do not say; with DANE some of this mail may have been held back or bounced."
	case Unproven:
		return "What failed, the reports do not say; the mail was probably delivered, encrypted or not."
	}
	return "What failed, and what became of the mail, the reports do not say."
}

// Short is the fate in a few words, to stand beside a count.
func (f Fate) Short() string {
	switch f {
	case Delivered, DeliveredInTesting, Unprotected:
		return "mail went through"
	case Held, ProbablyHeld, HeldUntilValid:
		return "mail may be held"
	case HeldByOne:
		return "mail held by this sender"
	case Unencrypted:
		return "mail unencrypted or not delivered"
	case Unproven:
		return "mail probably went through"
	}
	return "fate of the mail not known"
}

// ShortFor is [Fate.Short] for failures with this result.
func (f Fate) ShortFor(r ResultType) string {
	if r == STARTTLSNotSupported && (f == Delivered || f == DeliveredInTesting) {
		return f.Short() + ", probably unencrypted"
	}
	return f.Short()
}

// WentThrough reports whether all mail was delivered, as far as reports tell.
func (f Fate) WentThrough() bool {
	switch f {
	case Delivered, DeliveredInTesting, Unprotected, Unproven:
		return true
	}
	return false
}

// FateOf returns what became of mail that failed with a result under a policy.
// The mode matters under sts alone. Where the report does not show it (Q4, Q8),
// the caller may know it from elsewhere.
func FateOf(t PolicyType, m Mode, r ResultType) Fate {
	switch t {
	case STS:
		return stsFate(m, r)
	case TLSA:
		switch r {
		case TLSAInvalid:
			return ProbablyHeld
		case DNSSECInvalid:
			return HeldUntilValid
		case DANERequired:
			return HeldByOne
		}
		if r.ofServer() {
			return ProbablyHeld
		}
	case NoPolicyFound:
		if r == STARTTLSNotSupported {
			return Unencrypted
		}
		return Unproven
	}
	return Uncertain
}

func stsFate(m Mode, r ResultType) Fate {
	switch r {
	case STSPolicyFetchError, STSPolicyInvalid, STSWebPKIInvalid:
		return Unprotected
	}
	switch {
	case !r.ofServer():
		return Uncertain
	case m == ModeEnforce:
		return Held
	case m == ModeTesting:
		return DeliveredInTesting
	}
	return Delivered
}

// ofServer reports whether the mail server itself failed the check, under
// whatever policy.
func (t ResultType) ofServer() bool {
	switch t {
	case STARTTLSNotSupported, CertificateHostMismatch, CertificateExpired, CertificateNotTrusted, ValidationFailure:
		return true
	}
	return false
}
