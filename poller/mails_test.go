package poller_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// reportDay is what all reports are about.
var reportDay = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// middle stands in the body of each report's mail, and in no header.
const middle = "This line is the middle of the message."

// reportJSON is the report numbered n, about a domain.
func reportJSON(n int, domain string) string {
	return fmt.Sprintf(`{"organization-name":"Sender","date-range":{"start-datetime":"2020-01-01T00:00:00Z","end-datetime":"2020-01-01T23:59:59Z"},
"contact-info":"tls@sender.example","report-id":"report-%d","policies":[{"policy":{"policy-type":"sts","policy-domain":"%s"},
"summary":{"total-successful-session-count":%d,"total-failure-session-count":0}}]}`, n, domain, n+1)
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a bytes.Buffer does not fail
	_ = z.Close()
	return wrapped(b.Bytes())
}

// wrapped encodes in lines of 76 characters.
func wrapped(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text + "\r\n"
}

// head is the header that each mail has; n makes it another mail.
func head(n int, from, subject string) string {
	return fmt.Sprintf("Received: from a by b; Mon, 02 Mar 2026 04:00:00 +0000\r\nFrom: %s\r\nTo: reports@example.com\r\n"+
		"Date: Mon, 02 Mar 2026 04:00:00 +0000\r\nSubject: %s\r\nMessage-ID: <%d@sender.example>\r\nMIME-Version: 1.0\r\n", from, subject, n)
}

// report is the mail of the report numbered n as RFC 8460, section 5.3, has it.
func newReport(n int) []byte { return reportAbout(n, "example.com") }

func reportAbout(n int, domain string) []byte { return reportOf(n, reportJSON(n, domain)) }

// reportOf wraps a report, or what claims to be one.
func reportOf(n int, text string) []byte {
	return []byte(head(n, "tls@sender.example", "Report Domain: example.com Submitter: sender.example Report-ID: <x>") +
		"TLS-Report-Domain: example.com\r\nTLS-Report-Submitter: sender.example\r\n" +
		"Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\n" + middle + "\r\n" +
		"--b\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed(text) + "--b--\r\n")
}

// mixedReport has nothing in its header that says what it is: an attachment with
// a name of RFC 8460, section 5.1.
func mixedReport(n int) []byte {
	return []byte(head(n, "someone@sender.example", "see attachment") +
		"Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
		"--m\r\nContent-Type: application/octet-stream; name=\"" + reportName(n) + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		packed(reportJSON(n, "example.com")) + "--m--\r\n")
}

func reportName(n int) string {
	return fmt.Sprintf("sender.example!example.com!%d!%d!%d.json.gz", reportDay.Unix(), reportDay.Unix()+86399, n)
}

// loneReport has one part, the report, and no TLS-Report fields.
func loneReport(n int) []byte {
	return []byte(head(n, "tls@sender.example", "a report") + "Content-Type: application/tlsrpt+gzip; name=\"" + reportName(n) + "\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + packed(reportJSON(n, "example.com")))
}

// forwarded is a mail of a person who forwards another.
func forwarded(inner []byte) []byte {
	return []byte(head(1, "alex@example.com", "Fwd: what is this?") +
		"Content-Type: multipart/mixed; boundary=\"fwd\"\r\n\r\n--fwd\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n" +
		"--fwd\r\nContent-Type: message/rfc822\r\n\r\n" + string(inner) + "\r\n--fwd--\r\n")
}

// letter is a person's mail.
func letter(n int) []byte {
	return []byte(head(n, "alex@example.com", "Lunch?") + "Content-Type: text/plain\r\n\r\nAt noon?\r\n")
}

// withAttachment is a person's mail with so many bytes attached.
func withAttachment(n, size int) []byte {
	data := make([]byte, size)
	random := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = random.Read(data) // it does not fail
	return []byte(head(n, "alex@example.com", "The scan") + "Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\n" +
		"--a\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n--a\r\nContent-Type: application/pdf; name=\"scan.pdf\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + wrapped(data) + "--a--\r\n")
}

// poison makes go-imap give up the connection where BODYSTRUCTURE is asked for.
func poison(n int) []byte {
	return []byte(head(n, "stranger@example.net", "boom") + "Content-Type: text/plain; =x\r\n\r\nboom\r\n")
}

// poisonMixed has the same in a part.
func poisonMixed(n int) []byte {
	return []byte(head(n, "stranger@example.net", "boom") + "Content-Type: multipart/mixed; boundary=p\r\n\r\n" +
		"--p\r\nContent-Type: text/plain; =x\r\n\r\nboom\r\n--p--\r\n")
}
