package report

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

// A ReportAnswer is what is known at last of the authenticity of one report of a
// message: of the one with this identity and content.
type ReportAnswer struct {
	Identity, Content [32]byte // as the report's methods of these names return them
	Auth              Authenticity
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

// An Authenticity is the outcome of authenticating one copy of a report.
type Authenticity struct {
	Result AuthResult
	Domain string // the signing domain (DKIM d=), lower case; set where there is a signature
	Reason string // why not pass: "not-aligned", "l-tag", "key-gone", …
}

// A Via says how a report came in.
type Via string

// The ways in. What comes by backfill is news only where its day is recent
// (DESIGN 7).
const (
	ViaPoll     Via = "poll"
	ViaBackfill Via = "backfill"
)

// A Place is where a message lies.
type Place struct {
	Mailbox     string // the configured name; "files" for files
	Folder      string // the folder; the path as given for files
	UIDValidity uint32 // 0 for files
	UID         uint32 // 0 for files
}

// A Message is one message (or report file) that was taken to be a report, and
// what reading it gave. Exactly one of three holds: there are Reports; it was
// Refused; it is Pending.
type Message struct {
	Place
	MessageID  string // as in the header, without angle brackets; may be empty
	From       string // the From field, decoded
	Subject    string
	Submitter  string    // TLS-Report-Submitter
	ReceivedAt time.Time // INTERNALDATE or the topmost Received field, UTC; zero if unknown

	Reports []Report
	Refused string // why the message, or the part of it that is not in Reports, could not be read
	Pending string // why the server did not give it; to be fetched again at the next poll

	Claimed    bool // its header, or that of a part, says that it is a TLS report; for a pending one
	Quarantine bool // a pending one is to be asked for last and alone

	// Again is when a message in a mailbox is to be looked at again of which something
	// was refused for its date alone; zero: never.
	Again time.Time

	Kept      []byte // what it takes to judge its reports later; kept while an authenticity is unknown
	MarkOwed  bool   // a mark in the mailbox is due once this is committed
	Forwarded bool   // vouched for by an inner message's signature
}

// A Report is a decoded report with what is known of its authenticity.
type Report struct {
	*tlsrpt.Report
	Auth Authenticity

	Prepared *Prepared // nil until [db.DB.Prepare]
}

// An Outcome says what became of a Message.
type Outcome string

// The outcomes of recording a Message.
const (
	Recorded  Outcome = "recorded"  // at least one of its reports was new
	Duplicate Outcome = "duplicate" // all its reports had been recorded before
	Rejected  Outcome = "rejected"  // refused, or in conflict with what is recorded
	Pending   Outcome = "pending"   // no body yet
)

// A Cursor is how far a folder has been examined. Every UID up to and including
// LastUID has been, under this UIDVALIDITY; LastUID is always below the UIDNEXT
// seen when the folder was opened (RFC 9051, section 2.3.1.1).
type Cursor struct {
	UIDValidity uint32
	LastUID     uint32
}

// A Batch is recorded in one transaction: messages, and the cursor that covers
// them.
type Batch struct {
	Mailbox, Folder string
	Via             Via
	Messages        []Message

	// Cursor, where set, becomes the folder's poll cursor (ViaPoll) or its
	// backfill cursor (ViaBackfill).
	Cursor *Cursor

	InHand int64 // what TakeInHand returned, where all that it was called for is recorded now; else 0
}

// A Folder is what is remembered of one folder of one mailbox.
type Folder struct {
	Mailbox, Folder string

	Poll     *Cursor // nil before the first poll
	Backfill *Cursor // nil unless a backfill was stopped half way

	LastPoll     time.Time // the last try; zero if never
	LastGoodPoll time.Time // the last poll that worked
	LastError    string    // of the last poll; empty if it worked
	FailingSince time.Time // the first of the polls in a row that failed; zero if the last one worked

	Recorded, Rejected int64 // messages
}

// A Mark is a message of ours that is still to be marked in its mailbox.
type Mark struct {
	ID  int64 // of the message row
	UID uint32
}

// A Retry is a message that could not be dealt with for good: a pending one, or
// one whose authenticity is unknown, which alone has Reports, and Kept or Raw.
type Retry struct {
	ID int64
	Place
	ReceivedAt time.Time
	Attempts   int  // polls that tried, this far
	Claimed    bool // for a pending one: it says of itself that it is a TLS report
	Reports    []ReportKey
	Kept       []byte // as it was given with the Message
	Raw        []byte // the whole message, where it was kept by a version of before 0009_kept
}

// A ReportKey says which report of a message is meant.
type ReportKey struct {
	Identity, Content [32]byte // as the report's methods of these names return them
}

// A Decision is what is known at last of the reports of a message.
type Decision struct {
	Message int64 // the row
	Answers []ReportAnswer
	Kept    []byte // what it takes for the next try, where that has changed; nil where it has not
}

// A PolicyRow is one recorded policy of one report with what surrounds it.
type PolicyRow struct {
	News       int64 // rises with every report recorded or newly verified
	Via        Via
	ReportRow  int64         // the report's row: equal for the policies of one report
	Report     tlsrpt.Report // without Policies and JSON
	Auth       Authenticity
	Submitter  string
	Source     string // mailbox/folder, or the file's path
	MessageID  string
	ReceivedAt time.Time // zero if unknown
	RecordedAt time.Time

	Policy tlsrpt.Policy
	About  string // the domain whose mail the policy is about; empty only in a row that does not come from a database

	// Overlap marks a tlsa policy whose sessions the same report counts under
	// sts as well (Q31): an overall figure leaves it out.
	Overlap bool
}

// Domain returns the domain that the row counts for.
func (r *PolicyRow) Domain() string { return cmp.Or(r.About, r.Policy.Domain) }

// MX returns the receiving MX host of a failure. Where a detail names none, a tlsa
// policy at an MX host is one for that host.
func (r *PolicyRow) MX(f *tlsrpt.Failure) string {
	if f.ReceivingMXHostname == "" && r.Domain() != r.Policy.Domain {
		return r.Policy.Domain
	}
	return f.ReceivingMXHostname
}

// A Filter selects policy rows. Zero fields do not filter.
type Filter struct {
	Domains       []string  // what policies are about, exact; nil: all. An empty, non-nil list selects nothing
	PolicyDomains bool      // Domains are looked for among the policies' own domains, too; this reads every report of the days
	NewsAfter     int64     // exclusive
	NewsUpTo      int64     // inclusive
	Long          bool      // only reports on several days: of 36 hours and more
	Early         bool      // only reports that were recorded before the days they are about were over: see (*tlsrpt.Report).Over
	From, To      time.Time // the report's day, UTC: From inclusive, To exclusive
}

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
	Reporter     string // signing domain, or the submitter's where signatures are not checked
	Organization string
}

// A RejectedMessage is a message that looked like a report and could not be
// taken as one.
type RejectedMessage struct {
	Place
	News       int64
	Via        Via
	MessageID  string
	From       string
	Subject    string
	Reason     string
	ReceivedAt time.Time
	RecordedAt time.Time
}

// A PendingMessage is one that the server did not give yet.
type PendingMessage struct {
	Place
	MessageID string
	From      string
	Subject   string
	Reason    string
	Claimed   bool      // it says of itself that it is a TLS report; others are not named
	Since     time.Time // when it was asked for first
	NextTry   time.Time // zero: the next poll; else it is quarantined, and not asked for before
}

// A DigestState is what is remembered of a digest between its runs.
type DigestState struct {
	Watermark int64     // everything with News up to this is covered
	LastRun   time.Time // when it was last built; zero if never
	LastSent  time.Time // when one of it last reached a server; zero if never
	Verdict   string    // of the last one put into the outbox; empty if none was
	Said      string    // what it said, as package digest sums it up
	Untold    string    // likewise: what runs covered since then that were not sent
}

// A Mail is a digest in the outbox. Its bytes and Message-ID never change.
type Mail struct {
	ID          int64
	Digest      string
	MessageID   string // without angle brackets
	From        string // the envelope sender
	Data        []byte // the whole message, CRLF
	CreatedAt   time.Time
	Attempts    int
	NextAttempt time.Time
	LastError   string
	Recipients  []Recipient
}

