package report

// A Fault says why a mailbox could not be used: one code for each advice that a reader
// gets. The values are stored.
type Fault string

// The faults. What is in order has none.
const (
	FaultAuth        Fault = "auth"        // the server refused the user name or the password
	FaultToken       Fault = "token"       // the server refused the OAuth2 access token
	FaultExpired     Fault = "expired"     // the password, or what access tokens are got with, has expired or was revoked
	FaultNotAllowed  Fault = "not-allowed" // the server knows the user, and does not let them in
	FaultDNS         Fault = "dns"         // the server's name could not be found
	FaultRefused     Fault = "refused"     // the server takes no connections
	FaultTimeout     Fault = "timeout"     // the server did not answer in time
	FaultCertificate Fault = "certificate" // the server's certificate is not accepted
	FaultUnavailable Fault = "unavailable" // the server asks to be left alone for now
	FaultOther       Fault = "other"       // anything else: the error itself says it
)

// Faults lists all faults.
func Faults() []Fault {
	return []Fault{FaultAuth, FaultToken, FaultExpired, FaultNotAllowed, FaultDNS, FaultRefused, FaultTimeout, FaultCertificate, FaultUnavailable, FaultOther}
}
