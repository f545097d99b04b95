package read

import (
	"strings"
	"testing"
)

// fields returns an access to the fields of a header, in pairs.
func fields(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.EqualFold(pairs[i], name) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestClassifyHeader(t *testing.T) {
	t.Parallel()
	const shaped = "sender.example!example.com!1772323200!1772409599.json.gz"
	tests := []struct {
		name   string
		fields []string
		want   Likelihood
	}{
		// What claims to be a TLS report.
		{"a TLS-Report field, whatever the type", []string{"TLS-Report-Domain", "example.com", "Content-Type", "text/plain; =x"}, Certain},
		{"the other TLS-Report field", []string{"TLS-Report-Submitter", "example.com"}, Certain},
		{"RFC 8460 section 5.3", []string{"Content-Type", `multipart/report; report-type="tlsrpt"; boundary="x"`}, Certain},
		{"folded, in capitals, malformed", []string{"Content-Type", "Multipart/Report;\r\n\tREPORT-TYPE=TLSRPT boundary=x; =y"}, Certain},
		{"Q14 application/tlsrpt", []string{"Content-Type", "application/tlsrpt"}, Certain},
		{"application/tlsrpt+gzip, malformed", []string{"Content-Type", "Application/TLSRPT+gzip; name"}, Certain},
		{"Q16 a lone attachment named as RFC 8460 section 5.1 has it", []string{"Content-Type", "application/octet-stream", "Content-Disposition", "attachment; filename=" + shaped}, Certain},
		{"the name in the type alone", []string{"Content-Type", `application/gzip; name="` + shaped + `"`}, Certain},
		{"a lone attachment from who speaks of TLS reports", []string{"Content-Type", "application/gzip", "From", "noreply-smtp-tls-reporting@sender.example"}, Certain},
		{"the same in an encoded Subject", []string{"Content-Type", "application/json", "Subject", "=?utf-8?B?VExTLVJQVCByZXBvcnQ=?="}, Certain},
		{"the same in its name", []string{"Content-Type", "application/zip; name=tlsrpt-2026-03-01.zip"}, Certain},

		// What may hold one.
		{"mixed", []string{"Content-Type", "multipart/mixed; boundary=x"}, Maybe},
		{"alternative", []string{"Content-Type", "multipart/alternative; boundary=x"}, Maybe},
		{"related", []string{"Content-Type", "multipart/related"}, Maybe},
		{"signed", []string{"Content-Type", "multipart/signed; protocol=x"}, Maybe},
		{"a multipart without boundary", []string{"Content-Type", "multipart/mixed;"}, Maybe},
		{"forwarded", []string{"Content-Type", "message/rfc822"}, Maybe},
		{"forwarded, international", []string{"Content-Type", "message/global; x"}, Maybe},
		{"multipart/report that does not say of what", []string{"Content-Type", "multipart/report; boundary=x"}, Maybe},
		{"multipart/report of an unknown kind", []string{"Content-Type", "multipart/report; report-type=tls-report; boundary=x"}, Maybe},

		// Other people's mail.
		{"nothing at all", nil, No},
		{"text", []string{"Content-Type", "text/plain; charset=utf-8"}, No},
		{"trap 1", []string{"Content-Type", "text/plain; =x"}, No},
		{"no type", []string{"Content-Type", "text"}, No},
		{"junk", []string{"Content-Type", "\x00/;;=\"\\"}, No},
		{"html with a TLS Subject", []string{"Content-Type", "text/html", "Subject", "TLS report"}, No},
		{"an image", []string{"Content-Type", "image/png; name=tlsrpt.png"}, No},
		{"a PDF about TLS reports", []string{"Content-Type", "application/pdf; name=tlsrpt.pdf"}, No},
		{"a bounce", []string{"Content-Type", "multipart/report; report-type=delivery-status; boundary=x"}, No},
		{"a read receipt", []string{"Content-Type", `multipart/report; report-type="disposition-notification"`}, No},
		{"an abuse report", []string{"Content-Type", "multipart/report; report-type=Feedback-Report"}, No},
		{"encrypted", []string{"Content-Type", "multipart/encrypted; boundary=x"}, No},
		{"a delivery status alone", []string{"Content-Type", "message/delivery-status"}, No},
		{"a partial message", []string{"Content-Type", "message/partial; id=x"}, No},
		{"DMARC, zip", []string{"Content-Type", "application/zip; name=\"google.com!example.com!1633996800!1634083199.zip\"", "Subject", "Report domain: example.com Submitter: google.com Report-ID: 1"}, No},
		{"DMARC, gzip", []string{"Content-Type", "application/gzip", "Content-Disposition", "attachment; filename=a!b!1!2.xml.gz", "From", "dmarc@sender.example"}, No},
		{"DMARC from who speaks of TLS reports", []string{"Content-Type", "application/gzip; name=a!b!1!2.xml.gz", "From", "tlsrpt@sender.example"}, No},
		{"a lone archive", []string{"Content-Type", "application/gzip; name=backup.json.gz", "From", "me@example.com"}, No},
		{"a lone JSON", []string{"Content-Type", "application/json; name=invoice.json"}, No},
	}
	for _, tt := range tests {
		if got := ClassifyHeader(fields(tt.fields...)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestClassifyPart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fields []string
		want   PartKind
	}{
		{"tlsrpt+gzip", []string{"Content-Type", "application/tlsrpt+gzip"}, PartReport},
		{"tlsrpt+json with junk", []string{"Content-Type", "application/tlsrpt+json; =x"}, PartReport},
		{"by name", []string{"Content-Type", "application/octet-stream", "Content-Disposition", "attachment; filename*0=a!b!1!; filename*1=2.json"}, PartReport},
		{"text by name", []string{"Content-Type", "text/plain; name=\"a!b!1!2!3.json.gz\""}, PartReport},
		{"no type, by name", []string{"Content-Disposition", "attachment; filename=a!b!1!2.json"}, PartReport},
		{"multipart", []string{"Content-Type", "multipart/mixed; boundary=x"}, PartContainer},
		{"a report within", []string{"Content-Type", "multipart/report; report-type=tlsrpt; boundary=x"}, PartContainer},
		{"a message", []string{"Content-Type", "message/rfc822; name=\"fwd.eml\""}, PartContainer},
		{"a message as it is", []string{"Content-Type", "message/rfc822", "Content-Transfer-Encoding", "8BIT"}, PartContainer},
		{"a message in base64 (M-A9)", []string{"Content-Type", "message/rfc822", "Content-Transfer-Encoding", "BASE64"}, PartEncoded},
		{"a message in quoted-printable (M-A9)", []string{"Content-Type", "message/rfc822", "Content-Transfer-Encoding", " quoted-printable "}, PartEncoded},
		{"a multipart in uuencode", []string{"Content-Type", "multipart/mixed; boundary=x", "Content-Transfer-Encoding", "x-uuencode"}, PartEncoded},
		{"a bounce within", []string{"Content-Type", "multipart/report; report-type=delivery-status"}, PartOther},
		{"encrypted", []string{"Content-Type", "multipart/encrypted"}, PartOther},
		{"nothing", nil, PartOther},
		{"text", []string{"Content-Type", "text/html"}, PartOther},
		{"DMARC", []string{"Content-Type", "application/gzip; name=a!b!1!2.xml.gz"}, PartOther},
		{"DMARC, zip", []string{"Content-Type", "application/zip", "Content-Disposition", "attachment; filename=a!b!1!2.zip"}, PartOther},
		{"somebody's JSON", []string{"Content-Type", "application/json; name=invoice.json"}, PartOther},
		{"somebody's archive", []string{"Content-Type", "application/gzip; name=backup.json.gz"}, PartOther},
	}
	for _, tt := range tests {
		if got := ClassifyPart(fields(tt.fields...)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestClassifyWords(t *testing.T) {
	t.Parallel()
	if got := No.String() + Maybe.String() + Certain.String() + PartOther.String() + PartReport.String() + PartContainer.String() + PartEncoded.String(); got != "nomaybecertainotherreportcontainerencoded" {
		t.Error(got)
	}
	if Likelihood(9).String() != "unknown" || PartKind(9).String() != "unknown" {
		t.Error("values beyond the last are unknown")
	}
}

func TestMediaTypeLoosely(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want, param, value string }{
		{"application/pdf name=\"Invoice; x.pdf\"", "application/pdf", "name", "Invoice; x.pdf"},
		{"multipart/mixed; boundary=\"a\\\"b\"; =x", "multipart/mixed", "boundary", `a"b`},
		{"multipart/mixed; boundary==_x; boundary=second; =", "multipart/mixed", "boundary", "=_x"},
		{"x/y; name*=utf-8''a%21b%2; =x", "x/y", "name", "a%21b%2"},
		{"x/y; name*=utf-8''a%21b; =x", "x/y", "name", "a!b"},
		{"x/y; name*1=b; name*0=a; name*3=d; =x", "x/y", "name", "ab"},
		{"x/y; a=\"unclosed", "x/y", "a", "unclosed"},
		{"text/html;iso-8859-1", "text/html", "", ""},
		{"nothing", "", "", ""},
		{"", "", "", ""},
	}
	for _, tt := range tests {
		got, params := mediaType(tt.in)
		if got != tt.want || params[tt.param] != tt.value {
			t.Errorf("mediaType(%q) = %q, %v; want %q, %s=%q", tt.in, got, params, tt.want, tt.param, tt.value)
		}
	}
}
