package read

import (
	"strings"

	"tlsbrief/internal/spelling"
)

// The functions below are the tables of the keys of RFC 8460, section 4.4: each
// returns the RFC's own spelling of a key, which must be in lower case and with
// hyphens, or "" for one that it does not know. Spellings of drafts, of other
// readers and of careless writers are beside the right one.

func reportKey(k string) string {
	switch k {
	case "organization-name", "date-range", "contact-info", "report-id", "policies":
		return k
	case "organisation-name", "organization", "org-name":
		return "organization-name"
	case "contact":
		return "contact-info"
	}
	return ""
}

func rangeKey(k string) string {
	switch k {
	case "start-datetime", "end-datetime":
		return k
	case "start-date-time", "start-date":
		return "start-datetime"
	case "end-date-time", "end-date":
		return "end-datetime"
	}
	return ""
}

func entryKey(k string) string {
	switch k {
	case "policy", "summary", "failure-details":
		return k
	case "failure-detail":
		return "failure-details"
	}
	return ""
}

func policyKey(k string) string {
	switch k {
	case "policy-type", "policy-string", "policy-domain", "mx-host":
		return k
	case "policy-strings":
		return "policy-string"
	case "mx-host-pattern", "mx-hosts": // Q13: the RFC's placeholder taken for the key
		return "mx-host"
	}
	return ""
}

func summaryKey(k string) string {
	switch k {
	case "total-successful-session-count", "total-failure-session-count":
		return k
	case "total-success-session-count", "success-aggregate":
		return "total-successful-session-count"
	case "total-failed-session-count", "failure-aggregate":
		return "total-failure-session-count"
	}
	return ""
}

func failureKey(k string) string {
	switch k {
	case "result-type", "sending-mta-ip", "receiving-mx-hostname", "receiving-mx-helo", "receiving-ip",
		"failed-session-count", "additional-information", "failure-reason-code":
		return k
	case "receiving-mx-host-name": // Q33, SocketLabs
		return "receiving-mx-hostname"
	case "failed-sessions", "failure-sessions", "failure-session-count":
		return "failed-session-count"
	case "additional-info-uri", "additional-info": // Q13
		return "additional-information"
	case "failure-error-code": // drafts
		return "failure-reason-code"
	}
	return ""
}

// knownKeys lists the RFC's spellings, to find misspelled ones by.
func knownKeys() []string {
	return []string{
		"organization-name", "date-range", "contact-info", "report-id", "policies",
		"start-datetime", "end-datetime",
		"policy", "summary", "failure-details",
		"policy-type", "policy-string", "policy-domain", "mx-host",
		"total-successful-session-count", "total-failure-session-count",
		"result-type", "sending-mta-ip", "receiving-mx-hostname", "receiving-mx-helo", "receiving-ip",
		"failed-session-count", "additional-information", "failure-reason-code",
	}
}

// fold brings a key into the form that the tables are in. It returns k itself
// where there is nothing to do.
func fold(k string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(k)), "_", "-")
}

// misspelled returns the one of known that k, folded, is one or two letters away
// from; "" if there is none.
func misspelled(k string, known []string) string {
	if len(k) < 5 || len(k) > longestKey {
		return ""
	}
	for _, right := range known {
		if d := len(k) - len(right); d >= -2 && d <= 2 && spelling.Distance([]byte(k), []byte(right)) <= 2 {
			return right
		}
	}
	return ""
}

// longestKey is above the length of every known key by two and more.
const longestKey = 40
