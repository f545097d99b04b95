package domaincheck

import "tlsbrief/internal/tlsrpt"

// A Code names a kind of finding for ever: scripts lean on it. docs/check.md
// explains each.
type Code string

// The codes.
const (
	Timeout      Code = "timeout"
	DNSFailed    Code = "dns-failed"
	NoSuchDomain Code = "domain-missing"
	NotMail      Code = "domain-no-mail"

	TLSRPTMissing   Code = "tlsrpt-missing"
	TLSRPTWrongName Code = "tlsrpt-wrong-name"
	TLSRPTSyntax    Code = "tlsrpt-syntax"
	TLSRPTSeveral   Code = "tlsrpt-several"
	TLSRPTNotOurs   Code = "tlsrpt-rua-not-ours"
	TLSRPTUnknown   Code = "tlsrpt-rua-unknown"
	TLSRPTNoMail    Code = "tlsrpt-rua-no-mail"

	STSMissing     Code = "mta-sts-missing"
	STSWrongName   Code = "mta-sts-wrong-name"
	STSSyntax      Code = "mta-sts-syntax"
	STSSeveral     Code = "mta-sts-several"
	STSFetch       Code = "mta-sts-fetch"
	STSCertificate Code = "mta-sts-certificate"
	STSRedirect    Code = "mta-sts-redirect"
	STSStatus      Code = "mta-sts-status"
	STSType        Code = "mta-sts-type"
	STSSize        Code = "mta-sts-size"
	STSPolicy      Code = "mta-sts-policy"
	STSMode        Code = "mta-sts-mode"
	STSMaxAge      Code = "mta-sts-max-age"
	STSUnmatched   Code = "mta-sts-mx-unmatched"
	STSUnused      Code = "mta-sts-mx-unused"
	STSStaleID     Code = "mta-sts-id-unchanged"
	STSReady       Code = "mta-sts-ready"
	STSUrgent      Code = "mta-sts-urgent"

	MXMissing   Code = "mx-missing"
	MXNull      Code = "mx-null"
	MXNullMixed Code = "mx-null-mixed"
	MXAlias     Code = "mx-cname"
	MXNoAddress Code = "mx-no-address"
	MXMany      Code = "mx-many"
	MXPrivate   Code = "mx-private"

	DANEBogus    Code = "dane-bogus"
	DANEUnsigned Code = "dane-unsigned"
	DANEUsage    Code = "dane-usage"
	DANEMismatch Code = "dane-mismatch"

	ProbeClosed      Code = "probe-port-closed"
	ProbeNoRoute     Code = "probe-no-route"
	ProbeUnreachable Code = "probe-unreachable"
	ProbeSilent      Code = "probe-silent"
	ProbeRefused     Code = "probe-refused"
	ProbeNoSTARTTLS  Code = "probe-no-starttls"
	ProbeHandshake   Code = "probe-handshake"
	ProbeOldTLS      Code = "probe-old-tls"

	CertExpired    Code = "cert-expired"
	CertExpiring   Code = "cert-expiring"
	CertNotYet     Code = "cert-not-yet-valid"
	CertName       Code = "cert-name"
	CertSelfSigned Code = "cert-self-signed"
	CertChain      Code = "cert-chain"
	CertUntrusted  Code = "cert-untrusted"
)

// A kind is what holds for every finding of a code.
type kind struct {
	check    string
	severity Severity // what it is unless the run knows better
	result   tlsrpt.ResultType
}

// kinds gives every code there is.
func kinds() map[Code]kind {
	return map[Code]kind{
		Timeout:      {"domain", Warning, ""},
		DNSFailed:    {"domain", Error, ""},
		NoSuchDomain: {"domain", Error, ""},
		NotMail:      {"domain", Info, ""},

		TLSRPTMissing:   {"tlsrpt", Error, ""},
		TLSRPTWrongName: {"tlsrpt", Error, ""},
		TLSRPTSyntax:    {"tlsrpt", Error, ""},
		TLSRPTSeveral:   {"tlsrpt", Error, ""},
		TLSRPTNotOurs:   {"tlsrpt", Warning, ""},
		TLSRPTUnknown:   {"tlsrpt", Info, ""},
		TLSRPTNoMail:    {"tlsrpt", Error, ""},

		STSMissing:     {"mta-sts", Warning, ""},
		STSWrongName:   {"mta-sts", Error, ""},
		STSSyntax:      {"mta-sts", Error, ""},
		STSSeveral:     {"mta-sts", Error, ""},
		STSFetch:       {"mta-sts", Error, tlsrpt.STSPolicyFetchError},
		STSCertificate: {"mta-sts", Error, tlsrpt.STSWebPKIInvalid},
		STSRedirect:    {"mta-sts", Error, tlsrpt.STSPolicyFetchError},
		STSStatus:      {"mta-sts", Error, tlsrpt.STSPolicyFetchError},
		STSType:        {"mta-sts", Warning, tlsrpt.STSPolicyFetchError},
		STSSize:        {"mta-sts", Error, tlsrpt.STSPolicyFetchError},
		STSPolicy:      {"mta-sts", Error, tlsrpt.STSPolicyInvalid},
		STSMode:        {"mta-sts", Info, ""},
		STSMaxAge:      {"mta-sts", Warning, ""},
		STSUnmatched:   {"mta-sts", Error, tlsrpt.ValidationFailure},
		STSUnused:      {"mta-sts", Info, ""},
		STSStaleID:     {"mta-sts", Warning, ""},
		STSReady:       {"mta-sts", Info, ""},
		STSUrgent:      {"mta-sts", Error, ""},

		MXMissing:   {"mx", Warning, ""},
		MXNull:      {"mx", Info, ""},
		MXNullMixed: {"mx", Error, ""},
		MXAlias:     {"mx", Warning, ""},
		MXNoAddress: {"mx", Error, ""},
		MXMany:      {"mx", Info, ""},
		MXPrivate:   {"mx", Info, ""},

		DANEBogus:    {"dane", Error, tlsrpt.DNSSECInvalid},
		DANEUnsigned: {"dane", Warning, ""},
		DANEUsage:    {"dane", Warning, ""},
		DANEMismatch: {"dane", Error, tlsrpt.TLSAInvalid},

		ProbeClosed:      {"probe", Info, ""},
		ProbeNoRoute:     {"probe", Info, ""},
		ProbeUnreachable: {"probe", Warning, ""},
		ProbeSilent:      {"probe", Warning, ""},
		ProbeRefused:     {"probe", Warning, ""},
		ProbeNoSTARTTLS:  {"probe", Error, tlsrpt.STARTTLSNotSupported},
		ProbeHandshake:   {"probe", Error, tlsrpt.ValidationFailure},
		ProbeOldTLS:      {"probe", Error, tlsrpt.ValidationFailure},

		CertExpired:    {"probe", Error, tlsrpt.CertificateExpired},
		CertExpiring:   {"probe", Warning, ""},
		CertNotYet:     {"probe", Error, tlsrpt.ValidationFailure},
		CertName:       {"probe", Error, tlsrpt.CertificateHostMismatch},
		CertSelfSigned: {"probe", Error, tlsrpt.CertificateNotTrusted},
		CertChain:      {"probe", Error, tlsrpt.CertificateNotTrusted},
		CertUntrusted:  {"probe", Error, tlsrpt.CertificateNotTrusted},
	}
}
