package imapbox

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"
)

// credentials asks for what to log in with, and for a token that is not the one
// that was refused.
func (o Options) credentials(ctx context.Context, refused string) (netclient.Credentials, error) {
	c, err := o.Auth(ctx)
	if err == nil && o.Token != nil {
		c.Token, err = o.Token(ctx, refused)
	}
	if err == nil && o.Token != nil {
		o.Passed("access token", "the token server gave one")
	}
	if err != nil {
		return netclient.Credentials{}, &StepError{Step: StepCredentials, Mailbox: o.Name, Err: err}
	}
	return c, nil
}

// login authenticates and learns what the server can do afterwards.
func (s *Session) login(ctx context.Context, c netclient.Credentials) error {
	var offered imap.CapSet
	err := s.run(ctx, "greeting", "", maxReply, func() error {
		if err := s.client.WaitGreeting(); err != nil {
			return err
		}
		offered = s.client.Caps() // asks for them if need be, and hides errors
		s.traits.offered = offered
		return s.conn.Err()
	})
	if err != nil {
		return err
	}
	s.conn.AddSecret(c.Password)
	s.conn.AddSecret(c.Token)
	authenticate, err := s.chooseMechanism(c, offered)
	if err != nil {
		return s.stepError("login", "", err)
	}
	if err := s.run(ctx, "login", "", maxReply, authenticate); err != nil {
		return s.explainLogin(err)
	}
	// The library learns the new capabilities behind our back and may still
	// answer with the old ones.
	err = s.run(ctx, "capability", "", maxReply, func() error {
		s.caps, err = s.client.Capability().Wait()
		return err
	})
	if err != nil {
		return err
	}
	return s.chooseNameEncoding(ctx)
}

// chooseMechanism returns how to authenticate: by a token, the caller's own, PLAIN, the
// LOGIN command, or the LOGIN mechanism, in this order.
func (s *Session) chooseMechanism(c netclient.Credentials, offered imap.CapSet) (func() error, error) {
	offers := func(mechanism string) bool { return offered.Has(imap.AuthCap(mechanism)) }
	if c.Token == "" && c.SASL == nil && !offers(sasl.Plain) && !offered.Has(imap.CapLoginDisabled) {
		s.mechanism = "the LOGIN command"
		return func() error { return s.client.Login(c.Username, c.Password).Wait() }, nil
	}
	client, err := s.server.Mechanism(c, offers)
	switch {
	case errors.Is(err, netclient.ErrNoBearer):
		return nil, fmt.Errorf("%w: %w (it offers %s)", ErrLoginDisabled, err, mechanisms(offered))
	case errors.Is(err, netclient.ErrNoMechanism):
		return nil, fmt.Errorf("%w: it offers %s; a server says so before TLS (set tls), or where only OAuth2 is allowed",
			ErrLoginDisabled, mechanisms(offered))
	case err != nil:
		return nil, err
	}
	return s.authenticate(client), nil
}

func (s *Session) authenticate(client sasl.Client) func() error {
	return func() error {
		guard := &saslGuard{Client: client, conn: s.conn}
		err := s.client.Authenticate(guard)
		s.mechanism = guard.name
		if reply := (*imap.Error)(nil); errors.As(err, &reply) && guard.err != nil {
			return &imap.Error{Type: reply.Type, Code: reply.Code, Text: reply.Text + " (" + guard.err.Error() + ")"}
		}
		return err
	}
}

// mechanisms lists the AUTH= capabilities for an error message.
func mechanisms(caps imap.CapSet) string {
	var names []string
	for capability := range caps {
		if name, ok := strings.CutPrefix(string(capability), "AUTH="); ok {
			names = append(names, wire.Printable(name))
		}
	}
	if len(names) == 0 {
		return "no way to log in"
	}
	sort.Strings(names)
	return "only " + strings.Join(names, ", ")
}

// explainLogin returns the error of a refused login, permanent or temporary, with what
// to do about it.
func (s *Session) explainLogin(err error) error {
	var step *StepError
	var reply *Reply
	if !errors.As(err, &step) || !errors.As(err, &reply) {
		return err
	}
	alert := s.conn.Alert()
	refused := ErrPassword
	if s.token {
		refused = ErrToken
	}
	switch {
	case Throttled(reply), Temporary(reply):
	case isUnavailable(reply):
		step.Err = fmt.Errorf("%w (%w)", ErrUnavailable, reply)
	case reply.Code == "PRIVACYREQUIRED":
		step.Err = fmt.Errorf("%w without TLS: set tls (%w)", ErrLoginDisabled, reply)
	case isNotConnected(reply):
		step.Err = fmt.Errorf("%w: %w: %s (%w)", refused, ErrMayNotOpen, s.notConnectedHint(), reply)
	case reply.Status != "NO":
	case s.token && reply.Code == "AUTHORIZATIONFAILED":
		step.Err = fmt.Errorf("%w: %w: %s (%w%s)", refused, ErrMayNotOpen, tokenHint(alert.Text+reply.Text, s.grant), reply, alert)
	case reply.Code == "AUTHORIZATIONFAILED":
		step.Err = fmt.Errorf("%w: %w: give %q the right to it, or log in as another (%w%s)", refused, ErrMayNotOpen, wire.Printable(s.user), reply, alert)
	case s.token:
		step.Err = fmt.Errorf("%w: %s (%w%s)", refused, tokenHint(alert.Text+reply.Text, s.grant), reply, alert)
	default:
		step.Err = fmt.Errorf("%w: %s (%w%s)", refused, passwordHint(s.server.Host, reply, alert), reply, alert)
	}
	return step
}

// A saslGuard ends an exchange in good order where go-sasl's clients return
// an error to a challenge: go-imap would leave the exchange open, and the next
// command would wait for ever. An answer of one byte makes the server say NO.
// It is not empty, since go-imap sends an empty one as "=", which Dovecot
// refuses.
type saslGuard struct {
	sasl.Client
	conn *wire.Conn // must hide what is sent, since a server may repeat it
	name string
	err  error
}

// Start implements sasl.Client.
func (p *saslGuard) Start() (mechanism string, first []byte, err error) {
	mechanism, first, err = p.Client.Start()
	p.name = mechanism
	p.conn.AddAnswer(first)
	return mechanism, first, err
}

// Next implements sasl.Client.
func (p *saslGuard) Next(challenge []byte) ([]byte, error) {
	answer, err := p.Client.Next(challenge)
	if err != nil {
		if p.err == nil {
			p.err = err
			if refusal := (*netclient.TokenRefusal)(nil); !errors.As(err, &refusal) { // its text has the challenge
				p.err = fmt.Errorf("%w; challenge %q", err, wire.Printable(p.conn.Hide(string(challenge))))
			}
		}
		return []byte{1}, nil
	}
	p.conn.AddAnswer(answer)
	return answer, nil
}
