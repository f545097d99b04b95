package poller

import (
	"errors"
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

// pending is a message that the server did not give. What is not known to be a report is
// not described: it may be somebody's private mail.
func (e *examination) pending(c candidate, why error) db.Message {
	m := db.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: e.mark}
	if c.claimed {
		m = e.fromHeader(c)
	}
	m.Pending, m.Claimed, m.Quarantine = why.Error(), c.claimed, errors.Is(why, errDeadly)
	return m
}

func (e *examination) tooLarge(c candidate, limit int64) db.Message {
	m := e.fromHeader(c)
	m.Refused = fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
	return m
}
