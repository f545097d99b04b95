package report

// A Reason says why a report does not count, or why a message was not accepted; some stand
// with a report that does count. The values are stored, shown and documented
// (docs/authenticity.md).
type Reason string

// Why a signature does not hold: the reasons of package dkim, with its values.
const (
	ReasonSyntax       Reason = "syntax"
	ReasonAlgorithm    Reason = "algorithm"
	ReasonFromUnsigned Reason = "from-unsigned"
	ReasonIdentity     Reason = "identity"
	ReasonExpired      Reason = "expired"
	ReasonNotYet       Reason = "not-yet"
	ReasonBodyHash     Reason = "body-hash"
	ReasonBadSignature Reason = "bad-signature"
	ReasonKeyGone      Reason = "key-gone"
	ReasonKeyRevoked   Reason = "key-revoked"
	ReasonKeySyntax    Reason = "key-syntax"
	ReasonKeyTooShort  Reason = "key-too-short"
	ReasonKeyTooLong   Reason = "key-too-long"
	ReasonKeyService   Reason = "key-service"
	ReasonKeyTesting   Reason = "key-testing"
	ReasonUnwanted     Reason = "unwanted"
	ReasonLimit        Reason = "limit"
	ReasonDNS          Reason = "dns" // with AuthFail: DNS did not answer for UnknownFor
)

// Why a signature that holds does not make a report count.
const (
	// ReasonNotAligned: the signing domain is neither the From domain's
	// organization nor the submitter's. RFC 8460, section 3, wants the signature
	// of the reporting domain.
	ReasonNotAligned Reason = "not-aligned"
	// ReasonLTag: the signature covers only the beginning of the body.
	// RFC 8460, section 3: such signatures must not be used (R2).
	ReasonLTag Reason = "l-tag"
	// ReasonStructureUnsigned: the signature leaves out Content-Type or
	// Content-Transfer-Encoding, and what a stranger may have written there makes
	// the report of what the signer meant as something else.
	ReasonStructureUnsigned Reason = "content-type-unsigned"
	// ReasonIgnoredSigner: the configuration leaves the signer out.
	ReasonIgnoredSigner Reason = "ignored-signer"
	// ReasonConflict: another content has the same identity and signer.
	ReasonConflict Reason = "conflict"
)

// Why a report was not judged.
const (
	ReasonTooManyMessages Reason = "too-many-messages" // more messages lie in one mail than are checked
	ReasonTooManyUnknown  Reason = "too-many-unknown"  // so much waited for DNS that the oldest had to make room
	ReasonNotFoundAgain   Reason = "not-found-again"   // the reader finds the report in its message no more
)

// What is noted with a report that counts.
const (
	// ReasonVouched: a trusted server found the signature valid when the mail arrived.
	ReasonVouched Reason = "authentication-results"
	// ReasonKeyForEmail: the key is published for the service "email" and not for
	// "tlsrpt", which deviates from RFC 8460, section 3 (R3).
	ReasonKeyForEmail Reason = "key-service-email"
)

// ReasonCutOff says that a message was not accepted because the report in it ends too
// early. Other messages are not accepted for reasons that only a text tells.
const ReasonCutOff Reason = "cut-off"

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{
		ReasonSyntax, ReasonAlgorithm, ReasonFromUnsigned, ReasonIdentity, ReasonExpired, ReasonNotYet, ReasonBodyHash, ReasonBadSignature,
		ReasonKeyGone, ReasonKeyRevoked, ReasonKeySyntax, ReasonKeyTooShort, ReasonKeyTooLong, ReasonKeyService, ReasonKeyTesting,
		ReasonUnwanted, ReasonLimit, ReasonDNS,
		ReasonNotAligned, ReasonLTag, ReasonStructureUnsigned, ReasonIgnoredSigner, ReasonConflict,
		ReasonTooManyMessages, ReasonTooManyUnknown, ReasonNotFoundAgain, ReasonVouched, ReasonKeyForEmail, ReasonCutOff,
	}
}
