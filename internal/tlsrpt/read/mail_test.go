package read

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// base64Lines encodes as mail does, in lines of 76.
func base64Lines(data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s
}

const (
	reportName  = "sender.example!example.com!1772323200!1772409599!001.json.gz"
	mailHeader  = "From: TLS Reports <tlsrpt@sender.example>\r\nTo: reports@example.com\r\nDate: Mon, 02 Mar 2026 01:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\nSubject: Report Domain: example.com Submitter: sender.example Report-ID: <r-1>\r\nMIME-Version: 1.0\r\n"
	reportField = "TLS-Report-Domain: example.com\r\nTLS-Report-Submitter: sender.example\r\n"
	textPart    = "Content-Type: text/plain\r\n\r\nThis is an aggregate TLS report.\r\n"
)

// part returns a part with the packed minimal report.
func part(t testing.TB, contentType, disposition string) string {
	t.Helper()
	return "Content-Type: " + contentType + "\r\nContent-Disposition: " + disposition + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(gzipOf(t, minimal))
}

// multi returns a multipart's Content-Type field and body.
func multi(subtype, boundary string, parts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n", subtype, boundary)
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n", boundary, p)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.String()
}

// rfcMail is a mail as RFC 8460, section 5.3, has it.
func rfcMail(t testing.TB) string {
	return mailHeader + reportField + multi(`report; report-type="tlsrpt"`, "bound", textPart, part(t, "application/tlsrpt+gzip", `attachment; filename="`+reportName+`"`))
}

