package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tlsbrief/internal/netclient"
)

// auth logs in where credentials are configured.
func (s *session) auth(ctx context.Context) error {
	if s.o.Auth == nil {
		return nil // a token needs a name too
	}
	if !s.isPrivate() {
		return s.temporaryError(StepAuth, errors.New("the connection is not encrypted, so that the password was not sent"),
			`set tls = "starttls" or "implicit"; without it, log-in is for servers on this machine`)
	}
	if len(s.mechanisms) == 0 {
		return s.temporaryError(StepAuth, errors.New("a log-in is configured, but the server offers none"),
			"if it knows us by our address, remove username and password; else check port and tls")
	}
	return s.step(ctx, StepAuth, "", func(ctx context.Context) error {
		credentials, err := s.o.Auth(ctx)
		if err != nil {
			return fmt.Errorf("getting the password: %w", err)
		}
		if s.o.Token != nil {
			if s.token, err = s.o.Token(ctx, s.refused); err != nil {
				return err
			}
			credentials.Token = s.token
		}
		mechanism, err := s.mechanism(credentials)
		if err != nil {
			return err
		}
		if err := s.client.Auth(mechanism); err != nil {
			return mechanism.explain(err)
		}
		s.addPassedStep(StepAuth, "%s as %s", mechanism.name, credentials.Username)
		return nil
	})
}

// isPrivate reports whether what is sent is encrypted, or stays on this machine.
func (s *session) isPrivate() bool {
	if _, ok := s.conn.(*tls.Conn); ok {
		return true
	}
	return netclient.CheckPlain(s.raw) == nil
}

// mechanism returns how to log in with the credentials, and takes note of what
// must not get out.
func (s *session) mechanism(c netclient.Credentials) (*saslExchange, error) {
	s.secrets.Add(c.Password)
	s.secrets.Add(c.Token)
	offered := strings.Join(s.mechanisms, " ")
	client, err := s.server.Mechanism(c, s.offers)
	switch {
	case errors.Is(err, netclient.ErrNoMechanism):
		return nil, netclient.WithText(err, fmt.Sprintf("the server offers %q, and with a password only PLAIN and LOGIN can be used", offered))
	case err != nil:
		return nil, fmt.Errorf("%w; the server offers %q", err, offered)
	}
	name, first, err := client.Start()
	if err != nil {
		return nil, fmt.Errorf("beginning to log in: %w", err)
	}
	if !s.offers(name) {
		return nil, fmt.Errorf("the server offers %q and not %s, which is configured", offered, name)
	}
	s.secrets.AddAnswer(first)
	return &saslExchange{Client: client, secrets: &s.secrets, name: name, first: first}, nil
}

// offers reports whether the server offers a mechanism.
func (s *session) offers(mechanism string) bool {
	return slices.ContainsFunc(s.mechanisms, func(m string) bool { return strings.EqualFold(m, mechanism) })
}

// authMechanisms returns the mechanisms that the answer to EHLO offers, as in "AUTH
// PLAIN LOGIN" (RFC 4954, section 3). Servers of the years before that RFC, and some
// that still speak to clients of those years, say "AUTH=PLAIN LOGIN".
func authMechanisms(answer string) []string {
	var mechanisms []string
	for line := range strings.Lines(answer) {
		if len(line) < 4 || line[:3] != "250" {
			continue
		}
		words := strings.Fields(strings.ToUpper(line[4:]))
		if len(words) == 0 {
			continue
		}
		if first, ok := strings.CutPrefix(words[0], "AUTH="); ok {
			words[0] = first
		} else if words[0] == "AUTH" {
			words = words[1:]
		} else {
			continue
		}
		for _, m := range words {
			if m != "" && !slices.Contains(mechanisms, m) {
				mechanisms = append(mechanisms, m)
			}
		}
	}
	return mechanisms
}

// A saslExchange is an exchange whose first answer is known.
type saslExchange struct {
	sasl.Client
	secrets *netclient.Secrets // must hide what is sent, since a server may repeat it
	name    string
	first   []byte
	refusal *netclient.TokenRefusal
}

// Start returns the beginning.
func (c *saslExchange) Start() (string, []byte, error) { return c.name, c.first, nil }

// Next answers a challenge. One that refuses a token is owed a byte before the
// server says so with a code.
func (c *saslExchange) Next(challenge []byte) ([]byte, error) {
	answer, err := c.Client.Next(challenge)
	if errors.As(err, &c.refusal) {
		return []byte{1}, nil
	}
	c.secrets.AddAnswer(answer)
	return answer, err
}

// explain adds to a refusal what the challenge before it said.
func (c *saslExchange) explain(err error) error {
	var refused *smtp.SMTPError
	if c.refusal == nil || !errors.As(err, &refused) {
		return err
	}
	explained := *refused
	explained.Message += " (" + c.refusal.Error() + ")"
	return &explained
}
