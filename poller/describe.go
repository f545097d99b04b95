package poller

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/poller/imapbox"
)

func (e *examination) place(uid uint32) report.Place {
	return report.Place{Mailbox: e.box.Name, Folder: e.name, UIDValidity: e.validity, UID: uid}
}

// fromHeader describes a message of which only the header is known.
func (e *examination) fromHeader(c candidate) report.Message {
	m := report.Message{Place: e.place(c.header.UID), ReceivedAt: received(c.header), MarkOwed: e.mark}
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

// pending is a message that the server did not give. What is not known to be a report is
// not described: it may be somebody's private mail.
func (e *examination) pending(c candidate, why error) report.Message {
	m := report.Message{Place: e.place(c.header.UID), ReceivedAt: c.header.InternalDate, MarkOwed: e.mark}
	if c.claimed {
		m = e.fromHeader(c)
	}
	m.Pending, m.Claimed, m.Quarantine = why.Error(), c.claimed, errors.Is(why, errDeadly)
	return m
}

func (e *examination) tooLarge(c candidate, limit int64) report.Message {
	m := e.fromHeader(c)
	m.Refused = refusedTooLarge(limit)
	return m
}

// rejectedByName is how many rejected messages of one folder the log of one poll
// names. Anybody can mail in thousands: beyond that they are counted.
const rejectedByName = 10

// A rejectLog counts the rejected messages of each folder since they were last
// summed up. The zero value is ready to use.
type rejectLog struct {
	mu     sync.Mutex
	counts map[folderKey]int
}

type folderKey struct{ mailbox, folder string }

// add counts one message, and reports whether it is still to be named.
func (l *rejectLog) add(k folderKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[folderKey]int{}
	}
	l.counts[k]++
	return l.counts[k] <= rejectedByName
}

// take returns how many messages of a mailbox were not named, by folder, and begins
// anew for it.
func (l *rejectLog) take(mailbox string) map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	unnamed := map[string]int{}
	for k, n := range l.counts {
		if k.mailbox != mailbox {
			continue
		}
		if n > rejectedByName {
			unnamed[k.folder] = n - rejectedByName
		}
		delete(l.counts, k)
	}
	return unnamed
}

// logRejected logs why a message of a folder, or a file under a path, was rejected;
// what is beyond the first few of them is summed up by sumUpRejected.
func (p *Poller) logRejected(mailbox, folder string, m report.Message) {
	if !p.rejects.add(folderKey{mailbox, folder}) {
		return
	}
	why := cmp.Or(m.Refused, "it contradicts a report that is recorded already")
	p.o.Log.Warn("rejected", "mailbox", m.Mailbox, "folder", m.Folder, "uid", m.UID, "message_id", m.MessageID, "sender", m.From, "err", why)
}

// sumUpRejected logs how many messages of a mailbox were rejected beside those that
// the log names, a line a folder.
func (p *Poller) sumUpRejected(mailbox string) {
	unnamed := p.rejects.take(mailbox)
	for _, folder := range slices.Sorted(maps.Keys(unnamed)) {
		p.o.Log.Warn("rejected more messages, which are not named here: tlsbrief status shows the newest", "mailbox", mailbox, "folder", folder, "count", unnamed[folder])
	}
}

// refusedTooLarge is why a message over the limit is rejected.
func refusedTooLarge(limit int64) string {
	return fmt.Sprintf("the message is larger than reports.max_message (%d bytes): raise it and run backfill to read it", limit)
}
