package mailer

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-smtp"
)

// A transaction is one mail on its way, RFC 5321 section 3.3.
type transaction struct {
	from    string
	data    []byte
	results []Result

	wireFrom string
	wireTo   []string // of each result; empty where it has failed already
	utf8     bool     // SMTPUTF8 is needed
}

// remaining returns the results that have not failed, by index.
func (t *transaction) remaining() []int {
	var indices []int
	for i := range t.results {
		if t.results[i].Err == nil {
			indices = append(indices, i)
		}
	}
	return indices
}

// abandonRemaining gives all that have not failed yet the same error.
func (t *transaction) abandonRemaining(err error) {
	for _, i := range t.remaining() {
		t.results[i].Err = err
	}
}

// prepare checks what can be known before anything is sent. The error is about
// the sender or the mail; a recipient's is in its result.
func (s *session) prepare(t *transaction) error {
	offered, _ := s.client.Extension("SMTPUTF8")
	from, err := parseAddress(t.from)
	if err == nil && from.utf8 && !offered {
		err = errNoUTF8
	}
	if err != nil {
		return s.permanentError(t.from, err, "")
	}
	t.wireFrom, t.utf8 = from.wire, from.utf8
	if most, ok := s.client.MaxMessageSize(); ok && most > 0 && len(t.data) > most {
		return s.permanentError("", fmt.Errorf("the mail has %d bytes, the server takes at most %d (RFC 1870)", len(t.data), most),
			"have the server's limit raised, or split the digest by domains")
	}
	t.wireTo = make([]string, len(t.results))
	for i := range t.results {
		to, err := parseAddress(t.results[i].Address)
		if err == nil && to.utf8 && !offered {
			err = errNoUTF8
		}
		if err != nil {
			t.results[i].Err = s.permanentError(t.results[i].Address, err, "")
			continue
		}
		t.wireTo[i] = to.wire
		t.utf8 = t.utf8 || to.utf8
	}
	return nil
}

var errNoUTF8 = errors.New("the server does not take addresses with letters beyond ASCII (SMTPUTF8, RFC 6531)")

// mail begins the transaction.
func (s *session) mail(ctx context.Context, t *transaction) error {
	if len(t.results) > 0 && len(t.remaining()) == 0 {
		return nil // recipients will find nothing to do either
	}
	return s.step(ctx, StepMail, t.from, func(context.Context) error {
		err := s.client.Mail(t.wireFrom, &smtp.MailOptions{UTF8: t.utf8, Size: int64(len(t.data))})
		if err == nil {
			s.addPassedStep(StepMail, "%s", t.wireFrom)
		}
		return err
	})
}

// recipients names the recipients and reports whether there is one to send to.
// That one is refused is no reason not to ask for the next.
func (s *session) recipients(ctx context.Context, t *transaction) bool {
	for _, i := range t.remaining() {
		err := s.step(ctx, StepRcpt, t.results[i].Address, func(context.Context) error { return s.client.Rcpt(t.wireTo[i], nil) })
		if err == nil {
			s.addPassedStep(StepRcpt, "%s", t.wireTo[i])
			continue
		}
		t.results[i].Err = err
		if s.broken {
			t.abandonRemaining(err)
			break
		}
	}
	return len(t.remaining()) > 0
}

// blockSize is how much of a mail is sent under one deadline.
const blockSize = 32 << 10

// data sends the mail to those that were accepted. The server's final answer is
// for all of them.
func (s *session) data(ctx context.Context, t *transaction) {
	var body *smtp.DataCommand
	err := s.step(ctx, StepData, "", func(context.Context) (err error) {
		body, err = s.client.Data()
		return err
	})
	for rest := t.data; err == nil && len(rest) > 0; {
		n := min(blockSize, len(rest))
		err = s.step(ctx, StepData, "", func(context.Context) error {
			_, err := body.Write(rest[:n])
			return err
		})
		rest = rest[n:]
	}
	if err == nil {
		err = s.runStep(ctx, s.o.DataTimeout, StepData, "", func(context.Context) error { return body.Close() })
	}
	if err != nil {
		t.abandonRemaining(err)
		return
	}
	s.addPassedStep(StepData, "%d bytes", len(t.data))
}
