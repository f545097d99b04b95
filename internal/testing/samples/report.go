package samples

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A policy is one entry of a report.
type policy struct {
	Type, Domain string
	Strings      []string
	MXHosts      []string
	OK, Failed   int
	Failures     []failure
}

// A failure is one row of failure details.
type failure struct {
	Result, SendingIP, MX, IP, Reason string
	Sessions                          int
}

// with adds failure details.
func (p policy) with(f ...failure) policy {
	p.Failures = append(p.Failures, f...)
	return p
}

// bare leaves out the mx-host list, as Microsoft does.
func (p policy) bare() policy {
	p.MXHosts = nil
	return p
}

// The JSON of a report: RFC 8460, section 4.4.
type (
	wireReport struct {
		Organization string       `json:"organization-name"`
		Range        wireRange    `json:"date-range"`
		Contact      string       `json:"contact-info"`
		ID           string       `json:"report-id"`
		Policies     []wirePolicy `json:"policies"`
	}
	wireRange struct {
		Start string `json:"start-datetime"`
		End   string `json:"end-datetime"`
	}
	wirePolicy struct {
		Policy struct {
			Type    string   `json:"policy-type"`
			Strings []string `json:"policy-string,omitempty"`
			Domain  string   `json:"policy-domain"`
			MX      []string `json:"mx-host,omitempty"`
		} `json:"policy"`
		Summary struct {
			OK     int `json:"total-successful-session-count"`
			Failed int `json:"total-failure-session-count"`
		} `json:"summary"`
		Failures []wireFailure `json:"failure-details,omitempty"`
	}
	wireFailure struct {
		Result    string `json:"result-type"`
		SendingIP string `json:"sending-mta-ip,omitempty"`
		MX        string `json:"receiving-mx-hostname,omitempty"`
		IP        string `json:"receiving-ip,omitempty"`
		Sessions  int    `json:"failed-session-count"`
		Reason    string `json:"failure-reason-code,omitempty"`
	}
)

// reportJSON returns the report that s makes about day.
func reportJSON(s sender, day time.Time, policies []policy) ([]byte, error) {
	r := wireReport{
		Organization: s.organization, Contact: s.contact,
		ID:    day.Format("2006-01-02T15:04:05Z") + "_" + policies[0].Domain,
		Range: wireRange{Start: day.Format(time.RFC3339), End: day.AddDate(0, 0, 1).Add(-time.Second).Format(time.RFC3339)},
	}
	for _, p := range policies {
		var w wirePolicy
		w.Policy.Type, w.Policy.Strings, w.Policy.Domain, w.Policy.MX = p.Type, p.Strings, p.Domain, p.MXHosts
		w.Summary.OK, w.Summary.Failed = p.OK, p.Failed
		for _, f := range p.Failures {
			w.Failures = append(w.Failures, wireFailure{f.Result, f.SendingIP, f.MX, f.IP, f.Sessions, f.Reason})
		}
		r.Policies = append(r.Policies, w)
	}
	return json.Marshal(r)
}

// reportMail wraps a report in a mail (RFC 8460, section 5.3) and signs it.
func reportMail(s sender, day, arrival time.Time, policies []policy, sign Signer) (Mail, error) {
	text, err := reportJSON(s, day, policies)
	if err != nil {
		return Mail{}, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		return Mail{}, err
	}
	if err := zip.Close(); err != nil {
		return Mail{}, err
	}
	domain := policies[0].Domain
	id := fmt.Sprintf("%s+%s@%s", day.Format("2006.01.02"), domain, s.domain)
	name := fmt.Sprintf("%s!%s!%d!%d!001.json.gz", s.domain, domain, day.Unix(), day.AddDate(0, 0, 1).Unix()-1)
	boundary := fmt.Sprintf("=_report_%d_%d", day.Unix(), len(s.domain))
	var b strings.Builder
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", "noreply-smtp-tls-reporting@"+s.domain)
	header("To", "reports@"+domain)
	header("Date", arrival.Format(time.RFC1123Z))
	header("Subject", fmt.Sprintf("Report Domain: %s Submitter: %s\r\n Report-ID: <%s>", domain, s.domain, id))
	header("Message-ID", "<"+id+">")
	header("TLS-Report-Domain", domain)
	header("TLS-Report-Submitter", s.domain)
	header("MIME-Version", "1.0")
	header("Content-Type", fmt.Sprintf("multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"%s\"", boundary))
	fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", boundary)
	fmt.Fprintf(&b, "This is an aggregate TLS report from %s.\r\n", s.domain)
	fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: application/tlsrpt+gzip; name=\"%s\"\r\n", boundary, name)
	fmt.Fprintf(&b, "Content-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", name)
	b.WriteString(base64Lines(packed.Bytes()))
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	data, err := sign(s.domain, []byte(b.String()), arrival)
	return Mail{Data: data, Date: arrival, Report: true, Name: s.domain + " about " + day.Format(time.DateOnly)}, err
}

// base64Lines encodes data in lines of 76 characters.
func base64Lines(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.String()
}
