package mailer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"tlsbrief/internal/netclient"
)

// A session is one connection to the server, for one mail.
type session struct {
	o       *Options
	server  netclient.Server
	raw     net.Conn
	conn    net.Conn // raw, bounded, and TLS where there is some
	client  *smtp.Client
	secrets netclient.Secrets // what no error may hold
	steps   []Step            // what was done, for Check
	token   string            // the access token that was tried; empty: none
	refused string            // the one that was refused before
	broken  bool              // a step got no answer: nothing more can be asked

	mechanisms []string // to log in by, that the server offers
}

var (
	errNoAnswer  = errors.New("no answer")
	errOutOfTurn = errors.New("the server speaks out of turn")
)

func (m *Mailer) newSession() *session {
	s := &session{o: &m.o}
	s.server = netclient.Server{Host: m.o.Host, Port: m.o.Port, TLS: m.o.TLS, TLSConfig: m.o.TLSConfig, Dial: s.dial}
	return s
}

// runStep does f, one step about address (empty: about none), in at most d. What
// go-smtp is waiting for takes no context, so that the end of the step's closes
// the connection.
func (s *session) runStep(ctx context.Context, d time.Duration, step, address string, f func(context.Context) error) error {
	stepCtx, cancel := context.WithTimeoutCause(ctx, d, errNoAnswer)
	defer cancel()
	if conn := s.raw; conn != nil {
		stop := context.AfterFunc(stepCtx, func() { _ = conn.Close() })
		defer stop()
	}
	err := context.Cause(stepCtx)
	if err == nil {
		err = f(stepCtx)
	}
	if err == nil {
		return nil
	}
	if s.replyOf(err) == nil { // an answer stands, whatever happened after it
		s.broken = true
		err = explain(ctx, stepCtx, d, err)
	}
	return s.stepError(step, address, err)
}

// explain distinguishes a connection that we closed from one that the server closed.
func explain(ctx, stepCtx context.Context, d time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	case errors.Is(context.Cause(stepCtx), errNoAnswer):
		return fmt.Errorf("%w within %s", errNoAnswer, d)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("the server closed the connection: %w", err)
	}
	return err
}

// step does f, bounded as most steps are.
func (s *session) step(ctx context.Context, step, address string, f func(context.Context) error) error {
	return s.runStep(ctx, s.o.Timeout, step, address, f)
}

// addPassedStep adds a step that went well.
func (s *session) addPassedStep(step, format string, args ...any) {
	s.steps = append(s.steps, Step{Name: step, Detail: printable(fmt.Sprintf(format, args...), maxText)})
}

// open connects, protects the connection, greets and logs in.
func (s *session) open(ctx context.Context) error {
	if !s.o.TLS.Valid() {
		return s.temporaryError(StepConnect, fmt.Errorf("tls is %q", s.o.TLS), `it must be "implicit", "starttls" or "none"`)
	}
	conn, err := s.server.Connect(ctx, netclient.Dialog{
		Greeting: s.greeting,
		StartTLS: s.startTLS,
		Step: func(ctx context.Context, step string, f func(context.Context) error) error {
			return s.step(ctx, step, "", func(ctx context.Context) error { return explainTLS(f(ctx)) })
		},
		Passed: func(step, detail string) { s.addPassedStep(step, "%s", detail) },
	})
	if err != nil {
		return err
	}
	s.conn = conn
	for _, do := range []func(context.Context) error{s.hello, s.auth} {
		if err := do(ctx); err != nil {
			s.quit(ctx)
			s.close()
			return err
		}
	}
	return nil
}

// dial connects, and bounds what the server may send.
func (s *session) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.raw = conn
	return &boundedConn{Conn: conn, left: maxServerBytes}, nil
}

// greeting waits for the server's first words.
func (s *session) greeting(ctx context.Context, conn net.Conn) error {
	return s.step(ctx, StepGreeting, "", func(context.Context) error {
		text, err := ask(conn, 220, "")
		if err == nil {
			s.addPassedStep(StepGreeting, "%s", text)
		}
		return err
	})
}

