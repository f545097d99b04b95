package ingest

import (
	"fmt"
	"runtime/debug"

	"tlsbrief/internal/report"
)

// A fault of ours that one message brings to light would end the process, and
// the next one as well, at the same message. Nothing panics on purpose.

// Recovered calls f and returns a panic in it as an error.
func (in *Ingester) Recovered(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = in.Fault(fault)
		}
	}()
	return f()
}

// Fault logs a panic and returns it as an error. It is called while the panic is being
// recovered.
func (in *Ingester) Fault(fault any) error {
	in.o.Log.Error("a fault in tlsbrief: please report it", "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	return fmt.Errorf("internal fault: %v", fault)
}

// faulty returns a message that a fault of ours keeps from being read, as
// rejected. It is called while the panic is being recovered.
func (in *Ingester) faulty(m report.Message, fault any) report.Message {
	in.o.Log.Error("a fault in tlsbrief: please report it; the message is rejected",
		"mailbox", m.Mailbox, "folder", m.Folder, "uid", m.UID, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	m.Reports, m.Pending, m.Refused = nil, "", fmt.Sprintf("internal fault: %v", fault)
	return m
}
