package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"

	"tlsbrief/internal/config"
)

// sendTest sends a mail to those who get the digests that have no recipients of
// their own, and says for each of them whether the server took it.
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
	for _, r := range results { // which have the common error too
		v.line(fmt.Sprintf("test mail to <%s>", r.Address), "the server took it", r.Err)
	}
	return nil
}

// testMail says that it is a test. It asks for no answers, RFC 3834, section 5.
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
