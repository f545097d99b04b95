package imapbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"
)

// A line of the dialogue before the library takes over is at most this long.
const maxLine = 8 << 10

// portTLS is the port that speaks TLS from the first byte. It waits for the client's
// words, so that in plain text its own are waited for no longer than firstWords.
const (
	portTLS    = 993
	firstWords = 10 * time.Second
)

// A greeter does what comes before the library gets the connection.
type greeter struct {
	o      Options
	br     *bufio.Reader
	replay []byte // what the library is to read first
}

// greeting waits for the server's greeting.
func (g *greeter) greeting(ctx context.Context, conn net.Conn) error {
	g.br = bufio.NewReaderSize(conn, maxLine)
	if err := awaitWords(ctx, g.o, conn, g.br); err != nil {
		return err
	}
	greeting, err := readGreeting(g.br, g.o.quote)
	if err != nil {
		return err
	}
	rest, err := g.br.Peek(g.br.Buffered())
	g.replay = append([]byte(greeting+"\r\n"), rest...)
	return err
}

// A noGreetingError is that of a server that sent nothing.
type noGreetingError struct{ error }

func (e noGreetingError) Unwrap() error { return e.error }

// awaitWords waits for the first byte of a greeting.
func awaitWords(ctx context.Context, o Options, conn net.Conn, br *bufio.Reader) error {
	limited := ctx
	if o.TLS != netclient.TLSImplicit && o.Port == portTLS {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, firstWords)
		defer cancel()
		stop := context.AfterFunc(limited, func() { _ = conn.Close() })
		defer stop()
	}
	_, err := br.Peek(1)
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil && ctx.Err() == nil:
		return noGreetingError{fmt.Errorf("%w within %s", ErrTimeout, firstWords)}
	}
	return noGreetingError{unreadable(err)}
}

// readGreeting reads and judges the server's first line. RFC 9051, section 7.1. quote
// makes what the server says fit for an error.
func readGreeting(br *bufio.Reader, quote func(string) string) (string, error) {
	line, err := readLine(br)
	if err != nil {
		return "", err
	}
	line = wire.RepairGreeting(line)
	star, rest, _ := strings.Cut(line, " ")
	status, text, _ := strings.Cut(rest, " ")
	switch {
	case star != "*":
		return "", &wire.ProtocolError{Detail: fmt.Sprintf("this is not an IMAP server, it greets with %q; check host, port and tls", quote(line))}
	case strings.EqualFold(status, "OK"):
		return line, nil
	case strings.EqualFold(status, "PREAUTH"):
		return "", fmt.Errorf("%w: as whom is unknown, so it is not used; use a port that asks for a login", ErrPreauth)
	case strings.EqualFold(status, "BYE"):
		return "", byeReply(text, quote)
	}
	return "", &wire.ProtocolError{Detail: fmt.Sprintf("it greets with %q", quote(line))}
}

// byeReply takes the response code, if any, off the text of a BYE.
func byeReply(text string, quote func(string) string) *Reply {
	reply := &Reply{Status: "BYE", Text: quote(text)}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if code, after, ok := strings.Cut(inner, "]"); ok {
			name, _, _ := strings.Cut(code, " ")
			reply.Code, reply.Text = strings.ToUpper(quote(name)), quote(after)
		}
	}
	return reply
}

// startTLS asks for TLS and returns when the server is ready for the handshake.
// RFC 9051, section 6.2.1. What came in plain text proves nothing,
// capabilities least of all: the library gets a bare greeting and asks anew.
func (g *greeter) startTLS(conn net.Conn) error {
	const tag, most = "S1", 50
	if _, err := conn.Write([]byte(tag + " STARTTLS\r\n")); err != nil {
		return &wire.LostError{Err: err}
	}
	for range most {
		line, err := readLine(g.br)
		if err != nil {
			return err
		}
		if word, _, _ := strings.Cut(line, " "); word == "*" {
			continue
		}
		rest, ours := strings.CutPrefix(line, tag+" ")
		status, text, _ := strings.Cut(rest, " ")
		switch {
		case !ours:
			return &wire.ProtocolError{Detail: fmt.Sprintf("it answers STARTTLS with %q", g.o.quote(line))}
		case !strings.EqualFold(status, "OK"):
			return fmt.Errorf("%w (it said %s %s): nothing was sent; use tls = %q if it has a port for that, usually 993",
				ErrNoStartTLS, g.o.quote(status), g.o.quote(text), netclient.TLSImplicit)
		case g.br.Buffered() > 0:
			// An attacker puts text in front of the handshake, to have it read
			// as if it were protected.
			return &wire.ProtocolError{Detail: "it sent more in plain text after agreeing to STARTTLS"}
		}
		g.replay = []byte("* OK ready\r\n")
		return nil
	}
	return &wire.ProtocolError{Detail: "it did not answer STARTTLS"}
}

// readLine returns one line without its end.
func readLine(br *bufio.Reader) (string, error) {
	line, err := br.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", &wire.ProtocolError{Detail: "it sent an endless line; this is hardly an IMAP server"}
	case err != nil:
		return "", unreadable(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// unreadable is for a connection that ended where a line was due. The usual
// reason is a port that expects TLS.
func unreadable(err error) error {
	return &wire.LostError{Err: fmt.Errorf("before it said anything that could be read; check that host, port and tls belong together (%w)", err)}
}
