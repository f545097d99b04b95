// Package mailer hands mail to an SMTP submission server, RFC 6409.
//
// It sends bytes that are ready: the caller has stored them, and sends the same bytes
// again when [Temporary] reports that this may help
// (DESIGN 2, promise 4). Every failure is an [*Error] that names the step, what
// the server answered and, for the usual ones, what to do about it.
//
// # Trust
//
// The server is the administrator's choice, yet what it says is cleaned and
// bounded before it gets into an error, and no more than a fixed amount is ever
// read from it. A password goes only over TLS of version 1.2 or newer, or to
// this machine itself; STARTTLS that is configured is never done without. No
// error holds a password, not even where a server repeats it.
//
// # Tolerance
//
// A server that refuses EHLO gets HELO. Its answer to QUIT is ignored: it has taken the
// mail by then.
package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"tlsbrief/internal/netclient"
)

// Options say where and how mail is handed in.
type Options struct {
	Host string
	Port int
	TLS  netclient.TLSMode // anything that is no mode sends nothing

	TLSConfig *tls.Config // as in netclient.Server; may be nil

	// Auth returns what to log in with and is called for each connection, so
	// that a changed password is noticed. nil: no AUTH.
	Auth func(ctx context.Context) (netclient.Credentials, error)

	// Token, where set, returns an OAuth2 access token that is used in place of
	// the password. refused, where not empty, is one that it gave and that the
	// server has just refused: another is tried, once.
	Token func(ctx context.Context, refused string) (string, error)

	// Grant is how Token gets its tokens, for advice on refused ones.
	Grant netclient.Grant

	// HELO is the name to give. Empty: this machine's, if it is a full domain
	// name, else its address, as RFC 5321 section 4.1.4 has it.
	HELO string

	// Timeout bounds every step: connecting, each command and its answer, each
	// block of the mail. 0: one minute.
	Timeout time.Duration

	// DataTimeout bounds the wait for the answer to the whole mail. A client that
	// hangs up too early sends the mail twice, so RFC 5321 section 4.5.3.2.6 asks for
	// the ten minutes that 0 stands for.
	DataTimeout time.Duration
}

const (
	defaultTimeout     = time.Minute
	defaultDataTimeout = 10 * time.Minute
)

// A Mailer sends through one server. It holds no connection between mails and
// may be used by several goroutines.
type Mailer struct{ o Options }

// New returns a Mailer. It does not connect yet; Check does.
func New(o Options) *Mailer {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.DataTimeout <= 0 {
		o.DataTimeout = max(defaultDataTimeout, o.Timeout)
	}
	return &Mailer{o: o}
}

// A Result is what became of a mail for one recipient.
type Result struct {
	Address string
	Err     error // nil: the server has taken the mail for this one; else an *Error
}

// Send hands in one mail, data, in CRLF lines, with the envelope sender from,
// for the recipients to.
//
// There is always one Result for each of to, in order. The error is for what
// failed before the first recipient was named to the server, and is then in
// every Result too; from there on each Result has its own. Cancelling ctx ends
// the connection. Until the server's last word the mail counts as not sent, so
// that one whose connection broke at the wrong moment may arrive twice, which
// its Message-ID makes plain, but never not at all.
func (m *Mailer) Send(ctx context.Context, from string, to []string, data []byte) ([]Result, error) {
	t := &transaction{from: from, data: data, results: make([]Result, len(to))}
	for i, address := range to {
		t.results[i].Address = address
	}
	if err := m.send(ctx, t); err != nil {
		for i := range t.results {
			t.results[i].Err = err
		}
		return t.results, err
	}
	return t.results, nil
}

// send does the whole of it. It returns an error only for what is everyone's.
func (m *Mailer) send(ctx context.Context, t *transaction) error {
	if len(t.results) == 0 {
		return m.newSession().permanentError("", errors.New("no recipients"), "")
	}
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.prepare(t); err != nil {
		s.quit(ctx)
		return err
	}
	if err := s.mail(ctx, t); err != nil {
		s.quit(ctx)
		return err
	}
	if s.recipients(ctx, t) {
		s.data(ctx, t)
	}
	s.quit(ctx)
	return nil
}

// open returns a session that is logged in, or the one that could not be. A token
// that the server refuses may have been revoked before its time: another is then
// tried, on a connection of its own.
func (m *Mailer) open(ctx context.Context) (*session, error) {
	s := m.newSession()
	err := s.open(ctx)
	var refused *Error
	if s.token == "" || !errors.As(err, &refused) || refused.Step != StepAuth || refused.Code/100 != 5 {
		return s, err
	}
	again := m.newSession()
	again.refused = s.token
	again.secrets = s.secrets // which the server may still repeat
	return again, again.open(ctx)
}
