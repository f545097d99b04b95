package smtpsink

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
)

// A listener gives go-smtp connections that can fail on request. It serves those
// itself that fail before or at the greeting.
type listener struct {
	net.Listener
	sink *Sink
	tls  *tls.Config
}

// Accept waits for a connection that may be greeted.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: inner, sink: l.sink}
		if !l.sink.track(c) {
			c.hangUp()
			continue
		}
		var outer net.Conn = c
		if l.sink.options.Mode == Implicit {
			if f, ok := l.sink.take(Handshake, ""); ok {
				go func() { _ = l.sink.strike(f, c) }()
				continue
			}
			outer = tls.Server(c, l.tls)
		}
		if f, ok := l.sink.take(Greeting, ""); ok {
			go l.sink.misgreet(f, c, outer)
			continue
		}
		return outer, nil
	}
}

// misgreet serves a connection with a fault at its greeting and ends it; outer is
// c, or TLS over it.
func (s *Sink) misgreet(f Fault, c *conn, outer net.Conn) {
	defer c.hangUp()
	if t, ok := outer.(*tls.Conn); ok && t.Handshake() != nil {
		return
	}
	switch f.action() {
	case Stall:
		<-s.done
	case Answer:
		_, _ = outer.Write(f.line())
		_, _ = io.Copy(io.Discard, outer) // until the client has read it and gone
	case DropAfter:
		answer := []byte("220 sink.test ESMTP\r\n")
		if f.Code != 0 {
			answer = f.line()
		}
		_, _ = outer.Write(answer)
	}
}

// track counts a connection and records it for Close. It reports whether the sink
// is open.
func (s *Sink) track(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return false
	default:
	}
	s.opened++
	s.conns[c] = struct{}{}
	return true
}

// A conn is the TCP connection under a session, and under its TLS. go-smtp has
// no hook before its answers to STARTTLS and DATA; a conn reads these commands in
// plain text and can replace the answer.
type conn struct {
	net.Conn
	sink *Sink

	mu      sync.Mutex
	command Step // the command that the next Write answers, if faults can strike at it
	cut     bool // close after the next Write
	leaving bool // the next command is answered with 221, whatever it is
}

// raw returns the conn under a connection of go-smtp.
func raw(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*conn)
}

// Read reads, and records which command was read.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving && err == nil {
		_, _ = io.WriteString(c.Conn, "221 2.0.0 Bye\r\n")
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	c.command = ""
	switch strings.ToUpper(string(b[:n])) {
	case "STARTTLS\r\n":
		c.command = StartTLS
	case "DATA\r\n":
		c.command = Data
	}
	return n, err
}

// Write writes, or executes a fault instead.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	command, cut := c.command, c.cut
	c.command, c.cut = "", false
	c.mu.Unlock()
	if command != "" {
		if f, ok := c.sink.take(command, ""); ok {
			return c.misanswer(f, b)
		}
	}
	n, err := c.Conn.Write(b)
	if cut {
		c.hangUp()
	}
	if command == StartTLS && err == nil {
		if f, ok := c.sink.take(Handshake, ""); ok {
			return n, c.sink.strike(f, c)
		}
	}
	return n, err
}

// misanswer executes f instead of writing the answer b. go-smtp takes b for sent,
// so the session ends with the client's next command.
func (c *conn) misanswer(f Fault, b []byte) (int, error) {
	switch f.action() {
	case Answer, DropAfter:
		answer := b
		if f.Code != 0 {
			answer = f.line()
		}
		if _, err := c.Conn.Write(answer); err != nil {
			return 0, err
		}
		if f.action() == DropAfter {
			c.hangUp()
			return 0, errDropped
		}
		c.mu.Lock()
		c.leaving = true
		c.mu.Unlock()
		return len(b), nil
	}
	return 0, c.sink.strike(f, c)
}

func (c *conn) hangUpAfterWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
}

// hangUp closes the TCP connection without TLS's close_notify.
func (c *conn) hangUp() { _ = c.Conn.Close() }

// Close closes the connection for good.
func (c *conn) Close() error {
	c.sink.mu.Lock()
	delete(c.sink.conns, c)
	c.sink.mu.Unlock()
	return c.Conn.Close()
}
