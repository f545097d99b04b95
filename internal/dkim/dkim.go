// Package dkim verifies the DKIM signatures of a mail message as of a given
// time: RFC 6376 with RFC 8301 (no SHA-1, no short keys), RFC 8463 (Ed25519) and
// section 3 of RFC 8460, which lets a key be kept to the service "tlsrpt".
//
// [Verify] takes the message as it lies in the mailbox, the time it arrived, and
// a function that looks up TXT records. It says of each signature whether it
// holds, and if not, why. [Examine] does all of it that needs the message and
// leaves the keys to the caller, who can look up those of many messages at once,
// or again on another day. What a signature is worth (whose domain may sign what,
// whether l= is acceptable) is the caller's to judge.
//
// # Trust
//
// Every byte of the message and of the key record is a stranger's. The size of
// the header, the number of signatures, fields and tags, the size of a key
// record and of a key are bounded; nothing is held but the message itself.
//
// # Tolerance
//
// Line ends may be bare LF, as in files: each counts as the CRLF that it was
// when the message was signed. A bare CR in the body is an octet like any other;
// in the header no signature holds beside it, since readers disagree on where a
// header with one ends. Empty tags (";;") are passed over. A key published for the service "email" may sign a TLS
// report, since no sender in practice publishes one for "tlsrpt" (R3); see
// [Signature.KeyServices].
package dkim

import (
	"context"
	"errors"
	"time"
)

// ErrNoRecord is to be wrapped by the error of a [Lookup] where the name or the
// record type does not exist: asking again cannot help.
var ErrNoRecord = errors.New("no such DNS record")

// A Lookup returns the TXT records of a name, which is given without trailing
// dot; the strings of a record are joined. An error that wraps [ErrNoRecord] is
// permanent, any other means that DNS did not answer.
type Lookup func(ctx context.Context, name string) ([]string, error)

// DefaultMaxSignatures is how many signatures of a message are verified where
// [Options] does not say otherwise.
const DefaultMaxSignatures = 8

// Options bounds the work of [Verify]. The zero value is ready for use.
type Options struct {
	// MaxSignatures is how many signatures are verified, from the top of the
	// header. Those beyond it are left out. 0 means [DefaultMaxSignatures].
	MaxSignatures int

	// Want, if set, says of a signature that could be read whether it is worth
	// the work. One that is not fails, and costs neither hashing nor a query.
	Want func(Signature) bool

	// MaxLookups is how many keys are looked up. A signature that would need
	// another one fails. 0 means one for each signature.
	MaxLookups int
}

// A Status is the result of checking a signature. The values are stable: they may
// be stored.
type Status string

// What is known of a signature.
const (
	Pass    Status = "pass"    // the domain signed this message
	Fail    Status = "fail"    // the signature does not hold; see the Reason
	Unknown Status = "unknown" // DNS did not answer in time; verifying again later may tell
)

// A Reason says why a signature does not hold. The values are stable: they may
// be stored.
type Reason string

// The reasons for a [Status] other than Pass.
const (
	ReasonSyntax       Reason = "syntax"        // the signature field breaks RFC 6376, the header can be read in two ways, or a bound of this package is exceeded
	ReasonAlgorithm    Reason = "algorithm"     // unknown or refused (rsa-sha1, RFC 8301), or not one the key is for
	ReasonFromUnsigned Reason = "from-unsigned" // h= lacks From: RFC 6376, section 5.4
	ReasonIdentity     Reason = "identity"      // i= lies outside d=, or the key's flag t=s forbids a subdomain
	ReasonExpired      Reason = "expired"       // past x= at the given time
	ReasonNotYet       Reason = "not-yet"       // signed more than a day after the given time
	ReasonBodyHash     Reason = "body-hash"     // the body is not what was signed
	ReasonBadSignature Reason = "bad-signature" // the header is not what was signed, or not with this key
	ReasonKeyGone      Reason = "key-gone"      // no key record
	ReasonKeyRevoked   Reason = "key-revoked"   // a key record with an empty p=
	ReasonKeySyntax    Reason = "key-syntax"    // a key record that cannot be read, or several
	ReasonKeyTooShort  Reason = "key-too-short" // RSA below 1024 bits: RFC 8301, section 3.2
	ReasonKeyTooLong   Reason = "key-too-long"  // RSA above 8192 bits
	ReasonKeyService   Reason = "key-service"   // s= names none of "*", "tlsrpt", "email"
	ReasonKeyTesting   Reason = "key-testing"   // the key's flag t=y: the mail is to be treated as unsigned (RFC 6376, section 3.6.1)
	ReasonUnwanted     Reason = "unwanted"      // [Options].Want refused it; nothing else was checked
	ReasonLimit        Reason = "limit"         // beyond [Options].MaxLookups
	ReasonDNS          Reason = "dns"           // only with Unknown: DNS did not answer, or there was no time to ask
)

// A Signature is one DKIM-Signature field of a message and whether it holds.
// What stands before the fault is set even where it does not hold; only what a
// Pass covers is more than the sender's word.
//
// RFC 6376, section 3.5.
type Signature struct {
	Domain    string   // d=: who signed; A-labels, lower case
	Selector  string   // s=; A-labels, lower case
	Identity  string   // i=, or "@" and the domain; as sent
	Algorithm string   // a=, such as "rsa-sha256"; lower case
	Signed    []string // h=: the fields signed; lower case, in order, repeated as sent
	Value     string   // b=: the signature in base64, without white space

	// BodyLength tells that the signature has l= and so covers only the
	// beginning of the body. RFC 8460, section 3, forbids that; whether it is a
	// fault is the caller's to say (R2).
	BodyLength bool

	Time    time.Time // t=, UTC; zero if absent
	Expires time.Time // x=, UTC; zero if absent

	Status Status
	Reason Reason // empty for Pass
	Err    error  // what is wrong, in words; nil for Pass; wraps the error of the Lookup

	// KeyServices is the key's s= in lower case; nil where it has none, which
	// means "*". A list without "*" and "tlsrpt" deviates from RFC 8460,
	// section 3.
	KeyServices []string
	KeyBits     int // size of the key in bits; 256 for Ed25519; 0 if not known
}

// A fault is why a signature does not hold, on its way into a [Signature].
type fault struct {
	reason Reason
	err    error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }
