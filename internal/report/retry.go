package report

import "time"

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

// A ReportAnswer is what is known at last of the authenticity of one report of a
// message: of the one with this identity and content.
type ReportAnswer struct {
	Identity, Content [32]byte // as the report's methods of these names return them
	Auth              Authenticity
}

// A Mark is a message of ours that is still to be marked in its mailbox.
type Mark struct {
	ID  int64 // of the message row
	UID uint32
}

// A PendingMessage is one that the server did not give yet.
type PendingMessage struct {
	Place
	MessageID string
	From      string
	Subject   string
	Text      string    // why, in words
	Claimed   bool      // it says of itself that it is a TLS report; others are not named
	Since     time.Time // when it was asked for first
	NextTry   time.Time // zero: the next poll; else it is quarantined, and not asked for before
}

// A RejectedMessage is a message that looked like a report and could not be
// taken as one.
type RejectedMessage struct {
	Place
	Seq        int64
	Via        Via
	MessageID  string
	From       string
	Subject    string
	Reason     Reason // where there is a code for it
	Text       string // why, in words
	ReceivedAt time.Time
	RecordedAt time.Time
}
