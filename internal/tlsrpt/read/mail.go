package read

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// A Mail is what a message holds of TLS reports.
type Mail struct {
	Envelope   Envelope   // of the outermost message
	Likelihood Likelihood // by the header of the outermost message: see [ClassifyHeader]

	Found []Found

	// Faults are the parts that claimed to be a report and could not be read.
	// Each wraps ErrMalformed.
	Faults []error
}

// A Found is a report with where it was found.
type Found struct {
	Report *tlsrpt.Report

	// Message is the innermost message that holds the report, which is the one
	// whose signature vouches for it: the outermost itself, without the
	// "From " line of a mailbox file, unless the report was forwarded. It
	// aliases the data given to ReadMail, unless the inner message was in a
	// transfer encoding.
	Message   []byte
	Envelope  Envelope // of Message
	Forwarded bool     // Message is an inner one

	// Relies names the header fields of Message, in lower case, that decide what
	// in its body is the report: Content-Type, Content-Transfer-Encoding or both.
	// Where a signature leaves such a field out, a stranger may have written it
	// to have another's words read as a report. It is empty where the body alone
	// shows its structure: it begins with the first boundary, or is the report
	// and nothing else. All reports of a Message have the same.
	Relies []string
}

// ReadMail finds and reads the reports in a mail message, given as RFC 5322 has
// it, with either kind of line end. Reports are known by media type
// (application/tlsrpt…), then by file name (RFC 8460, section 5.1), then by
// their first bytes, at any depth.
//
// The error is nil if a report was found, whatever else was in the mail. It is
// [tlsrpt.ErrNoReport] where nothing in it looks like a report; else it wraps
// [tlsrpt.ErrMalformed] and says why the report could not be read. The Mail is never
// nil: its Envelope can be used whatever the error.
func (rd *Reader) ReadMail(data []byte) (*Mail, error) {
	rd.begin()
	data = trimEnvelopeLine(data)
	w := walker{rd: rd, mail: new(Mail)}
	if int64(len(data)) > rd.limits.MaxMessage {
		return rd.ReadHeader(data[:rd.limits.MaxMessage]), fault("message", ruleBounds, "larger than %d bytes, the limit reports.max_message", rd.limits.MaxMessage)
	}
	w.message(data, place{})
	switch {
	case len(w.mail.Found) > 0:
		return w.mail, nil
	case len(w.mail.Faults) > 0:
		return w.mail, faults(w.mail.Faults).joined()
	}
	return w.mail, tlsrpt.ErrNoReport
}

// ReadHeader reads no more of a mail message than its header, of which data need hold
// no more.
func (rd *Reader) ReadHeader(data []byte) *Mail {
	h, _ := splitHeader(trimEnvelopeLine(data))
	return &Mail{Envelope: h.envelope(), Likelihood: ClassifyHeader(h.get)}
}

// A walker goes through the parts of one mail.
type walker struct {
	rd    *Reader
	mail  *Mail
	parts int
	full  bool // a bound was reached, and said so
}

// A place is where in the mail a part stands.
type place struct {
	message   []byte
	envelope  Envelope
	forwarded bool
	relies    []string
	top       bool  // it is the message's own content, and no part
	claims    bool  // something around the part says that this is a TLS report
	depth     int   // multiparts and messages around it
	path      []int // IMAP's numbers of the part
	notes     []tlsrpt.Deviation
}

// message reads a whole message.
func (w *walker) message(data []byte, around place) {
	h, body := splitHeader(data)
	at := place{message: data, top: true, envelope: h.envelope(), forwarded: around.depth > 0, path: around.path, depth: around.depth + 1, notes: around.notes}
	at.claims = h.get("TLS-Report-Domain") != "" || h.get("TLS-Report-Submitter") != ""
	if !at.forwarded {
		w.mail.Envelope, w.mail.Likelihood = at.envelope, ClassifyHeader(h.get)
	}
	w.entity(h, body, at)
}

// entity reads a message's content or a part.
func (w *walker) entity(h header, body []byte, at place) {
	if w.parts++; w.parts > maxMIMEParts {
		w.bound("more than %d parts", maxMIMEParts)
		return
	}
	if at.depth > maxMIMEDepth {
		w.bound("parts nested more than %d deep", maxMIMEDepth)
		return
	}
	t, params := mediaType(h.get("Content-Type"))
	switch {
	case strings.HasPrefix(t, "multipart/"):
		reportType := token(params["report-type"])
		if t == "multipart/report" && isOtherReportType(reportType) {
			return
		}
		at.claims = at.claims || reportType == "tlsrpt"
		inner, decoded := decodeContainer(body, h.get("Content-Transfer-Encoding"))
		if decoded {
			at.notes = append(at.notes, encodedNote("multipart"))
		}
		w.multipart(inner, params["boundary"], decoded, at)
	case isMessageType(t):
		inner, decoded := decodeContainer(body, h.get("Content-Transfer-Encoding"))
		at.notes = nil
		if decoded {
			at.notes = append(at.notes, encodedNote("message"))
		}
		w.message(trimEnvelopeLine(inner), at)
	default:
		w.leaf(h, t, body, at)
	}
}

