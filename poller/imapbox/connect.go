package imapbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/netclient"
)

// A line of the dialogue before the library takes over is at most this long.
const maxLine = 8 << 10

// connect reaches the server and gets as far as a greeting on a connection that
// is as secure as the options ask. The greeting, and STARTTLS, are done here and
// not by the library, which sends STARTTLS before the greeting and waits for
// both without a limit.
func connect(ctx context.Context, o Options) (*wire, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, ErrTimeout)
	defer cancel()
	address := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	fail := func(step string, err error) error {
		cause := err
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			if errors.Is(err, ErrTimeout) {
				err = fmt.Errorf("%w within %s", ErrTimeout, o.Timeout)
			}
		}
		err = &serverError{address: address, hint: hint(o, step, err, cause), err: err}
		return &StepError{Step: step, Mailbox: o.Name, Err: err}
	}

	raw, err := o.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, fail("connect", err)
	}
	if o.TLS == TLSNone {
		if err := netclient.CheckPlain(raw); err != nil {
			_ = raw.Close()
			return nil, fail("connect", err)
		}
	}
	o.Passed("connect", raw.RemoteAddr().String())
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, replay, step, err := greet(ctx, o, raw)
	if !stop() && err == nil {
		step, err = "greeting", context.Cause(ctx)
	}
	if err != nil {
		_ = raw.Close()
		return nil, fail(step, err)
	}
	return newWire(conn, raw, o.Timeout, replay), nil
}

// greet brings a fresh connection to where a login can start. It returns the
// connection to use and what the library is to read first: the greeting.
// On error, step says where.
func greet(ctx context.Context, o Options, raw net.Conn) (conn net.Conn, replay []byte, step string, err error) {
	conn = raw
	switch o.TLS {
	case TLSImplicit:
		if conn, err = secure(ctx, o, raw); err != nil {
			return nil, nil, "tls", err
		}
	case TLSStart, TLSNone:
	default:
		return nil, nil, "tls", fmt.Errorf("tls = %q: use %q, %q or %q", o.TLS, TLSImplicit, TLSStart, TLSNone)
	}
	br := bufio.NewReaderSize(conn, maxLine)
	if err := awaitWords(ctx, o, raw, br); err != nil {
		return nil, nil, "greeting", err
	}
	greeting, err := readGreeting(br, o.quote)
	if err != nil {
		return nil, nil, "greeting", err
	}
	if o.TLS == TLSStart {
		if err := startTLS(conn, br, o.quote); err != nil {
			return nil, nil, "starttls", err
		}
		if conn, err = secure(ctx, o, raw); err != nil {
			return nil, nil, "tls", err
		}
		// What the server said in plain text proves nothing, capabilities
		// least of all: the library gets a bare greeting and asks anew.
		return conn, []byte("* OK ready\r\n"), "", nil
	}
	rest, err := br.Peek(br.Buffered())
	if err != nil {
		return nil, nil, "greeting", err
	}
	return conn, append([]byte(greeting+"\r\n"), rest...), "", nil
}

// awaitWords waits for the first byte of a greeting.
func awaitWords(ctx context.Context, o Options, raw net.Conn, br *bufio.Reader) error {
	patience := ctx
	if o.TLS != TLSImplicit && o.Port == portTLS {
		limited, cancel := context.WithTimeout(ctx, firstWords)
		defer cancel()
		stop := context.AfterFunc(limited, func() { _ = raw.Close() })
		defer stop()
		patience = limited
	}
	_, err := br.Peek(1)
	switch {
	case err == nil:
		return nil
	case patience.Err() != nil && ctx.Err() == nil:
		return silentError{fmt.Errorf("%w within %s", ErrTimeout, firstWords)}
	}
	return silentError{unreadable(err)}
}

// secure does the TLS handshake.
func secure(ctx context.Context, o Options, raw net.Conn) (net.Conn, error) {
	config := &tls.Config{}
	if o.TLSConfig != nil {
		config = o.TLSConfig.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = o.Host
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, explainTLS(err, config.ServerName)
	}
	state := conn.ConnectionState()
	until := "its certificate is not verified"
	if len(state.VerifiedChains) > 0 {
		until = "certificate valid until " + state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly)
	}
	o.Passed("tls", tls.VersionName(state.Version)+", "+until)
	return conn, nil
}

// readGreeting reads and judges the server's first line. RFC 9051, section 7.1. quote
// makes what the server says fit for an error.
func readGreeting(br *bufio.Reader, quote func(string) string) (string, error) {
	line, err := readLine(br)
	if err != nil {
		return "", err
	}
	if mended, fate := mend([]byte(line + "\r\n")); fate == passedOn {
		line = strings.TrimRight(string(mended), "\r\n") // such as one with two blanks after the star
	}
	star, rest, _ := strings.Cut(line, " ")
	status, text, _ := strings.Cut(rest, " ")
	switch {
	case star != "*":
		return "", &protocolError{detail: fmt.Sprintf("this is not an IMAP server, it greets with %q; check host, port and tls", quote(line))}
	case strings.EqualFold(status, "OK"):
		return line, nil
	case strings.EqualFold(status, "PREAUTH"):
		return "", fmt.Errorf("%w: as whom is unknown, so it is not used; use a port that asks for a login", ErrPreauth)
	case strings.EqualFold(status, "BYE"):
		return "", byeReply(text, quote)
	}
	return "", &protocolError{detail: fmt.Sprintf("it greets with %q", quote(line))}
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
// RFC 9051, section 6.2.1.
func startTLS(conn net.Conn, br *bufio.Reader, quote func(string) string) error {
	const tag, most = "S1", 50
	if _, err := conn.Write([]byte(tag + " STARTTLS\r\n")); err != nil {
		return &lostError{err: err}
	}
	for range most {
		line, err := readLine(br)
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
			return &protocolError{detail: fmt.Sprintf("it answers STARTTLS with %q", quote(line))}
		case !strings.EqualFold(status, "OK"):
			return fmt.Errorf("%w (it said %s %s): nothing was sent; use tls = %q if it has a port for that, usually 993",
				ErrNoStartTLS, quote(status), quote(text), TLSImplicit)
		case br.Buffered() > 0:
			// Text in front of the handshake was put there by somebody who
			// wants it read as if it had been protected.
			return &protocolError{detail: "it sent more in plain text after agreeing to STARTTLS"}
		}
		return nil
	}
	return &protocolError{detail: "it did not answer STARTTLS"}
}

// readLine returns one line without its end.
func readLine(br *bufio.Reader) (string, error) {
	line, err := br.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", &protocolError{detail: "it sent an endless line; this is hardly an IMAP server"}
	case err != nil:
		return "", unreadable(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// unreadable is for a connection that ended where a line was due. The usual
// reason is a port that expects TLS.
func unreadable(err error) error {
	return &lostError{err: fmt.Errorf("before it said anything that could be read; check that host, port and tls belong together (%w)", err)}
}
