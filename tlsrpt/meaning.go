package tlsrpt

import "strings"

// A ResultMeaning explains a result type to somebody who has never heard of it.
// Action and Commands, and now and then a Do, hold the placeholders {MX}, for the receiving mail
// server, and {DOMAIN}, for the policy domain: see [ResultMeaning.For].
type ResultMeaning struct {
	Type  ResultType
	Title string // "Expired certificate"

	What     string   // what it means: one or two plain sentences
	Causes   []Cause  // the likely ones, most likely first
	Action   string   // one sentence to forward to whoever runs the server
	Commands []string // how to see for oneself: POSIX shell, openssl, dig, delv, curl
}

// A Cause is a likely cause of a failure, and what to do about it.
type Cause struct {
	Why string // a sentence
	Do  string // a sentence, imperative
}

// For returns the meaning for one mail server and domain. They may be a
// stranger's: what is not plainly a host name is left out, so that no command
// does anything but look. An empty one is left out likewise.
func (m ResultMeaning) For(mx, domain string) ResultMeaning {
	if mx = strings.ToLower(mx); !looksLikeDomain(mx) || strings.HasPrefix(mx, "-") {
		mx = ""
	}
	if domain = strings.ToLower(domain); !looksLikeDomain(domain) || strings.HasPrefix(domain, "-") {
		domain = ""
	}
	words := strings.NewReplacer("{MX}", orElse(mx, "the mail server"), "{DOMAIN}", orElse(domain, "your domain"))
	hosts := strings.NewReplacer("{MX}", orElse(mx, "MAIL-SERVER"), "{DOMAIN}", orElse(domain, "YOUR-DOMAIN"))
	// Names of hosts and URLs stay names.
	sentence := func(s string) string {
		s = strings.ReplaceAll(s, "mta-sts.{DOMAIN}", "mta-sts."+orElse(domain, "YOUR-DOMAIN"))
		s = strings.ReplaceAll(s, "_mta-sts.{DOMAIN}", "_mta-sts."+orElse(domain, "YOUR-DOMAIN"))
		s = strings.ReplaceAll(s, "_25._tcp.{MX}", "_25._tcp."+orElse(mx, "MAIL-SERVER"))
		return words.Replace(s)
	}
	out := m
	out.Action = sentence(m.Action)
	out.What = sentence(m.What)
	out.Causes = make([]Cause, len(m.Causes))
	for i, c := range m.Causes {
		out.Causes[i] = Cause{Why: sentence(c.Why), Do: sentence(c.Do)}
	}
	out.Commands = make([]string, len(m.Commands))
	for i, c := range m.Commands {
		out.Commands[i] = hosts.Replace(c)
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
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
		return "MTA-STS is a file on your web site that tells other mail servers to deliver to your mail servers only, and only over an encrypted connection with a valid certificate."
	case TLSA:
		return "DANE puts the fingerprint of your mail servers' certificates into your DNS, signed by DNSSEC, so that senders can tell the real servers from impostors."
	case NoPolicyFound:
		return "These senders saw neither an MTA-STS nor a DANE policy for you. They encrypt where they can, but do not insist."
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
