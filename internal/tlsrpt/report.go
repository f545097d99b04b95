// Package tlsrpt has the types of SMTP TLS reports, RFC 8460, and what is known of
// the values in them.
//
// A report says how many SMTP sessions one organization opened towards one or
// more policy domains, how many of them failed to negotiate TLS, and why. Package
// tlsrpt/read reads one from its bytes. [Results] is the table of result types,
// [FateOf] says what became of the mail, and [ReasonOf] what a reason code comes
// to; package digest/words puts them into sentences.
//
// # Trust
//
// The sender chooses every byte. Counts and dates are checked, and every string is
// valid UTF-8 of bounded length. Otherwise strings are as sent: a line end, a
// terminal's escape or markup in them is for whoever prints them to see to.
package tlsrpt

import "time"

// Sessions counts SMTP sessions, not messages: one session can carry several
// messages, and one message can take several sessions. Never negative, and
// never above [MaxSessions].
//
// RFC 8460, section 4.2.
type Sessions int64

// MaxSessions is the largest count that I-JSON can carry exactly, 2^53-1
// (RFC 7493, section 2.2). A report that claims more contradicts itself.
const MaxSessions Sessions = 1<<53 - 1

// Plus adds without wrapping around: the sum stops at the largest int64.
func (s Sessions) Plus(t Sessions) Sessions {
	if sum := s + t; sum >= s {
		return sum
	}
	return 1<<63 - 1
}

// A Report is one TLS report: what one organization saw of the TLS of one or
// more policy domains, usually over one UTC day.
//
// RFC 8460, section 4.4. Every string is the sender's and untrusted: valid
// UTF-8, at most 64 KiB long, otherwise as sent.
type Report struct {
	OrganizationName string
	ContactInfo      string
	ReportID         string

	// Start and End are the date-range in UTC as the report has it. Senders
	// write the end as the last second of the day or as the midnight after it;
	// use Day to group. Start is never after End.
	Start, End time.Time

	Policies []Policy // at least one

	// Deviations lists what the report does otherwise than RFC 8460 says, and
	// what was set aside for it, in the order found; past a hundred, little more
	// than their number. Empty for a clean report.
	Deviations []Deviation

	// JSON is the report's own text as it was decoded: unpacked, UTF-8, without
	// byte order mark.
	JSON []byte

	// Packed is JSON as the gzip stream that it came in, if it came in one that
	// holds nothing else; otherwise nil.
	Packed []byte `json:"-"`
}

// Day returns the start of the UTC day that the report is about: that of its
// Start, since the end is written in two ways.
//
// RFC 8460, section 4.1.
func (r *Report) Day() time.Time { return r.Start.UTC().Truncate(24 * time.Hour) }

// Over returns when the days that the report is about are over: the midnight that
// ends the last of its UTC days, or its End where that is later. A report of 24 hours
// that begin within a UTC day is about that day.
//
// RFC 8460, section 4.1.
func (r *Report) Over() time.Time {
	const whole = 24 * time.Hour
	days := max(1, r.End.Sub(r.Start).Round(whole)/whole)
	over := r.Day().Add(days * whole)
	if r.End.After(over) {
		return r.End
	}
	return over
}

// A Policy is what one report says of one policy of one domain. A report may
// hold several with the same type and domain (Q32), and count the same sessions
// under sts and tlsa (Q31).
//
// RFC 8460, sections 4.2 and 4.4.
type Policy struct {
	Type    PolicyType
	Domain  string   // A-label, lower case, no trailing dot
	Hinted  bool     // the JSON shows no Domain: it is the mail's header's or the file's name's (Q11); not kept by package db
	Strings []string // the policy as applied, a line or a TLSA RDATA each
	MXHosts []string // mx patterns of the policy, lower case, no trailing dot
	Mode    Mode     // read from Strings; only ever set for sts

	// Successful and Failed are the summary's totals, in sessions.
	Successful, Failed Sessions

	// Failures are details of Failed. They are not exclusive and may overlap:
	// their sum is not Failed (R14).
	Failures []Failure
}

// A Failure is one row of failure details. All but ResultType and Sessions may
// be empty.
//
// RFC 8460, section 4.3 and 4.4.
type Failure struct {
	ResultType            ResultType
	SendingMTAIP          string
	ReceivingMXHostname   string // lower case, no trailing dot
	ReceivingMXHELO       string
	ReceivingIP           string
	Sessions              Sessions
	Uncounted             bool   `json:"-"` // the report gives no count: Sessions is at least as many, as far as its policy tells; not kept by package db
	AdditionalInformation string // a URI as a rule; shown, never fetched (R18)
	ReasonCode            string
}

// A Deviation is one thing in a report that RFC 8460 does not allow and that was
// read all the same, or set aside.
type Deviation struct {
	Path string // of the JSON field, such as "policies[0].policy.mx-host", or of the container, such as "gzip"
	What string // what is wrong and how it was read, such as "a string where a list is due"
	Rule string // the rule, such as "RFC 8460 section 4.4", and the quirk where it has a name, such as "Q12"
}

// String returns the deviation in one line.
func (d Deviation) String() string {
	s := d.Path + ": " + d.What
	if d.Rule != "" {
		s += " (" + d.Rule + ")"
	}
	return s
}
