package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/emersion/go-message/mail"
)

// A Sent is a digest as it reached the SMTP server.
type Sent struct{ Subject, Text, HTML string }

// Sent returns the mails that reached the SMTP server.
func (s *Servers) Sent() ([]Sent, error) {
	var all []Sent
	for _, m := range s.smtp.Mails() {
		one, err := readSent(m.Data)
		if err != nil {
			return nil, fmt.Errorf("reading the mail that was sent: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

func readSent(data []byte) (Sent, error) {
	var s Sent
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		return s, err
	}
	if s.Subject, err = r.Header.Subject(); err != nil {
		return s, err
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			return s, err
		}
		inline, ok := p.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		switch kind, _, err := inline.ContentType(); {
		case err != nil:
			return s, err
		case kind == "text/plain":
			s.Text = string(body)
		case kind == "text/html":
			s.HTML = string(body)
		}
	}
}
