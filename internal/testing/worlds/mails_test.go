package worlds

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/samples"
)

// A kind is what a mail is.
type kind string

// Reports that are to be recorded, and marked.
const (
	plain     kind = "report"    // as RFC 8460 has it
	bundled   kind = "bundled"   // only its parts say that it holds one
	lone      kind = "lone"      // the report is all there is
	forwarded kind = "forwarded" // lies in another mail
)

// What says that it is a report and cannot be read as one: to be rejected and named,
// and otherwise left as it is.
const (
	garbled kind = "garbled"
	hollow  kind = "hollow" // the attachment is missing
)

// Other people's mail.
const (
	letter     kind = "letter"
	photo      kind = "photo"
	dmarc      kind = "DMARC report"
	bounce     kind = "bounce"
	resent     kind = "forwarded letter"
	invitation kind = "invitation"
)

func goods() []kind    { return []kind{plain, bundled, lone, forwarded} }
func brokens() []kind  { return []kind{garbled, hollow} }
func foreigns() []kind { return []kind{letter, photo, dmarc, bounce, resent, invitation} }

const (
	domain   = "example.com" // that reports are about
	serialOf = "X-Serial"    // the field that tells mails apart
)

// arrivalDay is when all mail arrives: reports are about the day before.
func arrivalDay() time.Time { return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC) }

// write makes the mail. The serial number tells it from all others of the world.
func (m mail) write(t testing.TB, serial int) []byte {
	t.Helper()
	data := m.bare(t)
	// The field follows the first line, where no signature is in the way.
	data = append([]byte(fmt.Sprintf("%s: %d\r\n", serialOf, serial)), data...)
	if missing := m.size - int64(len(data)); missing > 0 && m.kind != lone {
		data = append(data, filling(int(missing))...) // behind what the last boundary ends
	}
	return data
}

// filling is lines of text of so many bytes.
func filling(size int) []byte {
	line := strings.Repeat("x", 76) + "\r\n"
	if size < 2 {
		return []byte(strings.Repeat(" ", size))
	}
	return append(bytes.Repeat([]byte(line), size/len(line)), line[len(line)-size%len(line):]...)
}

// bare is the mail as small as it gets.
func (m mail) bare(t testing.TB) []byte {
	t.Helper()
	write := samples.Report
	if m.kind == bundled {
		write = samples.Bundled
	}
	report, err := write(m.number, arrivalDay(), domain)
	if err != nil {
		t.Fatal(err)
	}
	text := string(report.Data)
	switch at := strings.Index(text, "Content-Type: application/tlsrpt+gzip"); m.kind {
	case plain, bundled:
		return report.Data
	case lone:
		part := text[at:strings.LastIndex(text, "--=_report")]
		return []byte(head("tls@sender.example", "a report") + part)
	case forwarded:
		return []byte(head("alex@example.com", "Fwd: what is this?") + "Content-Type: multipart/mixed; boundary=f\r\n\r\n" +
			"--f\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n" + text + "\r\n--f--\r\n")
	case garbled:
		header, _, _ := strings.Cut(text[at:], "\r\n\r\n")
		return []byte(text[:at] + header + "\r\n\r\nbm8gcmVwb3J0IGF0IGFsbA==\r\n" + text[strings.LastIndex(text, "--=_report"):])
	case hollow:
		return []byte(text[:at] + "Content-Type: text/plain\r\n\r\nAn attachment was removed here.\r\n" + text[strings.LastIndex(text, "--=_report"):])
	}
	return m.foreign()
}

// head begins a header.
func head(from, subject string) string {
	return fmt.Sprintf("From: %s\r\nTo: reports@example.com\r\nDate: %s\r\nSubject: %s\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n",
		from, arrivalDay().Format(time.RFC1123Z), subject)
}

func (m mail) foreign() []byte {
	from := fmt.Sprintf("Alex <alex-%d@example.com>", m.number)
	text := "Content-Type: text/plain\r\n\r\nHi, shall we meet at noon?\r\n"
	multipart := func(kind, of, second string) []byte {
		return []byte(head(from, "about "+kind) + "Content-Type: multipart/" + of + "; boundary=x\r\n\r\n--x\r\n" + text + "--x\r\n" + second + "\r\n--x--\r\n")
	}
	switch m.kind {
	case photo:
		return multipart("the holidays", "mixed", "Content-Type: image/jpeg; name=beach.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/4AAQSkZJRg==")
	case dmarc:
		return multipart("Report domain: example.com", "mixed", "Content-Type: application/gzip; name=\"google.com!example.com!1772323200!1772409599.xml.gz\"\r\n"+
			"Content-Transfer-Encoding: base64\r\n\r\nH4sIAAAAAAAA")
	case bounce:
		return multipart("undelivered mail", "report; report-type=delivery-status", "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n")
	case resent:
		return multipart("Fwd: lunch", "mixed", "Content-Type: message/rfc822\r\n\r\n"+head(from, "lunch")+text)
	case invitation:
		return multipart("lunch", "alternative", "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
	}
	return []byte(head(from, "Lunch?") + text)
}
