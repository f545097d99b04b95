package tlsrpt

// A ResultMeaning explains a result type to somebody who has never heard of it.
// Action and Commands, and now and then a Do, hold the placeholders {MX}, for the receiving mail
// server, and {DOMAIN}, for the policy domain: see [ResultMeaning.For].
// What holds under any policy is here; [MeaningUnder] adds what one policy and
// the reason codes of a report tell.
type ResultMeaning struct {
	Type  ResultType
	Title string // "Expired certificate"

	What     string   // what it means: one or two plain sentences
	Causes   []Cause  // the likely ones, most likely first
	Action   string   // one sentence to forward to Owner
	Owner    string   // who can do it: "whoever runs {MX}"
	Commands []string // how to see for oneself: POSIX shell, openssl, dig, delv, curl
}

// A Cause is a likely cause of a failure, and what to do about it.
type Cause struct {
	Why   string     // a sentence
	Do    string     // a sentence, imperative
	Under PolicyType // the only policy that it belongs to; empty: any
}

// Title returns the name that people know the policy by: "MTA-STS", "DANE", "no
// policy"; of an unknown type the type itself.
func (t PolicyType) Title() string {
	switch t {
	case STS:
		return "MTA-STS"
	case TLSA:
		return "DANE"
	case NoPolicyFound:
		return "no policy"
	case "":
		return "no policy type given"
	}
	return string(t)
}

// Explanation says in a plain sentence or two what the policy type is about.
func (t PolicyType) Explanation() string {
	switch t {
	case STS:
		return "MTA-STS is a policy file on your web site: other mail servers are to deliver to yours only over an encrypted connection with a valid certificate."
	case TLSA:
		return "DANE puts fingerprints of your mail servers' certificates into your DNS, signed by DNSSEC, so that senders can tell the real servers from others."
	case NoPolicyFound:
		return "These senders do not look for a policy of yours (MTA-STS or DANE), or found none. They encrypt where they can, but do not insist."
	}
	return "RFC 8460 does not know this kind of policy. The report's numbers are shown as they came."
}

// Meaning explains a result type. Unknown ones get an explanation that holds for
// whatever they are (R17).
//
// RFC 8460, section 4.3.
func Meaning(t ResultType) ResultMeaning {
	var m ResultMeaning
	switch t {
	case STARTTLSNotSupported:
		m = meaningOfSTARTTLS()
	case CertificateHostMismatch:
		m = meaningOfHostMismatch()
	case CertificateExpired:
		m = meaningOfExpired()
	case CertificateNotTrusted:
		m = meaningOfNotTrusted()
	case ValidationFailure:
		m = meaningOfValidation()
	case TLSAInvalid:
		m = meaningOfTLSA()
	case DNSSECInvalid:
		m = meaningOfDNSSEC()
	case DANERequired:
		m = meaningOfDANERequired()
	case STSPolicyFetchError:
		m = meaningOfFetchError()
	case STSPolicyInvalid:
		m = meaningOfPolicyInvalid()
	case STSWebPKIInvalid:
		m = meaningOfWebPKI()
	default:
		m = meaningOfOther()
	}
	m.Type = t
	return m
}
