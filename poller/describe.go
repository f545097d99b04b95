package poller

import (
	"errors"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/poller/imapbox"
)

func (e *examination) place(uid uint32) report.Place {
	return report.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) *report.Message {
	m := &report.Message{Place: e.place(c.header.UID), ReceivedAt: received(c.header), MarkOwed: e.mark}
	ingest.Describe(m, tlsrpt.ReadEnvelope(c.header.Fields.Get))
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

// pending is a message that the server did not give. What is not known to be a report is
// not described: it may be somebody's private mail.
func (e *examination) pending(c candidate, why error) *report.Message {
	m := &report.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: e.mark}
	if c.claimed {
		m = e.fromHeader(c)
	}
	m.Pending, m.Claimed, m.Quarantine = why.Error(), c.claimed, errors.Is(why, errDeadly)
	return m
}

func (e *examination) tooLarge(c candidate) *report.Message {
	m := e.fromHeader(c)
	m.Refused = e.p.o.Ingest.TooLarge()
	return m
}
