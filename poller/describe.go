package poller

import (
	"fmt"
	"time"

	"tlsbrief/db"
	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

func (e *examination) place(uid uint32) db.Place {
	return db.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) db.Message {
	m := db.Message{Place: e.place(c.header.UID), ReceivedAt: received(c.header), MarkOwed: e.mark}
	describe(&m, tlsrpt.ReadEnvelope(c.header.Fields.Get))
	return m
}

// received returns when a message arrived: now, where the server tells no date, or
// one that is none. No report is lost for a date.
func received(h imapbox.Header) time.Time {
	if h.InternalDate.IsZero() {
		return time.Now().UTC()
	}
	return h.InternalDate
}

func (e *examination) pending(c candidate, why error) db.Message {
	m := e.fromHeader(c)
	m.Pending = why.Error()
	return m
}

// unread is a message that could not be got: pending, or in quarantine.
func (e *examination) unread(c candidate, why error) db.Message {
	if isQuarantined(why) {
		m := e.fromHeader(c)
		m.Refused = why.Error()
		return m
	}
	return e.pending(c, why)
}

func (e *examination) tooLarge(c candidate, limit int64) db.Message {
	m := e.fromHeader(c)
	m.Refused = fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
	return m
}
