package tlsrpt

// A Fate is what became of mail, as far as a report tells. A digest's verdict
// depends on it.
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

// WentThrough reports whether all mail was delivered, as far as reports tell.
func (f Fate) WentThrough() bool {
	switch f {
	case Delivered, DeliveredInTesting, Unprotected, Unproven:
		return true
	}
	return false
}

// Fates say what became of mail that failed with a result type.
type Fates struct {
	Enforce, Testing, NoMode Fate // under MTA-STS: in these modes, or in mode none or one not shown (Q4, Q8)
	DANE                     Fate // under DANE
	NoPolicy                 Fate // where the sender found no policy
}

// FateOf returns what became of mail that failed with a result under a policy.
// The mode matters under sts alone. Where the report does not show it (Q4, Q8),
// the caller may know it from elsewhere.
func FateOf(t PolicyType, m Mode, r ResultType) Fate {
	fates := r.Result().Fates
	switch t {
	case STS:
		switch m {
		case ModeEnforce:
			return fates.Enforce
		case ModeTesting:
			return fates.Testing
		default:
			return fates.NoMode
		}
	case TLSA:
		return fates.DANE
	case NoPolicyFound:
		return fates.NoPolicy
	}
	return Uncertain
}