// bound says once that a bound was reached. What lies beyond it is not read.
func (w *walker) bound(format string, args ...any) {
	if !w.full {
		w.full = true
		w.mail.Faults = append(w.mail.Faults, fault("message", ruleBounds, format, args...))
	}
}

// multipart reads the parts of a multipart. decoded says that its transfer encoding
// was undone.
func (w *walker) multipart(body []byte, boundary string, decoded bool, at place) {
	left := maxMIMEParts - w.parts + 1
	parts, closed := splitMultipart(body, boundary, left)
	if boundary == "" || len(parts) == 0 {
		if boundary = guessBoundary(body); boundary == "" {
			return
		}
		parts, closed = splitMultipart(body, boundary, left)
		at.notes = append(at.notes, deviation("mime", "the boundary is not as announced; guessed", "RFC 2046 section 5.1"))
	}
	if !closed {
		at.notes = append(at.notes, deviation("mime", "the last boundary is missing", "RFC 2046 section 5.1.1, Q34"))
	}
	if at.top && !beginsWithDelimiter(body, boundary) {
		at.relies = []string{"content-type"}
	}
	if at.top && decoded {
		at.relies = append(at.relies, "content-transfer-encoding")
	}
	at.top = false
	for i, part := range parts {
		if w.full {
			return
		}
		inner := at
		inner.depth++
		inner.path = append(at.path[:len(at.path):len(at.path)], i+1)
		h, content := splitHeader(part)
		w.entity(h, content, inner)
	}
}

// leaf reads a part that is no container, if it can be a report.
func (w *walker) leaf(h header, t string, body []byte, at place) {
	encoding := h.get("Content-Transfer-Encoding")
	name := partName(h.get("Content-Type"), h.get("Content-Disposition"))
	labelled := isReportType(t) || FileNameLooksLikeReport(name)
	if !labelled {
		_, json := trimJSON(name)
		possible := json || strings.HasPrefix(t, "application/") || t == "" && at.claims
		if !possible || !startsLikeReport(body, encoding) {
			return
		}
	}
	switch {
	case w.rd.left.reports <= 0:
		w.bound("more than %d reports", maxEntries)
		return
	case w.rd.left.bytes <= 0:
		w.bound("reports of more than %d bytes unpacked, the limit reports.max_report", w.rd.limits.MaxReport)
		return
	}
	data, odd := decodeTransfer(body, encoding)
	if odd != "" {
		at.notes = append(at.notes, deviation("mime", odd, "RFC 2045 section 6, Q19"))
	}
	at.notes = append(at.notes, labelNotes(t, data)...)
	w.rd.recognized, w.rd.loose = false, false
	reports, err := w.rd.readPacked(data, hints{subject: at.envelope.PolicyDomain, file: name})
	if at.top {
		at.relies = reliesOf(body, data, odd != "", w.rd.loose || err != nil || len(reports) > 1)
	}
	for _, r := range reports {
		r.Deviations = append(r.Deviations, at.notes...)
		w.mail.Found = append(w.mail.Found, Found{Report: r, Message: at.message, Envelope: at.envelope, Forwarded: at.forwarded, Relies: at.relies})
	}
	if err != nil && (labelled || w.rd.recognized || at.claims && !errors.Is(err, tlsrpt.ErrNoReport)) {
		w.mail.Faults = append(w.mail.Faults, fmt.Errorf("%s: %w", partLabel(at.path, name), err))
	}
}

// startsLikeReport decodes no more than the beginning of a part.
func startsLikeReport(body []byte, encoding string) bool {
	const enough = 512
	start, _ := decodeTransfer(body[:min(len(body), enough)], encoding)
	if packingOf(start) != unpacked {
		return true
	}
	start = bytes.TrimPrefix(start, utf8BOM())
	first := firstByte(start)
	order, _ := utf16Order(start)
	return first == '{' || first == '[' || order != nil
}

// labelNotes notes where the label of a part is not that of RFC 8460, sections
// 6.4 and 6.5, for what is in it.
func labelNotes(t string, data []byte) []tlsrpt.Deviation {
	packed := packingOf(data)
	switch {
	case t == "application/tlsrpt+gzip" && packed == unpacked:
		return []tlsrpt.Deviation{deviation("mime", "labelled application/tlsrpt+gzip, but it is not packed", ruleMail+", Q17")}
	case t == "application/tlsrpt+json" && packed != unpacked:
		return []tlsrpt.Deviation{deviation("mime", "labelled application/tlsrpt+json, but it is packed", ruleMail+", Q17")}
	case t == "application/tlsrpt+gzip", t == "application/tlsrpt+json":
		return nil
	case t == "":
		return []tlsrpt.Deviation{deviation("mime", "the report's part has no media type", ruleMail+", Q16")}
	}
	return []tlsrpt.Deviation{deviation("mime", "the report's part is labelled "+quoted(t), ruleMail+", Q14, Q16")}
}

// partLabel names a part in an error.
func partLabel(path []int, name string) string {
	label := "the message's body"
	if len(path) > 0 {
		label = "part"
		for i, n := range path {
			sep := "."
			if i == 0 {
				sep = " "
			}
			label += sep + strconv.Itoa(n)
		}
	}
	if name != "" {
		label += " (" + quoted(name) + ")"
	}
	return label
}
