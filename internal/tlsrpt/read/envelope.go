package read

import (
	"net/mail"
	"strings"
	"time"

	gomail "github.com/emersion/go-message/mail"

	"tlsbrief/internal/hostname"
)

// An Envelope is what a message's header says of itself: decoded, printable,
// bounded, and no more to be believed than any header.
type Envelope struct {
	From         string    // as written, decoded
	FromDomain   string    // A-label, lower case; empty where there is no telling, or several
	Subject      string    // decoded
	MessageID    string    // without angle brackets
	Submitter    string    // of TLS-Report-Submitter, else of the Subject (RFC 8460, section 5.3); a domain or empty
	SubmitterIn  string    // the field that Submitter is from, in lower case; empty if there is none
	PolicyDomain string    // of TLS-Report-Domain, else of the Subject; a domain or empty
	Date         time.Time // zero if absent or unreadable
	Received     time.Time // of the topmost Received field, UTC; zero if none
}

// ReadEnvelope reads an Envelope from a header. h returns the raw value of the
// topmost field of a name, "" if there is none.
func ReadEnvelope(h func(field string) string) Envelope {
	e := Envelope{
		From:      decodeField(h("From")),
		Subject:   decodeField(h("Subject")),
		MessageID: messageID(h("Message-ID")),
	}
	e.FromDomain = addressDomain(h("From"))
	e.SubmitterIn = "tls-report-submitter"
	if e.Submitter = headerDomain(h("TLS-Report-Submitter")); e.Submitter == "" {
		e.SubmitterIn = "subject"
		if e.Submitter = headerDomain(afterWord(e.Subject, "submitter:")); e.Submitter == "" {
			e.SubmitterIn = ""
		}
	}
	if e.PolicyDomain = headerDomain(h("TLS-Report-Domain")); e.PolicyDomain == "" {
		e.PolicyDomain = headerDomain(afterWord(e.Subject, "report domain:"))
	}
	e.Date = parseDate(unfold(h("Date")))
	if received := unfold(h("Received")); received != "" {
		e.Received = parseDate(strings.TrimSpace(received[strings.LastIndexByte(received, ';')+1:]))
	}
	return e
}

// EnvelopeOf reads the Envelope of a message, or of the beginning of one.
func EnvelopeOf(message []byte) Envelope {
	h, _ := splitHeader(message)
	return ReadEnvelope(h.get)
}

// parseDate reads a date of RFC 5322, section 3.3, as UTC; zero if it is none.
func parseDate(value string) time.Time {
	// Nearly all are written so. net/mail tries many layouts in turn, and makes an
	// error for each.
	for _, layout := range [...]string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700 (MST)"} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC()
		}
	}
	if t, err := mail.ParseDate(value); err == nil {
		return t.UTC()
	}
	return time.Time{}
}

// envelope reads the Envelope of a whole header. Where there are several From
// fields it is not for us to say which of them a reader is shown.
func (h header) envelope() Envelope {
	e := ReadEnvelope(h.get)
	if h.count("From") > 1 {
		e.FromDomain = ""
	}
	return e
}

// messageID returns what stands between the angle brackets, or without them the
// first word.
func messageID(value string) string {
	value = printable(unfold(value))
	if _, inner, ok := strings.Cut(value, "<"); ok {
		value, _, _ = strings.Cut(inner, ">")
	}
	return strings.Join(strings.Fields(value), "")
}

// addressDomain returns the domain that all addresses of a From field share; ""
// if they do not, or where there is none.
func addressDomain(value string) string {
	var h gomail.Header
	h.Set("From", unfold(value))
	list, err := h.AddressList("From")
	if err != nil {
		return looseAddressDomain(unfold(value))
	}
	domain := ""
	for _, a := range list {
		d := headerDomain(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
		if d == "" || domain != "" && d != domain {
			return ""
		}
		domain = d
	}
	return domain
}

// looseAddressDomain finds the domain in a From field that does not parse, but
// shows one address and no more.
func looseAddressDomain(value string) string {
	if strings.Count(value, "@") != 1 {
		return ""
	}
	_, domain, _ := strings.Cut(value, "@")
	if i := strings.IndexAny(domain, "> \t,;\"()<"); i >= 0 {
		domain = domain[:i]
	}
	return headerDomain(domain)
}

// headerDomain returns the domain that begins a field's value; "" if it is none.
func headerDomain(value string) string {
	value = unfold(value)
	if i := strings.IndexAny(value, " \t;,"); i >= 0 {
		value = value[:i]
	}
	domain, _ := hostname.Normalize(value)
	if !hostname.Valid(domain) {
		return ""
	}
	return domain
}

// afterWord returns what follows a word in s, in any case; "" if it is not there.
func afterWord(s, word string) string {
	if i := strings.Index(strings.ToLower(s), word); i >= 0 && i+len(word) <= len(s) {
		return strings.TrimSpace(s[i+len(word):])
	}
	return ""
}
