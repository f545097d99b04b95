// Package demo holds the servers that the demo runs against: an IMAP server
// with a shared mailbox, an SMTP server that keeps the mails it receives, and a
// DNS server with the keys of the reporters. All listen on loopback, inside the
// process.
package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/memimap"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/testing/smtpsink"
)

const (
	user     = "reports@example.com"
	password = "demo"
	unread   = 48 * time.Hour // younger mail is still unread when the demo begins
)

// Servers are the running servers.
type Servers struct {
	imap *memimap.Server
	smtp *smtpsink.Sink
	dns  *dnstest.Server

	later     []samples.Mail // arrive on the morning of the demo
	delivered int
}

// Start starts the servers, fills the mailbox with the mail of the days before
// now, and writes a configuration for them to dir.
func Start(dir string, now time.Time) (*Servers, error) {
	s := &Servers{}
	if err := s.start(dir, now.UTC()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Servers) start(dir string, now time.Time) (err error) {
	if s.imap, err = memimap.Start(memimap.Options{Username: user, Password: password}); err != nil {
		return err
	}
	if s.smtp, err = smtpsink.Start(smtpsink.Options{}); err != nil {
		return err
	}
	if s.dns, err = dnstest.Start(); err != nil {
		return err
	}
	keys, err := newKeyring(s.dns)
	if err != nil {
		return err
	}
	mails, err := samples.Mailbox(now, keys.sign)
	if err != nil {
		return err
	}
	today := now.Truncate(24 * time.Hour)
	for _, m := range mails {
		if !m.Date.Before(today) {
			s.later = append(s.later, m)
			continue
		}
		if err := s.deliver(m, m.Date.Before(today.Add(-unread))); err != nil {
			return err
		}
		s.delivered++
	}
	return s.writeConfig(dir)
}

// Delivered returns how many messages the mailbox holds at the start.
func (s *Servers) Delivered() int { return s.delivered }

// DeliverToday delivers the mail of the day of the demo, and returns the number
// of messages.
func (s *Servers) DeliverToday() (int, error) {
	for _, m := range s.later {
		if err := s.deliver(m, false); err != nil {
			return 0, err
		}
	}
	return len(s.later), nil
}

func (s *Servers) deliver(m samples.Mail, seen bool) error {
	var flags []string
	if seen {
		flags = []string{`\Seen`}
	}
	if _, err := s.imap.Append("INBOX", flags, m.Date, m.Data); err != nil {
		return fmt.Errorf("delivering %s: %w", m.Name, err)
	}
	return nil
}

// writeConfig writes the configuration and the secrets that it names.
func (s *Servers) writeConfig(dir string) error {
	text := fmt.Sprintf(`# The demo's configuration. Its servers are gone when the demo ends; what is
# recorded stays in tlsrpt.db.

[database]
path = "tlsrpt.db"

[[mailbox]]
name          = "reports"
host          = %q
port          = %d
tls           = "none"
username      = %q
password_file = "password"
folders       = ["INBOX"]

[smtp]
host = %q
port = %d
tls  = "none"
from = "TLS reports <reports@example.com>"
to   = ["postmaster@example.com"]

[dns]
server = %q

# The domains of the sample reports are nobody's to look at.
[check]
confirm = false
`, "127.0.0.1", s.imap.Port(), user, "127.0.0.1", s.smtp.Port(), s.dns.Addr())
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600)
}

// Close stops the servers.
func (s *Servers) Close() error {
	var errs []error
	if s.imap != nil {
		errs = append(errs, s.imap.Close())
	}
	if s.smtp != nil {
		errs = append(errs, s.smtp.Close())
	}
	if s.dns != nil {
		errs = append(errs, s.dns.Close())
	}
	return errors.Join(errs...)
}
