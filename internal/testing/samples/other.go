package samples

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"time"
)

// otherMail returns the mail of the day after day that is no TLS report: a DMARC
// report daily, a bounce and a person's mail on some days.
func otherMail(day time.Time, back int) []Mail {
	arrival := day.AddDate(0, 0, 1).Add(5 * time.Hour)
	mails := []Mail{dmarcReport(day, arrival)}
	if back%3 == 0 {
		mails = append(mails, person(arrival.Add(4*time.Hour), back))
	}
	if back%7 == 0 {
		mails = append(mails, bounce(arrival.Add(6*time.Hour), back))
	}
	return mails
}

// dmarcReport returns a DMARC report (RFC 7489), whose mail resembles a TLS report.
func dmarcReport(day, arrival time.Time) Mail {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	name := fmt.Sprintf("google.com!example.com!%d!%d", day.Unix(), day.AddDate(0, 0, 1).Unix()-1)
	if w, err := z.Create(name + ".xml"); err == nil { // a bytes.Buffer does not fail
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>google.com</org_name></report_metadata></feedback>")
	}
	z.Close()
	head := fmt.Sprintf("Content-Type: application/zip; name=\"%s.zip\"\r\nContent-Disposition: attachment; filename=\"%s.zip\"\r\nContent-Transfer-Encoding: base64\r\n", name, name)
	return other("a DMARC report", arrival, "noreply-dmarc-support@google.com",
		fmt.Sprintf("Report domain: example.com Submitter: google.com Report-ID: %d", day.Unix()), head, base64Lines(packed.Bytes()))
}

func person(arrival time.Time, n int) Mail {
	return other("a person's mail", arrival, "Alex Example <alex@example.com>", "Lunch on Thursday?",
		"Content-Type: text/plain; charset=utf-8\r\n", fmt.Sprintf("Hi,\r\n\r\nshall we meet at noon? Table %d is free.\r\n\r\nAlex\r\n", n))
}

func bounce(arrival time.Time, n int) Mail {
	body := strings.ReplaceAll(fmt.Sprintf(`--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx1.example.com

Final-Recipient: rfc822; nobody%d@example.org
Action: failed
Status: 5.1.1

--b--
`, n), "\n", "\r\n")
	return other("a bounce", arrival, "MAILER-DAEMON@mx1.example.com", "Undelivered Mail Returned to Sender",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n", body)
}

func other(name string, arrival time.Time, from, subject, head, body string) Mail {
	id := fmt.Sprintf("%d.%d@other.example", arrival.Unix(), len(subject))
	data := fmt.Sprintf("From: %s\r\nTo: reports@example.com\r\nDate: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\nMIME-Version: 1.0\r\n%s\r\n%s",
		from, arrival.Format(time.RFC1123Z), subject, id, head, body)
	return Mail{Data: []byte(data), Date: arrival, Name: name}
}
