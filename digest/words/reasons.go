package words

import "tlsbrief/internal/report"

// faultText are what a digest says of a mailbox that could not be read for a fault.
type faultText struct {
	subject  string // after the mailbox's name; empty: that it cannot be read
	sentence string // empty where the error says it well enough
	advice   string // what to do first, with %s for the mailbox; empty: nothing of its own
}

// faultTextOf returns the words for a fault.
func faultTextOf(f report.Fault) faultText {
	switch f {
	case report.FaultAuth:
		return faultText{"password refused", "the mail server refused the user name or the password",
			"Check the user name and the password of mailbox %s in the configuration."}
	case report.FaultToken:
		return faultText{"access token refused", "the mail server refused the access token",
			"Check the scopes and the user name of mailbox %s in the configuration, and that the app may use IMAP there."}
	case report.FaultExpired:
		return faultText{"login expired", "the password, or the grant for access tokens, has expired or was withdrawn",
			"Renew the password of mailbox %[1]s or, if it uses OAuth2, log in anew: tlsbrief login %[1]s."}
	case report.FaultNotAllowed:
		return faultText{"user may not open it", "the mail server knows the user and does not let them in",
			"Give the user of mailbox %s the right to read it on the mail server, or set another user."}
	case report.FaultDNS:
		return faultText{sentence: "the name of the mail server could not be found in DNS"}
	case report.FaultRefused:
		return faultText{sentence: "the mail server does not accept connections"}
	case report.FaultTimeout:
		return faultText{sentence: "the mail server did not answer in time"}
	case report.FaultCertificate:
		return faultText{sentence: "the certificate of the mail server is not accepted"}
	case report.FaultUnavailable:
		return faultText{sentence: "the mail server asks to be left alone for now"}
	case report.FaultOther:
	}
	return faultText{}
}

// reasonWords says why a report with AuthFail does not count.
func reasonWords(r report.Reason) string {
	switch r {
	case report.ReasonKeyGone:
		return "the key of the signature is gone from DNS, as with old mail"
	case report.ReasonLTag:
		return "the signature leaves part of the message open to others"
	case report.ReasonBodyHash, report.ReasonBadSignature:
		return "the message is not as it was signed"
	case report.ReasonExpired:
		return "the signature had expired"
	case report.ReasonStructureUnsigned:
		return "the signature does not cover which part of the message is the report"
	case report.ReasonDNS:
		return "DNS did not answer for a week"
	case report.ReasonConflict:
		return "it contradicts a verified report of the same name"
	case report.ReasonIgnoredSigner:
		return "its signer is left out by the configuration"
	case report.ReasonNotFoundAgain:
		return "it could not be read again"
	case report.ReasonTooManyUnknown:
		return "DNS did not answer, and too much waited for it"
	case report.ReasonTooManyMessages:
		return "its mail holds more messages than are checked"
	case report.ReasonKeyTesting:
		return "the key of the signature is marked as being tried out"
	}
	return "signature not valid"
}
