package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"tlsbrief/internal/config"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

// mailbox tries what a poll of a mailbox needs, and prints a line for each step.
func (v *verification) mailbox(ctx context.Context, p *poller.Poller, m config.Mailbox, clock *clockCheck) {
	of := fmt.Sprintf("mailbox %q", m.Name)
	if !v.lookup(ctx, of, m.Host) {
		return
	}
	for _, s := range p.Verify(ctx, m.Name) {
		clock.compareMail(s.Newest)
		v.step(of, s.Name, s.Detail, withoutStep(s.Name, s.Err))
	}
}

// maxMailboxesShown is how many mailboxes are printed step by step. Of more mailboxes
// only those that do not work are; the others are counted.
const maxMailboxesShown = 10

// manyMailboxes prints how many mailboxes do not work, and then their steps.
func (v *verification) manyMailboxes(ctx context.Context, c *config.Config, p *poller.Poller, clock *clockCheck) {
	var broken int
	var lines strings.Builder
	for _, m := range c.Mailboxes {
		var out strings.Builder
		of := &verification{printer: printer{a: &app{stdout: &out}}}
		of.mailbox(ctx, p, m, clock)
		if of.failed {
			broken++
			lines.WriteString(out.String())
		}
	}
	if broken == 0 {
		v.line("mailboxes", fmt.Sprintf("all %d work", len(c.Mailboxes)), nil)
		return
	}
	v.line("mailboxes", "", fmt.Errorf("%d of %d do not work", broken, len(c.Mailboxes)))
	v.printf("%s", lines.String())
}

// withoutStep returns an error without its mailbox and folder, and without the step of
// that name: the line has them.
func withoutStep(name string, err error) error {
	var step *imapbox.StepError
	if errors.As(err, &step) {
		if step.Step == strings.ReplaceAll(name, "-", "") { // what people call "log-in"
			return step.Err
		}
		return fmt.Errorf("%s: %w", step.Step, step.Err)
	}
	return err
}

// resolveWait bounds one look-up of a server's name.
const resolveWait = 20 * time.Second

// lookup looks up a server's name as connecting to it does, by the system's resolver,
// prints a line, and reports whether it has an address. An address needs no look-up.
func (v *verification) lookup(ctx context.Context, what, host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	var answer *net.DNSError
	switch {
	case errors.As(err, &answer) && answer.IsNotFound:
		err = fmt.Errorf("%w: check the spelling of host, and this machine's DNS", err)
	case err != nil:
		err = fmt.Errorf("%w: this machine's DNS does not answer; check its network", err)
	}
	v.line(what+", resolve", host+" is "+strings.Join(addresses, ", "), err)
	return err == nil
}

func (a *app) verifySMTP(ctx context.Context, c *config.Config, v *verification) error {
	if c.SMTP.Host == "" {
		v.line("smtp", "the configuration has none: reports are recorded, no digests are sent", nil)
		return nil
	}
	m, err := a.newMailer(c)
	if err != nil {
		return err
	}
	if !v.lookup(ctx, "smtp", c.SMTP.Host) {
		return nil
	}
	to := append([]string{}, c.SMTP.To...)
	for _, spec := range c.Digests {
		to = append(to, spec.To...)
	}
	steps, err := m.Check(ctx, c.SMTP.From.Address, distinct(to))
	for _, s := range steps {
		v.step("smtp", s.Name, s.Detail, s.Err)
		if s.Err != nil {
			err = nil // it is that of the step
		}
	}
	if err != nil {
		v.line("smtp", "", err)
	}
	return nil
}

// sendTest sends a mail to smtp.to, and prints for each recipient whether the server
// took it.
func (a *app) sendTest(ctx context.Context, c *config.Config, v *verification) error {
	if c.SMTP.Host == "" {
		v.line("test mail", "", errors.New("the configuration has no [smtp] to send it by"))
		return nil
	}
	m, err := a.newMailer(c)
	if err != nil {
		return err
	}
	results, _ := m.Send(ctx, c.SMTP.From.Address, c.SMTP.To, testMail(c.SMTP.From, c.SMTP.To, time.Now()))
	for _, r := range results { // their errors include the common one
		v.line(fmt.Sprintf("test mail to <%s>", r.Address), "the server took it", r.Err)
	}
	return nil
}

// testMail returns a mail that says it is a test and asks for no automatic answers (RFC
// 3834, section 5).
func testMail(from *mail.Address, to []string, now time.Time) []byte {
	var b bytes.Buffer
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	for _, field := range [][2]string{
		{"From", from.String()},
		{"To", "<" + strings.Join(to, ">,\r\n <") + ">"},
		{"Subject", mime.QEncoding.Encode("utf-8", "[TLS] a test of tlsbrief")},
		{"Date", now.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + rand.Text() + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
	} {
		b.WriteString(field[0] + ": " + field[1] + "\r\n")
	}
	b.WriteString("\r\nThis is a test. Somebody ran \"tlsbrief verify --send-test\": digests of TLS\r\n" +
		"reports will reach you the way that this mail did. There is nothing to do.\r\n")
	return b.Bytes()
}
