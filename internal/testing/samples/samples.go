// Package samples writes the mail of a shared reports mailbox: TLS reports of a
// few senders over three weeks, with failures of several kinds, beside DMARC
// reports and people's mail. The demo and the tests read it.
//
// Everything is invented, and reproducible for a given day.
package samples

import (
	"fmt"
	"time"
)

// A Mail is one message of the mailbox.
type Mail struct {
	Data   []byte    // RFC 5322, CRLF
	Date   time.Time // of arrival, UTC
	Report bool      // it is a TLS report
	Name   string    // a description, for errors of tests
}

// A Signer puts a DKIM signature of the domain, as of the time of sending, in front
// of a message.
type Signer func(domain string, message []byte, sent time.Time) ([]byte, error)

// Unsigned leaves messages as they are.
func Unsigned(_ string, message []byte, _ time.Time) ([]byte, error) { return message, nil }

// Days is how many days of reports Mailbox writes.
const Days = 21

// Mailbox returns the mail in the reports mailbox of example.com on the morning of
// today, oldest first: reports about the Days days before it.
func Mailbox(today time.Time, sign Signer) ([]Mail, error) {
	today = today.UTC().Truncate(24 * time.Hour)
	var mails []Mail
	for back := Days; back >= 1; back-- {
		day := today.AddDate(0, 0, -back)
		for i, s := range senders() {
			policies := s.policies(back)
			if len(policies) == 0 {
				continue
			}
			m, err := reportMail(s, day, day.AddDate(0, 0, 1).Add(2*time.Hour+time.Duration(i)*7*time.Minute), policies, sign)
			if err != nil {
				return nil, fmt.Errorf("writing the report of %s about %s: %w", s.domain, day.Format(time.DateOnly), err)
			}
			mails = append(mails, m)
		}
		mails = append(mails, otherMail(day, back)...)
	}
	return mails, nil
}

// A sender is an organization that reports.
type sender struct {
	domain       string // signs, and is the submitter
	organization string
	contact      string
	policies     func(daysBack int) []policy
}

// senders returns the reporting organizations, with their policies by days back.
func senders() []sender {
	return []sender{
		{"google.com", "Google Inc.", "smtp-tls-reporting@google.com", google},
		{"microsoft.com", "Microsoft Corporation", "tlsrpt-noreply@microsoft.com", microsoft},
		{"comcast.net", "Comcast", "tls-reports@comcast.net", comcast},
		{"yahoo.com", "Yahoo Inc.", "tlsrpt@yahoo.com", yahoo},
		{"mail.hoster.example", "Hoster GmbH", "postmaster@mail.hoster.example", hoster},
	}
}

func google(back int) []policy {
	sts := stsPolicy("example.com", 700+31*(back%7), 0)
	switch {
	case back == 1: // the certificate on mx2 expired
		sts = stsPolicy("example.com", 640, 29).with(
			failure{Result: "certificate-expired", SendingIP: "192.0.2.44", MX: "mx2.example.com", IP: "198.51.100.26", Sessions: 29})
	case back >= 9 && back <= 12: // a wrong name on mx1, mended since
		sts = stsPolicy("example.com", 655, 12).with(
			failure{Result: "certificate-host-mismatch", SendingIP: "192.0.2.45", MX: "mx1.example.com", IP: "198.51.100.25", Sessions: 12})
	}
	return []policy{sts}
}

func microsoft(back int) []policy {
	switch {
	case back == 1:
		return []policy{stsPolicy("example.com", 290, 16).with(
			failure{Result: "certificate-expired", MX: "mx2.example.com", Sessions: 14},
			failure{Result: "sts-policy-fetch-error", Sessions: 2}).bare()}
	case back <= 4:
		return []policy{stsPolicy("example.com", 300+back, 2).with(
			failure{Result: "sts-policy-fetch-error", Sessions: 2}).bare()}
	}
	return []policy{stsPolicy("example.com", 280+9*(back%5), 0).bare()}
}

// comcast checks DANE: on the last two days the key of mx1 does not match.
func comcast(back int) []policy {
	p := policy{Type: "tlsa", Domain: "example.com", Strings: []string{"3 1 1 8cd1f44a2f0c4ff0b9a2f6a7a4ff0b1a6b3e0c5d9e7f1a2b3c4d5e6f70819202"}, OK: 60 + back%4}
	if back <= 2 {
		p = p.with(failure{Result: "tlsa-invalid", SendingIP: "203.0.113.7", MX: "mx1.example.com", IP: "198.51.100.25", Sessions: 5, Reason: "no matching TLSA record"})
		p.Failed = 5
	}
	return []policy{p}
}

// yahoo stopped reporting a week ago.
func yahoo(back int) []policy {
	if back <= 7 {
		return nil
	}
	return []policy{stsPolicy("example.com", 45+back%6, 0)}
}

// hoster finds no policy, and on the last days no TLS on one host.
func hoster(back int) []policy {
	p := policy{Type: "no-policy-found", Domain: "example.com", OK: 9 + back%3}
	if back <= 3 {
		p = p.with(failure{Result: "starttls-not-supported", SendingIP: "203.0.113.99", MX: "backup-mx.example.com", IP: "198.51.100.27", Sessions: 3})
		p.Failed = 3
	}
	return []policy{p}
}

// stsPolicy returns the entry of an MTA-STS sender about a domain in enforce mode.
func stsPolicy(domain string, ok, failed int) policy {
	return policy{
		Type: "sts", Domain: domain, OK: ok, Failed: failed,
		Strings: []string{"version: STSv1", "mode: enforce", "mx: mx1." + domain, "mx: mx2." + domain, "max_age: 604800"},
		MXHosts: []string{"mx1." + domain, "mx2." + domain},
	}
}
