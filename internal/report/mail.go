package report

import "time"

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

// A Recipient is one address that a mail goes to.
type Recipient struct {
	Address string
	State   Delivery
	Error   string // of the last attempt
}

// A Delivery is the state of one mail towards one recipient.
type Delivery string

// The states of a delivery.
const (
	DeliveryWaiting Delivery = "waiting" // not yet accepted by the server
	DeliverySent    Delivery = "sent"    // accepted
	DeliveryRefused Delivery = "refused" // refused for good
)
