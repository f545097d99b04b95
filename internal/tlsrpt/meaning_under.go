package tlsrpt

import "strings"

// MeaningUnder explains a result type as it was met under one kind of policy.
// Causes and commands that belong to another policy are left out. codes are the
// failure-reason-codes of all the failures meant; where they agree on what
// happened, a general result is explained by that.
//
// RFC 8460, section 4.3.
func MeaningUnder(p PolicyType, t ResultType, codes ...string) ResultMeaning {
	m := Meaning(t)
	if t == ValidationFailure {
		m = meaningByReason(p, codes)
	}
	return meaningIn(p, t, m)
}

// MeaningUnlisted is MeaningUnder for general failures under MTA-STS at a mail server
// that the policy does not list, as the report quotes it: see [Policy.Unlisted].
func MeaningUnlisted() ResultMeaning {
	m := meaningOfUnlisted()
	m.What = "{MX} is not among the mx: lines of the MTA-STS policy that the sender saw, so it does not trust that server."
	return meaningIn(STS, ValidationFailure, m)
}

// meaningIn leaves out of a meaning what belongs to other policies.
func meaningIn(p PolicyType, t ResultType, m ResultMeaning) ResultMeaning {
	if p == TLSA {
		m = underDANE(m)
	}
	m.Type = t
	m.Causes = causesUnder(p, m.Causes)
	if p != STS && !t.ofPolicy() {
		m.Commands = commandsWithout(m.Commands, "mta-sts.")
	}
	return m
}

// ofPolicy reports whether a result is about the MTA-STS policy itself.
func (t ResultType) ofPolicy() bool {
	switch t {
	case STSPolicyFetchError, STSPolicyInvalid, STSWebPKIInvalid:
		return true
	}
	return false
}

// causesUnder returns the causes that belong to a policy.
func causesUnder(p PolicyType, all []Cause) []Cause {
	var out []Cause
	for _, c := range all {
		if c.Under == "" || c.Under == p {
			out = append(out, c)
		}
	}
	return out
}

// commandsWithout returns the commands that do not ask for a name.
func commandsWithout(all []string, name string) []string {
	var out []string
	for _, c := range all {
		if !strings.Contains(c, name) {
			out = append(out, c)
		}
	}
	return out
}

// meaningByReason explains a general failure by its reason codes (Q5, Q8).
func meaningByReason(p PolicyType, codes []string) ResultMeaning {
	reason := ""
	for i, code := range codes {
		r := reasonKind(code)
		if i > 0 && r != reason {
			return meaningOfValidation()
		}
		reason = r
	}
	switch reason {
	case reasonUnlisted:
		if p == STS {
			return meaningOfUnlisted()
		}
	case string(CertificateExpired):
		return meaningOfExpired()
	case string(CertificateNotTrusted):
		return meaningOfNotTrusted()
	case string(CertificateHostMismatch):
		return meaningOfHostMismatch()
	}
	return meaningOfValidation()
}

// reasonUnlisted stands for a mail server that the MTA-STS policy does not list.
const reasonUnlisted = "mx-unlisted"

// reasonKind returns what a reason code comes to: a result type, reasonUnlisted,
// or nothing where it says no more than the result itself.
func reasonKind(code string) string {
	switch meaning := ReasonMeaning(code); {
	case strings.Contains(meaning, "mx: lines"):
		return reasonUnlisted
	case meaning == "The certificate has expired.":
		return string(CertificateExpired)
	case meaning == "The certificate is made out to another name.":
		return string(CertificateHostMismatch)
	case strings.Contains(meaning, "intermediate certificate is missing"), strings.Contains(meaning, "signed by itself"):
		return string(CertificateNotTrusted)
	}
	return ""
}

func meaningOfUnlisted() ResultMeaning {
	return ResultMeaning{
		Title: "Mail server missing in your MTA-STS policy",
		What:  "Your MX records name a mail server that your MTA-STS policy does not list, so senders that honour the policy do not trust it.",
		Causes: []Cause{
			{Why: "A mail server was added or renamed, and the policy was not changed with it.", Do: "List every MX host in an mx: line of its own; *.example.com covers one label only."},
			{Why: "The policy was changed, but its id in DNS was not, so senders go on using the old one.", Do: "Change the id in the TXT record _mta-sts.{DOMAIN} with every change of the policy."},
		},
		Action: "Add {MX} as an mx: line to https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.",
		Owner:  "whoever runs the web site mta-sts.{DOMAIN}",
		Commands: []string{
			"dig +short MX {DOMAIN}",
			"curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt",
		},
	}
}

// underDANE turns the meaning of a general result into what it means where TLSA
// records say which certificate is right (RFC 7672, section 3).
func underDANE(m ResultMeaning) ResultMeaning {
	const look = "dig +short TLSA _25._tcp.{MX}"
	switch m.Title {
	case meaningOfNotTrusted().Title:
		m.What = "The mail server shows a certificate that your TLSA records in DNS do not vouch for, or a chain that does not lead to what they name."
		m.Causes = []Cause{
			{Why: "The server does not send the issuing certificate that the TLSA record names (usage 2).", Do: "Configure the full chain, or publish a record for the server's own key (3 1 1)."},
			{Why: "The certificate was changed, but the TLSA record was not.", Do: "Publish the new record at _25._tcp.{MX}, and keep the old one until its lifetime in DNS has passed."},
		}
		m.Action = "Make the certificate chain of {MX} match its TLSA record at _25._tcp.{MX}."
		m.Commands = append([]string{look}, m.Commands...)
	case meaningOfExpired().Title, meaningOfHostMismatch().Title:
		m.Causes = append([]Cause{{
			Why: "The TLSA record names an issuing authority (usage 2), under which senders check name and date, too.",
			Do:  "Put the certificate right, or publish a record for the server's own key (3 1 1), under which only the key counts.",
		}}, m.Causes...)
		m.Commands = append([]string{look}, m.Commands...)
	case meaningOfValidation().Title:
		m.Causes = append([]Cause{{
			Why: "The certificate and the TLSA record at _25._tcp.{MX} do not go together.",
			Do:  "Compare the two, and publish the record of the certificate in use.",
		}}, m.Causes...)
		m.Commands = append([]string{look}, m.Commands...)
	}
	return m
}