func TestReadMailFindsReports(t *testing.T) {
	t.Parallel()
	gz := "application/tlsrpt+gzip"
	attached := `attachment; filename="` + reportName + `"`
	rfc := rfcMail(t)
	encoded := base64Lines(gzipOf(t, minimal))
	body := func(fields, body string) string { return mailHeader + fields + "\r\n" + body }
	in := func(p string) string { return mailHeader + multi("mixed", "b", textPart, p) }
	strays := strings.Replace(encoded, "\r\n", "!\r\n \x00*", 3)
	deep := part(t, gz, attached)
	for i := range 15 {
		deep = multi("mixed", fmt.Sprint("b", i), deep)
	}
	tests := []struct {
		name, mail string
		n          int    // reports found
		dev        string // a deviation of the first; "" for none
		forwarded  bool
	}{
		{"as RFC 8460 has it", rfc, 1, "", false},
		{"with bare line feeds", strings.ReplaceAll(rfc, "\r\n", "\n"), 1, "", false},
		{"from an mbox", "\r\nFrom tlsrpt@sender.example Mon Mar  2 01:00:00 2026\r\n" + rfc, 1, "", false},
		{"Q14 bare application/tlsrpt", in(part(t, "application/tlsrpt", attached)), 1, `labelled "application/tlsrpt"`, false},
		{"Q15 tlsrpt+x-gzip", in(part(t, "application/tlsrpt+x-gzip", attached)), 1, `labelled "application/tlsrpt+x-gzip"`, false},
		{"Q16 octet-stream by name", in(part(t, "application/octet-stream", attached)), 1, `labelled "application/octet-stream"`, false},
		{"Q16 gzip by its first bytes", in(part(t, "application/gzip", "attachment")), 1, `labelled "application/gzip"`, false},
		{"Q16 json", in("Content-Type: application/json\r\n\r\n" + minimal), 1, `labelled "application/json"`, false},
		{"Q16 zip", in("Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(zipOf(t, "r.json", minimal))), 1, "zip: packed with zip", false},
		{"Q17 plain JSON labelled gzip", in("Content-Type: application/tlsrpt+gzip\r\n\r\n" + minimal), 1, "labelled application/tlsrpt+gzip, but it is not packed", false},
		{"Q17 gzip labelled JSON", in(part(t, "application/tlsrpt+json", attached)), 1, "labelled application/tlsrpt+json, but it is packed", false},
		{"tlsrpt+json", in("Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + minimal), 1, "", false},
		{"text by its name alone", in(part(t, "text/plain", attached)), 1, `labelled "text/plain"`, false},
		{"image by its name alone", in(part(t, "image/png", attached)), 1, `labelled "image/png"`, false},
		{"Q18 name in Content-Disposition alone", in(part(t, "application/octet-stream", "attachment;\r\n\tfilename="+reportName)), 1, "octet-stream", false},
		{"Q18 name split and encoded", in(part(t, "text/x-data; name*0*=UTF-8''sender.example%21example.com; name*1=!1772323200!1772409599;\r\n name*2=\".json.gz\"", "attachment")), 1, "text/x-data", false},
		{"name in encoded words", in(part(t, "text/x-data", `attachment; filename="=?utf-8?B?`+base64.StdEncoding.EncodeToString([]byte(reportName))+`?="`)), 1, "text/x-data", false},
		{"8-bit junk beside the name", in(part(t, "application/octet-stream; name=\xe7\xae\xa1.json.gz", attached)), 1, "octet-stream", false},
		{"trap 1: a parameter without name", in(part(t, "application/tlsrpt+gzip; =x", "attachment; =x")), 1, "", false},
		{"a missing semicolon", in(part(t, "application/tlsrpt+gzip name="+reportName, "attachment")), 1, "", false},
		{"Q19 stray characters in base64", in("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strays), 1, "stray characters in base64", false},
		{"base64 without padding", in("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.TrimRight(encoded, "=") + "A"), 1, "", false},
		{"unknown transfer encoding, base64 after all", in("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: x-base-64\r\n\r\n" + encoded), 1, "in base64 without saying so", false},
		{"unknown transfer encoding of plain JSON", in("Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: utf-8\r\n\r\n" + minimal), 1, "an unknown content transfer encoding", false},
		{"base64 of nothing of the kind", in("Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: base64\r\n\r\n" + minimal), 1, "labelled base64, but it is not", false},
		{"quoted-printable", in("Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(strings.ReplaceAll(minimal, "=", "=3D"), ",", ",=\r\n")), 1, "", false},
		{"malformed quoted-printable", in("Content-Type: application/tlsrpt+json\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Replace(minimal, "Sender", "S=E4nd= \r\ner =ZZ =41"+strings.Repeat("x", 5000), 1)), 1, "malformed quoted-printable", false},
		{"the whole body", body("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n", encoded), 1, "", false},
		{"the whole body, 8bit", body("Content-Type: application/tlsrpt+json\r\n", minimal), 1, "", false},
		{"Q34 last boundary without its end", strings.TrimSuffix(rfc, "--\r\n") + "\r\n", 1, "the last boundary is missing", false},
		{"no last boundary", strings.TrimSuffix(rfc, "--bound--\r\n"), 1, "the last boundary is missing", false},
		{"the boundary is not named", strings.Replace(rfc, `; boundary="bound"`, "", 1), 1, "the boundary is not as announced; guessed", false},
		{"another boundary is named", strings.Replace(rfc, `boundary="bound"`, `boundary="other"`, 1), 1, "guessed", false},
		{"a malformed header line", "this is no field\r\n" + strings.Replace(rfc, "MIME-Version", "neither is this\r\nMIME-Version", 1), 1, "", false},
		{"a malformed line in the part", strings.Replace(rfc, "Content-Disposition", "junk\r\nContent-Disposition", 1), 1, "", false},
		{"a part without type in a mail that claims", strings.Replace(rfc, "Content-Type: application/tlsrpt+gzip", "X-Content-Type: none", 1), 1, "the report's part has no media type", false},
		{"a multipart within a multipart, the boundary alike", mailHeader + multi("mixed", "b", multi("report; report-type=tlsrpt", "b_1", textPart, part(t, gz, attached))), 1, "", false},
		{"Q27 a footer after the report", mailHeader + multi("mixed", "b", strings.TrimPrefix(rfc, mailHeader+reportField), "Content-Type: text/plain\r\n\r\n_____\r\nlist footer"), 1, "", false},
		{"fifteen deep", mailHeader + deep, 1, "", false},
		{"two reports", mailHeader + multi("mixed", "b", part(t, gz, attached), part(t, gz, attached)), 2, "", false},
		{"forwarded", mailHeader + multi("mixed", "f", textPart, "Content-Type: message/rfc822\r\n\r\n"+rfc), 1, "", true},
		{"forwarded as base64", mailHeader + multi("mixed", "f", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64Lines([]byte(rfc))), 1, "", true},
		{"forwarded as the whole body", mailHeader + "Content-Type: message/rfc822\r\n\r\n" + rfc, 1, "", true},
		{"multipart/report without report-type", strings.Replace(rfc, `report; report-type="tlsrpt"`, "report", 1), 1, "", false},
		{"Q6 another id in the Subject", strings.Replace(rfc, "Report-ID: <r-1>", "Report-ID: <2026.03.01T00.00.00Z+example.com@sender.example>", 1), 1, "", false},
		{"Q8 Subject folded at every token", strings.Replace(rfc, "Report Domain: example.com Submitter: sender.example", "Report\r\n Domain:\r\n example.com\r\n Submitter:\r\n sender.example\r\n", 1), 1, "", false},
		{"Q24 HTML alone, an id in the recipient's domain, none in angle brackets", strings.NewReplacer("text/plain", "text/html", "<1@sender.example>", "<1+example.com@example.com>", "<r-1>", "r-1").Replace(rfc), 1, "", false},
		{"Q26 mailed weeks late", strings.Replace(rfc, "02 Mar 2026", "25 Mar 2026", 1), 1, "", false},
		{"Q11 domain from the Subject", mailHeader + "Content-Type: application/tlsrpt+json\r\n\r\n" + strings.Replace(minimal, partDomain, "", 1), 1, "example.com is taken from the Subject", false},
		{"one part good, one not", mailHeader + multi("mixed", "b", part(t, gz, attached), "Content-Type: application/tlsrpt+json\r\n\r\n{"), 1, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewReader(Limits{}).ReadMail([]byte(tt.mail))
			if err != nil || len(m.Found) != tt.n {
				t.Fatalf("found %d reports, error %v; want %d", len(m.Found), err, tt.n)
			}
			for _, f := range m.Found {
				if f.Report.ReportID != "r-1" || f.Report.Policies[0].Failed != 3 {
					t.Errorf("report = %+v", f.Report)
				}
				if f.Forwarded != tt.forwarded || f.Envelope.Submitter != "sender.example" {
					t.Errorf("forwarded = %v, submitter %q", f.Forwarded, f.Envelope.Submitter)
				}
			}
			if dev := deviations(m.Found[0].Report); !strings.Contains(dev, tt.dev) {
				t.Errorf("deviations:\n%swant %q", dev, tt.dev)
			}
			if got := ClassifyHeader(headerOf(tt.mail)); got == No && !strings.Contains(tt.name, "trap") && !strings.Contains(tt.name, "Subject") {
				t.Errorf("ClassifyHeader = %v: the poller would never see it", got)
			}
		})
	}
}

// headerOf returns the fields of a mail as ClassifyHeader asks for them.
func headerOf(mail string) func(string) string {
	h, _ := splitHeader(trimEnvelopeLine([]byte(mail)))
	return h.get
}

// What is no report is none, and what claims to be one and can't be read is a
// fault that names the part.
func TestReadMailRefuses(t *testing.T) {
	t.Parallel()
	in := func(p string) string { return mailHeader + multi("mixed", "b", textPart, p) }
	deep := part(t, "application/tlsrpt+gzip", "attachment")
	for i := range 25 {
		deep = multi("mixed", fmt.Sprint("b", i), deep)
	}
	var many []string
	for range maxMIMEParts + 1 {
		many = append(many, "\r\nx")
	}
	many = append(many, part(t, "application/tlsrpt+gzip", "attachment"))
	forwards := rfcMail(t)
	for range 25 {
		forwards = mailHeader + "Content-Type: message/rfc822\r\n\r\n" + forwards
	}
	bounce := mailHeader + multi("report; report-type=delivery-status", "b", textPart, "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n", "Content-Type: message/rfc822\r\n\r\n"+rfcMail(t))
	badDate := strings.Replace(minimal, partStart, `"never"`, 1)
	dmarc := gzipOf(t, "<?xml version=\"1.0\"?><feedback/>")
	tests := []struct {
		name, mail, want string
		noReport         bool
	}{
		{"text", mailHeader + "\r\nhello\r\n", "", true},
		{"a JSON in a text", mailHeader + "Content-Type: text/plain\r\n\r\n" + minimal, "", true},
		{"empty", "", "", true},
		{"a header alone", mailHeader, "", true},
		{"DMARC", in("Content-Type: application/gzip; name=\"s!d!1!2.xml.gz\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(dmarc)), "", true},
		{"a PDF", in("Content-Type: application/pdf\r\n\r\n%PDF-1.4"), "", true},
		{"somebody's JSON", in("Content-Type: application/json; name=invoice.json\r\n\r\n{\"total\": 5}"), "", true},
		{"somebody's broken archive", in("Content-Type: application/gzip; name=a.gz\r\n\r\n\x1f\x8b\x08broken"), "", true},
		{"a bounce with a report in it", bounce, "", true},
		{"an abuse report", mailHeader + multi("report; report-type=feedback-report", "b", part(t, "application/tlsrpt+gzip", "attachment")), "", true},
		{"a multipart without parts", mailHeader + "Content-Type: multipart/mixed; boundary=x\r\n\r\nnothing\r\n", "", true},
		{"labelled, but XML", in("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(dmarc)), "part 2: no TLS report: XML", true},
		{"labelled, cut short", in("Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Lines(gzipOf(t, minimal)[:100])), "part 2: gzip: damaged (unexpected EOF)", false},
		{"labelled, empty", in("Content-Type: application/tlsrpt+json\r\n\r\n"), "part 2: no TLS report: empty", true},
		{"by name, no JSON", in("Content-Type: text/plain; name=\"a!b!1!2.json\"\r\n\r\nhello"), `part 2 ("a!b!1!2.json"): no TLS report`, true},
		{"a bad report with no label at all", in("Content-Type: application/octet-stream\r\n\r\n" + badDate), "part 2: date-range.start-datetime", false},
		{"a claiming mail with a broken archive", mailHeader + reportField + multi("mixed", "b", "Content-Type: application/gzip\r\n\r\n\x1f\x8b\x08broken"), "part 1: gzip:", false},
		{"the whole body", mailHeader + "Content-Type: application/tlsrpt+json\r\n\r\n" + badDate, "the message's body: date-range.start-datetime", false},
		{"too deep", mailHeader + deep, "parts nested more than 20 deep", false},
		{"forwarded too often", forwards, "parts nested more than 20 deep", false},
		{"two bad parts, in one line", mailHeader + multi("mixed", "b", "Content-Type: application/tlsrpt+json\r\n\r\n{", "Content-Type: application/tlsrpt+json\r\n\r\n"+badDate), `unexpected EOF (RFC 8259 section 2); part 2: date-range`, false},
		{"too many parts", mailHeader + multi("mixed", "b", many...), "more than 1000 parts", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewReader(Limits{}).ReadMail([]byte(tt.mail))
			switch {
			case err == nil:
				t.Fatalf("found %d reports", len(m.Found))
			case !errors.Is(err, tlsrpt.ErrMalformed), !strings.Contains(err.Error(), tt.want), errors.Is(err, tlsrpt.ErrNoReport) != tt.noReport:
				t.Errorf("error = %v, want %q; ErrNoReport: %v", err, tt.want, tt.noReport)
			case (len(m.Faults) > 0) != (tt.want != ""):
				t.Errorf("faults = %v", m.Faults)
			}
			if tt.mail != "" && m.Envelope.MessageID != "1@sender.example" {
				t.Errorf("envelope = %+v", m.Envelope)
			}
		})
	}
}

func TestReadMailBoundsTheMessage(t *testing.T) {
	t.Parallel()
	mail := []byte(rfcMail(t))
	if _, err := NewReader(Limits{MaxMessage: int64(len(mail))}).ReadMail(mail); err != nil {
		t.Error(err)
	}
	m, err := NewReader(Limits{MaxMessage: int64(len(mail)) - 1}).ReadMail(mail)
	if err == nil || !strings.Contains(err.Error(), "reports.max_message") || errors.Is(err, tlsrpt.ErrNoReport) || !errors.Is(err, tlsrpt.ErrMalformed) {
		t.Errorf("error = %v", err)
	}
	if m == nil || m.Envelope.Submitter != "sender.example" {
		t.Errorf("mail = %+v", m)
	}
}

// The message that vouches for a report is the innermost one, byte for byte:
// its signature is checked.
func TestFoundMessage(t *testing.T) {
	t.Parallel()
	rfc := rfcMail(t)
	inner := strings.Replace(rfc, "<1@sender.example>", "<inner@sender.example>", 1)
	outer := strings.Replace(mailHeader, "tlsrpt@sender.example", "colleague@example.com", 1)
	forward := outer + multi("mixed", "f", textPart, "Content-Type: message/rfc822\r\n\r\n"+inner)
	for _, tt := range []struct {
		name, mail, want, id string
	}{
		{"itself", rfc, rfc, "1@sender.example"},
		{"without the mbox line", "From x\n" + rfc, rfc, "1@sender.example"},
		{"forwarded", forward, inner, "inner@sender.example"},
		{"forwarded twice", outer + multi("mixed", "g", "Content-Type: message/rfc822\r\n\r\n"+forward), inner, "inner@sender.example"},
		{"forwarded in base64", outer + multi("mixed", "g", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64Lines([]byte(inner))), inner, "inner@sender.example"},
	} {
		data := []byte(tt.mail)
		m, err := NewReader(Limits{}).ReadMail(data)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		f := m.Found[0]
		if !bytes.Equal(f.Message, []byte(tt.want)) || f.Envelope.MessageID != tt.id {
			t.Errorf("%s: message of %d bytes, %q; want %d bytes, %q", tt.name, len(f.Message), f.Envelope.MessageID, len(tt.want), tt.id)
		}
		if strings.HasPrefix(tt.name, "forwarded") && m.Envelope.From == f.Envelope.From {
			t.Errorf("%s: the outer envelope is the inner one: %+v", tt.name, m.Envelope)
		}
	}
}

func TestReadEnvelope(t *testing.T) {
	t.Parallel()
	get := func(fields ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(fields); i += 2 {
				if strings.EqualFold(fields[i], name) {
					return fields[i+1]
				}
			}
			return ""
		}
	}
	date := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		fields []string
		want   Envelope
	}{
		{"nothing", nil, Envelope{}},
		{
			"folded, encoded",
			[]string{
				"From", "=?utf-8?Q?J=C3=B6rg?=\r\n <J@Sender.Example>", "Subject", "Report\r\n Domain: Example.com\r\n Submitter:\r\n sender.example\r\n Report-ID: <x>",
				"Message-ID", " <a@b>\r\n", "Date", "Mon, 02 Mar 2026 02:00:00 +0100 (CET)", "Received", "from a; b (c)\r\n\tby d with e; Mon,  2 Mar 2026 01:00:00 +0000 (UTC)",
			},
			Envelope{
				From: "Jörg <J@Sender.Example>", FromDomain: "sender.example", Subject: "Report Domain: Example.com Submitter: sender.example Report-ID: <x>",
				MessageID: "a@b", Submitter: "sender.example", SubmitterIn: "subject", PolicyDomain: "example.com", Date: date, Received: date,
			},
		},
		{"fields before Subject", []string{"TLS-Report-Domain", "bücher.example", "TLS-Report-Submitter", " Mail.Ru. ", "Subject", "Report Domain: x.example Submitter: y.example"}, Envelope{Subject: "Report Domain: x.example Submitter: y.example", Submitter: "mail.ru", SubmitterIn: "tls-report-submitter", PolicyDomain: "xn--bcher-kva.example"}},
		{"DMARC's form with semicolons", []string{"Subject", "Report Domain: a.example; Submitter: B.example; Report-ID: 1"}, Envelope{Subject: "Report Domain: a.example; Submitter: B.example; Report-ID: 1", Submitter: "b.example", SubmitterIn: "subject", PolicyDomain: "a.example"}},
		{"what is no domain", []string{"TLS-Report-Domain", "<script>", "TLS-Report-Submitter", "a b c"}, Envelope{Submitter: "a", SubmitterIn: "tls-report-submitter"}},
		{"control characters", []string{"Subject", "a\x00b\x1b[31m\u202ec\u2028d \xff"}, Envelope{Subject: "a b [31m c d \uFFFD"}},
		{"encoded control characters", []string{"Subject", "=?utf-8?Q?a=0D=0ABcc:_x=E2=80=AEy?="}, Envelope{Subject: "a Bcc: x y"}},
		{"two addresses of one domain", []string{"From", "a@x.example, b@X.example"}, Envelope{From: "a@x.example, b@X.example", FromDomain: "x.example"}},
		{"two domains", []string{"From", "a@x.example, b@y.example"}, Envelope{From: "a@x.example, b@y.example"}},
		{"an address in the name", []string{"From", `"ceo@bank.example" <a@x.example>`}, Envelope{From: `"ceo@bank.example" <a@x.example>`, FromDomain: "x.example"}},
		{"malformed, but one address", []string{"From", "TLS Reports. (x <a@x.example>"}, Envelope{From: "TLS Reports. (x <a@x.example>", FromDomain: "x.example"}},
		{"malformed, two addresses", []string{"From", "<a@x.example <b@y.example>"}, Envelope{From: "<a@x.example <b@y.example>"}},
		{"no address", []string{"From", "nobody"}, Envelope{From: "nobody"}},
		{"unreadable dates", []string{"Date", "Fri, May 09 2017 16:54:30 -0800", "Received", "from here"}, Envelope{}},
		{"Message-ID without brackets", []string{"Message-ID", "000@google.com"}, Envelope{MessageID: "000@google.com"}},
		{"a Message-ID with blanks", []string{"Message-ID", "<a b\r\n c@d>"}, Envelope{MessageID: "abc@d"}},
	}
	for _, tt := range tests {
		if got := ReadEnvelope(get(tt.fields...)); got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
	long := ReadEnvelope(get("Subject", strings.Repeat("ä", 3000), "From", strings.Repeat("(", 1<<20)))
	if n := len([]rune(long.Subject)); n != maxField {
		t.Errorf("Subject of %d runes, want %d", n, maxField)
	}
	m, _ := NewReader(Limits{}).ReadMail([]byte("From: a@x.example\nFrom: b@y.example\n\n"))
	if m.Envelope.FromDomain != "" {
		t.Errorf("FromDomain = %q of two From fields, want none", m.Envelope.FromDomain)
	}
}

func TestHeaderOfShortFieldsTakesNoMoreThanItsSize(t *testing.T) {
	// Not in parallel: what other tests allocate would count.
	flood := []byte(strings.Repeat("X: y\r\n", 200_000) + "\r\n")
	allocated := testing.Benchmark(func(b *testing.B) {
		rd := NewReader(DefaultLimits())
		for b.Loop() {
			if _, err := rd.ReadMail(flood); !errors.Is(err, tlsrpt.ErrNoReport) {
				b.Fatalf("error = %v, want ErrNoReport", err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > int64(len(flood)) {
		t.Errorf("reading %d bytes of header allocates %d bytes", len(flood), allocated)
	}
}