// ask sends line, unless it is empty, and returns the text of the answer, which
// must have the code. It is for what comes before go-smtp has the connection.
//
// An answer must be all there is: what an attacker adds in plain text
// behind the answer to STARTTLS would else be taken for the server's word under
// TLS.
func ask(conn net.Conn, code int, line string) (string, error) {
	if line != "" {
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			return "", err
		}
	}
	buffered := bufio.NewReader(conn)
	_, text, err := textproto.NewReader(buffered).ReadResponse(code)
	if err == nil && buffered.Buffered() > 0 {
		err = errOutOfTurn
	}
	return text, err
}

// startTLS asks for TLS; a server that does not offer it is not spoken to.
func (s *session) startTLS(ctx context.Context, conn net.Conn) error {
	var offered string
	err := s.step(ctx, StepEHLO, "", func(context.Context) error {
		name, err := s.helo()
		if err == nil {
			offered, err = ask(conn, 250, "EHLO "+name)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, extensions, _ := strings.Cut(offered, "\n")
	found := false
	for line := range strings.Lines(extensions) {
		found = found || strings.EqualFold(strings.TrimSpace(line), "STARTTLS")
	}
	if !found {
		return s.temporaryError(StepStartTLS, errors.New("the server does not offer STARTTLS"),
			`nothing was sent; check the port: submission is usually 587, or 465 with tls = "implicit"`)
	}
	return s.step(ctx, StepStartTLS, "", func(context.Context) error {
		if _, err := ask(conn, 220, "STARTTLS"); err != nil {
			return err
		}
		s.addPassedStep(StepStartTLS, "offered and accepted")
		return nil
	})
}

// hello hands the connection to go-smtp, which introduces us.
func (s *session) hello(ctx context.Context) error {
	return s.step(ctx, StepEHLO, "", func(context.Context) error {
		name, err := s.helo()
		if err != nil {
			return err
		}
		heard := &recordingConn{Conn: s.conn}
		s.client = smtp.NewClient(newReplayConn(heard, "220 greeted before\r\n"))
		// Ours come first and tell more.
		s.client.CommandTimeout, s.client.SubmissionTimeout = 2*s.o.Timeout, 2*s.o.DataTimeout
		if err := s.client.Hello(name); err != nil {
			return err
		}
		s.mechanisms = authMechanisms(heard.stop())
		s.addPassedStep(StepEHLO, "as %s", name)
		return nil
	})
}

// helo returns the name to give to the server, RFC 5321 section 4.1.4.
func (s *session) helo() (string, error) {
	name := s.o.HELO
	if name == "" {
		if host, err := os.Hostname(); err == nil && strings.Contains(strings.Trim(host, "."), ".") {
			name = host
		}
	}
	if name == "" {
		return addressLiteral(s.raw.LocalAddr()), nil
	}
	for _, r := range name {
		if r <= ' ' || r > '~' {
			return "", fmt.Errorf("the name to give, %q, is not a host name", name)
		}
	}
	return name, nil
}

// addressLiteral writes an address as RFC 5321 section 4.1.3 does.
func addressLiteral(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case !ok:
		return "[127.0.0.1]"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.To4().String() + "]"
	}
	return "[IPv6:" + tcp.IP.String() + "]"
}

// quitTimeout bounds how long a server is waited for that has nothing to say
// any more.
const quitTimeout = 5 * time.Second

// quit sends QUIT where that is possible. A failure is not noted.
func (s *session) quit(ctx context.Context) {
	if s.client == nil || s.broken {
		return
	}
	done := s.steps
	err := s.runStep(ctx, min(s.o.Timeout, quitTimeout), StepQuit, "", func(context.Context) error { return s.client.Quit() })
	s.steps = done
	if err == nil {
		s.addPassedStep(StepQuit, "")
	}
}

// close ends the connection without a word.
func (s *session) close() { _ = s.raw.Close() }
