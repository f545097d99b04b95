package bench

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Mails have this date; reports are about the day before.
var mailDay = time.Date(2026, 11, 2, 4, 0, 0, 0, time.UTC)

// senders is the number of senders; they report in turn.
const senders = 40

// report returns the mail with the report numbered n: two policies, two failures,
// the header of a large sender. Each number gives another report.
func report(tb testing.TB, n int, key *rsa.PrivateKey) []byte {
	tb.Helper()
	sender := fmt.Sprintf("sender%d.example", n%senders)
	domain := fmt.Sprintf("domain%d.example", n/senders%300)
	day := mailDay.Truncate(24*time.Hour).AddDate(0, 0, -1-n/(senders*300))
	text := fmt.Sprintf(`{"organization-name":"Sender %[1]d","date-range":{"start-datetime":"%[2]sT00:00:00Z","end-datetime":"%[2]sT23:59:59Z"},`+
		`"contact-info":"tls-reports@%[3]s","report-id":"%[2]s_%[4]s_%[5]d","policies":[`+
		`{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce","mx: mx1.%[4]s","mx: mx2.%[4]s","max_age: 604800"],"policy-domain":"%[4]s","mx-host":["mx1.%[4]s","mx2.%[4]s"]},`+
		`"summary":{"total-successful-session-count":%[6]d,"total-failure-session-count":3},`+
		`"failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"192.0.2.%[7]d","receiving-mx-hostname":"mx1.%[4]s","receiving-ip":"198.51.100.%[7]d","failed-session-count":2},`+
		`{"result-type":"validation-failure","sending-mta-ip":"192.0.2.%[7]d","receiving-mx-hostname":"mx2.%[4]s","receiving-mx-helo":"mx2.%[4]s","receiving-ip":"198.51.100.%[7]d","failed-session-count":1,"additional-information":"https://%[3]s/help","failure-reason-code":"X509_V_ERR_CERT_HAS_EXPIRED"}]},`+
		`{"policy":{"policy-type":"tlsa","policy-string":["3 0 1 1F850A337E6DB9C609C522D136A475638CC43E1ED424F8EEC8513D747D1D085D"],"policy-domain":"mx1.%[4]s"},`+
		`"summary":{"total-successful-session-count":%[6]d,"total-failure-session-count":0}}]}`,
		n%senders, day.Format(time.DateOnly), sender, domain, n, 100+n%900, n%250)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	zip.Write([]byte(text))
	zip.Close()
	boundary := fmt.Sprintf("=_report_%d", n)
	var b strings.Builder
	fmt.Fprintf(&b, "From: TLS reports <noreply-smtp-tls-reporting@%s>\r\nTo: reports@%s\r\nDate: %s\r\n", sender, domain, mailDay.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Subject: Report Domain: %s Submitter: %s\r\n Report-ID: <%s.%d@%s>\r\n", domain, sender, day.Format(time.DateOnly), n, sender)
	fmt.Fprintf(&b, "Message-ID: <%d.tls@%s>\r\nTLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\n", n, sender, domain, sender)
	fmt.Fprintf(&b, "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"%s\"\r\n\r\n", boundary)
	header := b.Len()
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThis is an aggregate TLS report from %s.\r\n\r\n", boundary, sender)
	name := fmt.Sprintf("%s!%s!%d!%d!%d.json.gz", sender, domain, day.Unix(), day.AddDate(0, 0, 1).Unix()-1, n)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: application/tlsrpt+gzip; name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, name, name)
	encoded := base64.StdEncoding.EncodeToString(packed.Bytes())
	for len(encoded) > 0 {
		line := encoded[:min(76, len(encoded))]
		b.WriteString(line + "\r\n")
		encoded = encoded[len(line):]
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	message := b.String()
	signature := strings.Repeat("QUJDREVG", 43)
	if key != nil {
		signature = ""
	}
	received := ""
	for hop := range 4 {
		received += fmt.Sprintf("Received: from mail-%d.%s (mail-%d.%s [192.0.2.%d])\r\n\tby mx%d.example.com (Postfix) with ESMTPS id %016X\r\n\tfor <reports@example.com>; %s\r\n",
			hop, sender, hop, sender, hop, hop, n*7+hop, mailDay.Format(time.RFC1123Z))
	}
	return []byte(received + sign(tb, key, sender, message[:header-2], message[header:], signature) + message)
}

// sign returns a DKIM-Signature field, with the given letters if there is no key.
func sign(tb testing.TB, key *rsa.PrivateKey, domain, header, body, letters string) string {
	tb.Helper()
	bodyHash := sha256.Sum256([]byte(body))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=%s; s=tls; t=%d;\r\n\th=From:To:Date:Subject:TLS-Report-Domain:TLS-Report-Submitter:Content-Type:MIME-Version;\r\n\tbh=%s;\r\n\tb=",
		domain, mailDay.Unix(), base64.StdEncoding.EncodeToString(bodyHash[:]))
	if key == nil {
		return field + letters + "\r\n"
	}
	var signed strings.Builder
	for _, name := range []string{"From", "To", "Date", "Subject", "TLS-Report-Domain", "TLS-Report-Submitter", "Content-Type", "MIME-Version"} {
		signed.WriteString(fieldOf(header, name))
	}
	signed.WriteString(field)
	sum := sha256.Sum256([]byte(signed.String()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n"
}

// fieldOf returns a header field with its folded lines.
func fieldOf(header, name string) string {
	_, rest, _ := strings.Cut("\r\n"+header, "\r\n"+name+":")
	field := name + ":"
	for line := range strings.SplitAfterSeq(rest, "\r\n") {
		if field != name+":" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			break
		}
		field += line
	}
	return field
}

// unrelated returns a person's mail, with an attachment of so many bytes.
func unrelated(n, size int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Person %d <person%d@example.org>\r\nTo: reports@example.com\r\nSubject: minutes of meeting %d\r\nMessage-ID: <%d.person@example.org>\r\nMIME-Version: 1.0\r\n", n, n, n, n)
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello %d.\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", n)
	line := strings.Repeat("QUJD", 19) + "\r\n"
	b.WriteString(strings.Repeat(line, size/len(line)+1))
	b.WriteString("--x--\r\n")
	return []byte(b.String())
}
