package main

import (
	"bytes"
	"context"
	"mime"
	"net/mail"
	"strings"

	"tlsbrief/digest"
	"tlsbrief/internal/mailer"
)

// A sentLog notes, for the user, what a command handed to the SMTP server.
type sentLog struct{ lines []string }

// noting returns send with its successes noted. A nil sentLog notes nothing.
func (l *sentLog) noting(send digest.SendFunc) digest.SendFunc {
	if l == nil {
		return send
	}
	return func(ctx context.Context, from string, to []string, data []byte) ([]mailer.Result, error) {
		results, err := send(ctx, from, to, data)
		var taken []string
		for _, r := range results {
			if r.Err == nil {
				taken = append(taken, r.Address)
			}
		}
		if err == nil && len(taken) > 0 {
			l.lines = append(l.lines, clean("sent to "+strings.Join(taken, ", ")+": "+subject(data)))
		}
		return results, err
	}
}

// subject returns the subject of a digest, for showing.
func subject(data []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return "(no subject)"
	}
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return m.Header.Get("Subject")
	}
	return text
}
