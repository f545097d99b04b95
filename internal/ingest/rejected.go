package ingest

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"tlsbrief/internal/report"
)

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

// LogRejected logs why a message of a folder, or a file under a path, was rejected;
// what is beyond the first few of them is summed up by SumUpRejected.
func (in *Ingester) LogRejected(mailbox, folder string, m report.Message) {
	if !in.rejected.add(folderKey{mailbox, folder}) {
		return
	}
	why := cmp.Or(m.Refused, "it contradicts a report that is recorded already")
	in.o.Log.Warn("rejected", "mailbox", m.Mailbox, "folder", m.Folder, "uid", m.UID, "message_id", m.MessageID, "sender", m.From, "err", why)
}

// SumUpRejected logs how many messages of a mailbox were rejected beside those that
// the log names, a line a folder.
func (in *Ingester) SumUpRejected(mailbox string) {
	unnamed := in.rejected.take(mailbox)
	for _, folder := range slices.Sorted(maps.Keys(unnamed)) {
		in.o.Log.Warn("rejected more messages, which are not named here: tlsbrief status shows the newest", "mailbox", mailbox, "folder", folder, "count", unnamed[folder])
	}
}
