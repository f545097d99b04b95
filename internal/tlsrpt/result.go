package tlsrpt

// A ResultType is the kind of a failure, spelt as RFC 8460, section 4.3, spells
// it. Values that it does not know are kept as sent, in lower case (R17).
type ResultType string

// The result types of RFC 8460, section 4.3.
const (
	STARTTLSNotSupported    ResultType = "starttls-not-supported"
	CertificateHostMismatch ResultType = "certificate-host-mismatch"
	CertificateExpired      ResultType = "certificate-expired"
	CertificateNotTrusted   ResultType = "certificate-not-trusted"
	ValidationFailure       ResultType = "validation-failure"
	TLSAInvalid             ResultType = "tlsa-invalid"
	DNSSECInvalid           ResultType = "dnssec-invalid"
	DANERequired            ResultType = "dane-required"
	STSPolicyFetchError     ResultType = "sts-policy-fetch-error"
	STSPolicyInvalid        ResultType = "sts-policy-invalid"
	STSWebPKIInvalid        ResultType = "sts-webpki-invalid"
)

// An Owner is whose fault a failure is, and who can mend it.
type Owner int

// The owners.
const (
	ServerOwner Owner = iota // whoever runs the mail server
	DNSOwner                 // whoever runs the domain's DNS
	PolicyOwner              // whoever runs the web site of the MTA-STS policy
)

// A Result is what is known of a result type. Its words stand in package
// digest/words.
type Result struct {
	Type  ResultType
	Owner Owner
	Fates Fates
}

// Results returns the table of the result types of RFC 8460, section 4.3.
func Results() [11]Result {
	server := Fates{Enforce: Held, Testing: DeliveredInTesting, NoMode: Delivered, DANE: ProbablyHeld, NoPolicy: Unproven}
	policy := Fates{Enforce: Unprotected, Testing: Unprotected, NoMode: Unprotected, NoPolicy: Unproven}
	bare := server
	bare.NoPolicy = Unencrypted
	return [...]Result{
		{STARTTLSNotSupported, ServerOwner, bare},
		{CertificateHostMismatch, ServerOwner, server},
		{CertificateExpired, ServerOwner, server},
		{CertificateNotTrusted, ServerOwner, server},
		{ValidationFailure, ServerOwner, server},
		{TLSAInvalid, DNSOwner, Fates{DANE: ProbablyHeld, NoPolicy: Unproven}},
		{DNSSECInvalid, DNSOwner, Fates{DANE: HeldUntilValid, NoPolicy: Unproven}},
		{DANERequired, DNSOwner, Fates{DANE: HeldByOne, NoPolicy: Unproven}},
		{STSPolicyFetchError, PolicyOwner, policy},
		{STSPolicyInvalid, PolicyOwner, policy},
		{STSWebPKIInvalid, PolicyOwner, policy},
	}
}

// Result returns the row of the type in [Results]; for one that is not there a row
// that holds for whatever it is (R17).
func (t ResultType) Result() Result {
	r, _ := t.find()
	return r
}

// Known reports whether RFC 8460 knows the result type.
func (t ResultType) Known() bool {
	_, known := t.find()
	return known
}

func (t ResultType) find() (r Result, known bool) {
	for _, r := range Results() {
		if r.Type == t {
			return r, true
		}
	}
	return Result{Type: t, Fates: Fates{NoPolicy: Unproven}}, false
}
