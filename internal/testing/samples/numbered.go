package samples

import (
	"fmt"
	"strings"
	"time"
)

// Report returns the report numbered n, by a sender of its own, about the day
// before its arrival.
func Report(n int, arrival time.Time, domain string) (Mail, error) {
	s := sender{
		domain: fmt.Sprintf("sender-%d.example", n), organization: fmt.Sprintf("Sender %d", n),
		contact: fmt.Sprintf("tls@sender-%d.example", n),
	}
	day := arrival.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	return reportMail(s, day, arrival.UTC(), []policy{stsPolicy(domain, 10+n%90, 0)}, Unsigned)
}

// Bundled returns the report numbered n in a mail whose parts, and not its header,
// show that it is a report.
func Bundled(n int, arrival time.Time, domain string) (Mail, error) {
	m, err := Report(n, arrival, domain)
	head, body, _ := strings.Cut(string(m.Data), "\r\n\r\n")
	var kept []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if !strings.HasPrefix(line, "TLS-Report-") {
			kept = append(kept, strings.Replace(line, `multipart/report; report-type="tlsrpt";`, "multipart/mixed;", 1))
		}
	}
	m.Data = []byte(strings.Join(kept, "\r\n") + "\r\n\r\n" + body)
	return m, err
}

// Letter returns a person's mail numbered n.
func Letter(n int, arrival time.Time) Mail { return person(arrival.UTC(), n) }
