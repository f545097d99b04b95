package poller

import (
	"tlsbrief/internal/report"
	"tlsbrief/internal/tlsrpt"
)

// partsOfContainer is how many parts of a container are looked at, as many as
// [imapbox.Session.PartHeaders] asks for.
const partsOfContainer = 8

// isCandidate reports whether a poll would fetch a message that lies in a file: there
// as in a mailbox, what no header calls a report is somebody's private mail.
// cut says that data is the beginning of the message alone.
func isCandidate(mail *tlsrpt.Mail, data []byte, cut bool) bool {
	switch mail.Likelihood {
	case tlsrpt.Certain:
		return true
	case tlsrpt.Maybe:
		return tlsrpt.ShowsReport(data, tlsrpt.PartBounds{Depth: partDepth, Containers: partQueries, Parts: partsOfContainer, Cut: cut})
	case tlsrpt.No:
	}
	return false
}

// readCut judges a mail in a file that is larger than reports.max_message, by its
// beginning. It is not ours where a poll would not fetch it either.
func (rd Reading) readCut(r *tlsrpt.Reader, place report.Place, beginning []byte) *draft {
	mail := r.ReadHeader(beginning)
	d := whole(report.Message{Place: place, Refused: refusedTooLarge(r.Limits().MaxMessage)})
	d.ours = isCandidate(mail, beginning, true)
	describe(&d.message, mail.Envelope)
	return d
}
