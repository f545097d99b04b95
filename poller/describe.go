package poller

import (
	"fmt"

	"tlsbrief/db"
	"tlsbrief/tlsrpt"
)

func (e *examination) place(uid uint32) db.Place {
	return db.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) db.Message {
	m := db.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: e.mark}
	describe(&m, tlsrpt.ReadEnvelope(c.header.Fields.Get))
	return m
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
	m.Refused = refusedTooLarge(limit)
	return m
}

// refusedTooLarge is why a message over the limit is rejected.
func refusedTooLarge(limit int64) string {
	return fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
}
