package ingest

import "tlsbrief/internal/tlsrpt/read"

// How far the parts of a message are followed to find out whether it can be a TLS report.
const (
	PartDepth      = 4  // containers within one another
	PartContainers = 12 // containers in all
	PartsEach      = 8  // parts of one container
)

// isCandidate reports whether a poll would fetch a message that lies in a file: there
// as in a mailbox, a message that no header calls a report is somebody's private mail.
// cut says that data is only the beginning of the message.
func isCandidate(mail *read.Mail, data []byte, cut bool) bool {
	switch mail.Likelihood {
	case read.Certain:
		return true
	case read.Maybe:
		return read.ShowsReport(data, read.PartBounds{Depth: PartDepth, Containers: PartContainers, Parts: PartsEach, Cut: cut})
	case read.No:
	}
	return false
}
