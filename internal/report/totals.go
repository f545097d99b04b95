package report

import (
	"strings"
	"time"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

// A DayTotal sums one UTC day of one domain and policy type, in sessions, over
// the reports that count.
type DayTotal struct {
	Day                time.Time
	Domain             string
	Type               tlsrpt.PolicyType
	Successful, Failed tlsrpt.Sessions
	Overlap            tlsrpt.Sessions // of Successful+Failed, what sts counts as well
	OverlapFailed      tlsrpt.Sessions // of Failed, what sts counts as well
}

// A FailureDay sums the failure details of one cause on one UTC day, in
// sessions, over the reports that count.
type FailureDay struct {
	Day        time.Time
	Domain     string
	Type       tlsrpt.PolicyType
	ResultType tlsrpt.ResultType
	MX         string // receiving-mx-hostname; may be empty
	Sessions   tlsrpt.Sessions
}

// A ReporterDay says that a reporter was heard of one UTC day of one domain.
type ReporterDay struct {
	Day          time.Time
	Reporter     string // as [ReporterOf] returns it
	Organization string
}

// A ModeHistory says how long an MTA-STS policy has been as it is, by the reports
// that count. Times are the starts of UTC days; a zero one means never.
type ModeHistory struct {
	ModeSince  time.Time // the first day with a report that quotes the mode, and none since that quotes another
	LastFailed time.Time // the last day with a failure under sts
}

// What stands for more names than are told apart. Neither is a name that a
// report is likely to have; one that has it is counted among the others.
const (
	OtherHosts                     = "(other hosts)"
	OtherResults tlsrpt.ResultType = "(other results)" // of those that RFC 8460 does not know
)

// MostCauses is how many causes are told apart for a domain and a policy type.
const MostCauses = 1000

// mostName is how much of a name is kept to tell it from others, in bytes: more
// than a host name has.
const mostName = 255

// ShortName returns the beginning of a name, enough to tell host names apart. It
// does not keep the rest alive.
func ShortName(s string) string {
	if len(s) <= mostName {
		return s
	}
	end := mostName
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end])
}
