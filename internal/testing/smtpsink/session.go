package smtpsink

import (
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A session serves one client from its EHLO on. A new one begins after STARTTLS.
type session struct {
	sink *Sink
	smtp *smtp.Conn
	conn *conn

	user, mechanism string
	mail            Mail // the one being received
}

// newSession is called by the first EHLO.
func (s *Sink) newSession(c *smtp.Conn) (smtp.Session, error) {
	session := &session{sink: s, smtp: c, conn: raw(c.Conn())}
	if err := session.fault(EHLO, ""); err != nil {
		return nil, err
	}
	return session, nil
}

// fault executes the fault for step, if any; the error is the answer to send.
func (s *session) fault(step Step, address string) error {
	if f, ok := s.sink.take(step, address); ok {
		return s.sink.strike(f, s.conn)
	}
	return nil
}

// AuthMechanisms returns the mechanisms that EHLO offers.
func (s *session) AuthMechanisms() []string {
	if s.sink.options.User == "" {
		return nil
	}
	return s.sink.options.Mechanisms
}

// Auth begins a log-in.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if err := s.fault(Auth, ""); err != nil {
		return nil, err
	}
	check := func(user, password string) error {
		if user != s.sink.options.User || password != s.sink.options.Password {
			return smtp.ErrAuthFailed
		}
		s.user, s.mechanism = user, mechanism
		return nil
	}
	offered := false
	for _, m := range s.AuthMechanisms() {
		offered = offered || m == mechanism
	}
	switch {
	case offered && mechanism == sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case offered && (mechanism == sasl.OAuthBearer || mechanism == "XOAUTH2"):
		return &bearerServer{check: check}, nil
	case offered && mechanism == sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// A loginServer speaks LOGIN, which go-sasl has for clients only.
type loginServer struct {
	check func(user, password string) error
	asked int
	user  string
}

// Next takes the name, then the password. Like Exchange's, its questions are
// not all spelled the same.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch {
	case l.asked == 1 && response == nil:
		return []byte("User Name\x00"), false, nil
	case l.asked == 1:
		return nil, false, errors.New("this server asks for the name itself")
	case l.asked == 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// A bearerServer takes a password as an access token, by OAUTHBEARER or XOAUTH2.
// It refuses in two steps, as RFC 7628 section 3.2.3 and Google have it.
type bearerServer struct {
	check   func(user, password string) error
	refused error
}

// Next reads the one message of the client, or its answer to the refusal.
func (b *bearerServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if b.refused != nil {
		return nil, true, b.refused
	}
	var user, token string
	for i, field := range strings.Split(string(response), "\x01") {
		switch {
		case i == 0 && strings.HasPrefix(field, "n,a="):
			user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(strings.TrimSuffix(field[len("n,a="):], ","))
		case i == 0:
			user = strings.TrimPrefix(field, "user=")
		case strings.HasPrefix(field, "auth=Bearer "):
			token = field[len("auth=Bearer "):]
		}
	}
	if b.refused = b.check(user, token); b.refused != nil {
		return []byte(`{"status":"401","schemes":"bearer","scope":"https://mail.example/"}`), false, nil
	}
	return nil, true, nil
}

// Mail begins a mail.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if err := s.fault(MailFrom, from); err != nil {
		return err
	}
	if s.sink.options.User != "" && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	_, overTLS := s.smtp.TLSConnectionState()
	s.mail = Mail{
		From: from, HELO: s.smtp.Hostname(), TLS: overTLS,
		User: s.user, Mechanism: s.mechanism, UTF8: o.UTF8, Size: o.Size,
	}
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.fault(Rcpt, to); err != nil {
		return err
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

// Data receives the mail.
func (s *session) Data(r io.Reader) error {
	first := make([]byte, 1)
	n, err := io.ReadFull(r, first)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := s.fault(InBody, ""); err != nil {
		return err
	}
	rest, err := io.ReadAll(io.LimitReader(r, s.sink.options.MaxBytes))
	if err != nil {
		return err
	}
	s.mail.Data = append(first[:n], rest...)
	if f, ok := s.sink.take(Body, ""); ok {
		// The mail is kept before the connection ends, so that a test that sees
		// the end also sees the mail.
		if f.Keep {
			s.sink.keep(s.mail)
		}
		if err := s.sink.strike(f, s.conn); err != nil || f.Keep {
			return err
		}
	}
	s.sink.keep(s.mail)
	return nil
}

// Reset forgets the mail being received.
func (s *session) Reset() { s.mail = Mail{} }

// Logout ends the session.
func (s *session) Logout() error { return nil }
