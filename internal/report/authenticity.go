package report

// An Authenticity is the outcome of authenticating one copy of a report.
type Authenticity struct {
	Result AuthResult
	Domain string // the signing domain (DKIM d=), lower case; set where there is a signature
	Reason Reason // why not pass, or what is noted with a pass
}

// Signer returns the domain under which a report so authenticated is recorded; empty
// where no signature makes it count. Copies of one report by different signers stand
// apart, those of one compete.
func (a Authenticity) Signer() string {
	if a.Result == AuthPass {
		return a.Domain
	}
	return ""
}

// An AuthResult says what is known of a report's authenticity (DESIGN 6).
type AuthResult string

// The results of authenticating a report.
const (
	AuthPass      AuthResult = "pass"      // a valid, aligned DKIM signature
	AuthFail      AuthResult = "fail"      // signed, but see the reason
	AuthNone      AuthResult = "none"      // not signed
	AuthUnchecked AuthResult = "unchecked" // the check is switched off
	AuthUnknown   AuthResult = "unknown"   // DNS did not answer; to be tried again
)

// Counts reports whether a report so authenticated may change a verdict.
func (a AuthResult) Counts() bool { return a == AuthPass || a == AuthUnchecked }
