package read

import (
	"slices"
	"strings"
	"testing"
)

// What a stranger may write above another's signed body must not decide that it
// is a report.
func TestReliesNamesTheFieldsThatDecideWhatIsTheReport(t *testing.T) {
	t.Parallel()
	const (
		ct, cte = "content-type", "content-transfer-encoding"
		jsonCT  = "Content-Type: application/tlsrpt+json\r\n"
		gzipCT  = "Content-Type: application/tlsrpt+gzip\r\n"
		b64     = "Content-Transfer-Encoding: base64\r\n"
		qp      = "Content-Transfer-Encoding: quoted-printable\r\n"
	)
	inner := part(t, "application/tlsrpt+gzip", "attachment")
	body := "--b\r\n" + inner + "\r\n--b--\r\n"
	multipart := "Content-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n"
	packed := base64Lines(gzipOf(t, minimal))
	withEquals := strings.Replace(minimal, "r-1", "a=22b", 1)
	for _, tt := range []struct {
		name, fields, body string
		want               []string
	}{
		{"a body that begins with the boundary", multipart, body, nil},
		{"blank lines before the boundary", multipart, "\r\n \r\n" + body, nil},
		{"the notice for programs without MIME", multipart, "This is a multi-part message in MIME format.\r\n\r\n" + body, nil},
		{"the notice as others have it", multipart, "This is a multipart message in MIME format...\r\n" + body, nil},
		{"bare LF", multipart, strings.ReplaceAll(body, "\r\n", "\n"), nil},
		{"no closing boundary", multipart, strings.TrimSuffix(body, "--b--\r\n"), nil},
		{"a boundary that is guessed, at the beginning", "Content-Type: multipart/report\r\n", body, nil},
		{"words before the boundary", multipart, "You are invited.\r\n" + body, []string{ct}},
		{"words behind the notice", multipart, "This is a multi-part message in MIME format. Hello\r\n" + body, []string{ct}},
		{"another boundary before it", multipart, "--a\r\n" + body, []string{ct}},
		{"a boundary that is guessed, behind words", "Content-Type: multipart/report\r\n", "Hello\r\n" + body, []string{ct}},

		{"a lone report, in base64", gzipCT + b64, packed, nil},
		{"in base64 without saying so", gzipCT, packed, []string{cte}},
		{"base64 with words between", gzipCT + b64, strings.Replace(packed, "\r\n", "\r\n! !", 1), []string{cte}},
		{"words behind the packed report", gzipCT + b64, base64Lines(append(gzipOf(t, minimal), "goodbye"...)), []string{ct}},
		{"a lone report, not packed", jsonCT, minimal + "\r\n", nil},
		{"blank lines around it", jsonCT, "\r\n" + minimal + "\r\n\r\n", nil},
		{"words behind it", jsonCT, minimal + "\r\nTo unsubscribe, click here.", []string{ct}},
		{"several reports", jsonCT, "[" + minimal + "," + minimal + "]", []string{ct}},
		{"labelled base64, and it is not", jsonCT + b64, minimal, nil},
		{"as it is, where quoted-printable could differ", jsonCT, withEquals, []string{cte}},
		{"quoted-printable", jsonCT + qp, strings.ReplaceAll(minimal, "r-1", "r=2D1"), []string{cte}},
		{"quoted-printable that changes nothing", jsonCT + qp, minimal, nil},
		{"zip", "Content-Type: application/tlsrpt+gzip\r\n" + b64, base64Lines(zipOf(t, "1.json", minimal)), []string{ct}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewReader(Limits{}).ReadMail([]byte(mailHeader + reportField + tt.fields + "\r\n" + tt.body))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range m.Found {
				if !slices.Equal(f.Relies, tt.want) {
					t.Errorf("Relies = %q, want %q", f.Relies, tt.want)
				}
			}
		})
	}
}

// The fields of the message that holds the report count, not those around it.
func TestReliesOfAForwardedReportIsThatOfTheMessageInside(t *testing.T) {
	t.Parallel()
	inside := rfcMail(t)
	for name, mail := range map[string]string{
		"in a multipart with a preamble": mailHeader + strings.Replace(multi("mixed", "f", textPart, "Content-Type: message/rfc822\r\n\r\n"+inside), "\r\n\r\n", "\r\n\r\nwords\r\n", 1),
		"alone":                          mailHeader + "Content-Type: message/rfc822\r\n\r\n" + inside,
	} {
		m, err := NewReader(Limits{}).ReadMail([]byte(mail))
		if err != nil || !m.Found[0].Forwarded || m.Found[0].Relies != nil {
			t.Errorf("%s: %+v, %v; want a forwarded report that relies on nothing", name, m.Found, err)
		}
	}
	loose := strings.Replace(inside, "\r\n\r\n", "\r\n\r\nwords\r\n", 1)
	m, err := NewReader(Limits{}).ReadMail([]byte(mailHeader + multi("mixed", "f", "Content-Type: message/rfc822\r\n\r\n"+loose)))
	if err != nil || !slices.Equal(m.Found[0].Relies, []string{"content-type"}) {
		t.Errorf("a preamble inside: %v, %v; want it to rely on Content-Type", m.Found, err)
	}
}

func TestFieldsAreThoseThatAreRead(t *testing.T) {
	t.Parallel()
	message := "A: 1\r\nB : 2\r\n folded\r\nno field\r\na: 3\r\n\r\nC: body"
	names, body := Fields([]byte(message))
	if !slices.Equal(names, []string{"a", "b", "a"}) || message[body:] != "C: body" {
		t.Errorf("Fields = %q, body %q", names, message[body:])
	}
}