// A Delivery is the state of one mail towards one recipient.
type Delivery string

// The states of a delivery.
const (
	DeliveryWaiting Delivery = "waiting" // not yet accepted by the server
	DeliverySent    Delivery = "sent"    // accepted
	DeliveryRefused Delivery = "refused" // refused for good
)

// A Recipient is one address that a mail goes to.
type Recipient struct {
	Address string
	State   Delivery
	Error   string // of the last attempt
}

// A DomainCheck is what a look at a domain found.
type DomainCheck struct {
	Domain   string // in lower case, as A-labels
	At       time.Time
	Mode     tlsrpt.Mode // of the MTA-STS policy; empty where there is none, or it could not be read
	Findings []CheckFinding
	Seen     json.RawMessage // what the domain published, for comparing it with the next look
}

// A CheckFinding is one thing that was found, in words (docs/check.md).
type CheckFinding struct {
	Check      string            `json:"check"`
	Code       string            `json:"code"`
	Severity   string            `json:"severity"` // ok, info, warning or error
	Message    string            `json:"message"`
	Fix        string            `json:"fix"`
	ResultType tlsrpt.ResultType `json:"result_type"` // what a sender reports it as; empty: nothing
}

// A DomainChange is what was different at a domain from one look to the next.
type DomainChange struct {
	Domain  string
	At      time.Time // when it was noticed
	Code    string
	Message string
	Fix     string // what to do; empty: nothing
}

// A ChangeFilter selects what had changed at domains. Zero values do not bound it.
type ChangeFilter struct {
	Domains             []string // nil: all
	NewsAfter, NewsUpTo int64    // exclusive and inclusive
	From, To            time.Time
}

// A Standing says how long an MTA-STS policy has been as it is, by the reports
// that count. Times are the starts of UTC days; a zero one means never.
type Standing struct {
	ModeSince  time.Time // the first day with a report that quotes the mode, and none since that quotes another
	LastFailed time.Time // the last day with a failure under sts
}

// A UIDRange is the UIDs from First to Last.
type UIDRange struct{ First, Last uint32 }

// Contains reports whether a UID lies in the range.
func (r UIDRange) Contains(uid uint32) bool { return r.First <= uid && uid <= r.Last }

// Suspects are the messages of a folder that processes had in hand when they died.
type Suspects struct {
	Ranges []UIDRange // to be read one by one
	Deadly []uint32   // in hand alone when a second process died: to be quarantined
}

// Contains reports whether a message is to be read one by one.
func (s Suspects) Contains(uid uint32) bool {
	return slices.ContainsFunc(s.Ranges, func(r UIDRange) bool { return r.Contains(uid) })
}

// A ClockFault says by which server's clock this machine's is wrong.
type ClockFault struct {
	Host  string
	Ahead time.Duration // negative: this machine's clock is behind
	At    time.Time     // when they were compared, by this machine's clock
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

// Signer returns the domain under which a report so authenticated is recorded; empty
// where no signature makes it count. Copies of one report by different signers stand
// apart, those of one compete.
func (a Authenticity) Signer() string {
	if a.Result == AuthPass {
		return a.Domain
	}
	return ""
}

// Rank orders authentications of copies of one report: the highest counts. Unknown
// is lowest, since it is no answer.
func (a AuthResult) Rank() int {
	switch a {
	case AuthPass:
		return 4
	case AuthUnchecked:
		return 3
	case AuthFail:
		return 2
	case AuthNone:
		return 1
	}
	return 0
}

// Prepared is what recording a report needs that takes no database.
type Prepared struct {
	Identity, Content [32]byte // as the report's methods of these names return them
	Packed            []byte   // the report's own text, gzip
}
