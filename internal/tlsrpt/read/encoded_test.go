package read

import (
	"fmt"
	"strings"
	"testing"
)

// quotedPrintable encodes text, its line ends as they are.
func quotedPrintable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for i, c := range []byte(strings.TrimRight(line, "\r\n")) {
			if i%70 == 69 {
				b.WriteString("=\r\n")
			}
			if c == '=' {
				b.WriteString("=3D")
			} else {
				b.WriteByte(c)
			}
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// M-A9: a message or a multipart in a transfer encoding is read as it is without.
func TestContainersInATransferEncoding(t *testing.T) {
	t.Parallel()
	report := rfcMail(t)
	enclosed := func(encoding, content string) string {
		return mailHeader + multi("mixed", "o", textPart, "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: "+encoding+"\r\n\r\n"+content)
	}
	_, inner, _ := strings.Cut(report, "multipart/report; report-type=\"tlsrpt\"; boundary=\"bound\"\r\n\r\n")
	whole := func(encoding, content string) string {
		return mailHeader + "Content-Type: multipart/mixed; boundary=\"bound\"\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + content
	}
	for _, tt := range []struct {
		name, mail string
		noted      bool
		relies     string
	}{
		{"a message in base64", enclosed("base64", base64Lines([]byte(report))), true, ""},
		{"a message in Base64, after blank lines", enclosed("Base64", "\r\n\r\n"+base64Lines([]byte(report))), true, ""},
		{"a message in quoted-printable", enclosed("quoted-printable", quotedPrintable(report)), true, ""},
		{"in base64 twice", enclosed("base64", base64Lines([]byte(enclosed("base64", base64Lines([]byte(report)))))), true, ""},
		{"labelled base64 and plain", enclosed("base64", report), false, ""},
		{"labelled quoted-printable and plain", enclosed("quoted-printable", report), false, ""},
		{"labelled 8bit", enclosed("8bit", report), false, ""},
		{"a multipart in base64", whole("base64", base64Lines([]byte(inner))), true, "[content-transfer-encoding]"},
		{"a multipart in quoted-printable", whole("quoted-printable", quotedPrintable(inner)), true, "[content-transfer-encoding]"},
		{"a multipart labelled base64 and plain", whole("base64", inner), false, ""},
		{"a multipart labelled quoted-printable and plain", whole("quoted-printable", inner), false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewReader(Limits{}).ReadMail([]byte(tt.mail))
			if err != nil || len(m.Found) != 1 {
				t.Fatalf("%d reports, %v\n%s", len(m.Found), err, tt.mail)
			}
			f := m.Found[0]
			if noted := strings.Contains(fmt.Sprint(f.Report.Deviations), "in a transfer encoding"); noted != tt.noted {
				t.Errorf("deviations %v, want it noted: %v", f.Report.Deviations, tt.noted)
			}
			if got := strings.TrimPrefix(fmt.Sprint(f.Relies), "[]"); got != tt.relies {
				t.Errorf("relies on %q, want %q", got, tt.relies)
			}
			if !ShowsReport([]byte(tt.mail), PartBounds{Depth: 4, Containers: 12, Parts: 8}) {
				t.Error("a poll does not fetch it")
			}
		})
	}
}

func TestShowsReport(t *testing.T) {
	t.Parallel()
	reportPart := part(t, "application/tlsrpt+gzip", "attachment")
	forward := func(mail string) string {
		return mailHeader + multi("mixed", fmt.Sprintf("f%d", len(mail)), textPart, "Content-Type: message/rfc822\r\n\r\n"+mail)
	}
	nine := multi("mixed", "b", append(repeated(8, textPart), reportPart)...)
	deep := rfcMail(t)
	for range 5 {
		deep = forward(deep)
	}
	for _, tt := range []struct {
		name, mail string
		want       bool
	}{
		{"a part labelled as a report", mailHeader + multi("mixed", "b", textPart, reportPart), true},
		{"a part named as one", mailHeader + multi("mixed", "b", part(t, "application/octet-stream", `attachment; filename="`+reportName+`"`)), true},
		{"a report that nothing names", mailHeader + multi("mixed", "b", part(t, "application/gzip", "attachment; filename=x.gz")), false},
		{"a forwarded report", forward(rfcMail(t)), true},
		{"a letter", mailHeader + multi("alternative", "b", textPart, textPart), false},
		{"a forwarded letter", forward(mailHeader + "\r\nhello\r\n"), false},
		{"a bounce of a report", mailHeader + multi(`report; report-type="delivery-status"`, "b", textPart, reportPart), true}, // its header is never Maybe
		{"a bounce of a report, forwarded", forward(mailHeader + multi(`report; report-type="delivery-status"`, "b", textPart, reportPart)), true},
		{"beyond the parts that are looked at", mailHeader + nine, false},
		{"beyond the depth", deep, false},
		{"a multipart without parts", mailHeader + multi("mixed", "b"), true},
		{"a multipart with another boundary", mailHeader + strings.Replace(multi("mixed", "b", reportPart), "boundary=\"b\"", "boundary=\"c\"", 1), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ShowsReport([]byte(tt.mail), PartBounds{Depth: 4, Containers: 12, Parts: 8}); got != tt.want {
				t.Errorf("ShowsReport = %v, want %v", got, tt.want)
			}
		})
	}
}
