package domaintest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// accept serves a host until its port is closed.
func (w *World) accept(h *Host, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			var session func(net.Conn)
			w.Change(func() { session = h.Session })
			if session == nil {
				session = func(conn net.Conn) { w.smtp(h, conn) }
			}
			session(conn)
		}()
	}
}

// smtp serves a connection up to STARTTLS.
func (w *World) smtp(h *Host, conn net.Conn) {
	fmt.Fprintf(conn, "220-%s\r\n220 ready\r\n", h.Name)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		var plain bool
		w.Change(func() { plain = h.NoSTARTTLS })
		switch command, _, _ := strings.Cut(lines.Text(), " "); {
		case command == "EHLO" && plain:
			fmt.Fprint(conn, "250 mx\r\n")
		case command == "EHLO":
			fmt.Fprint(conn, "250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
		case command == "STARTTLS" && !plain:
			fmt.Fprint(conn, "220 go\r\n")
			if s := tls.Server(conn, w.config(h)); s.Handshake() == nil {
				io.Copy(io.Discard, s)
			}
			return
		default:
			return
		}
	}
}

// config returns a host's current TLS configuration.
func (w *World) config(h *Host) *tls.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := h.TLS.Clone()
	c.Certificates = []tls.Certificate{*h.Leaf.chain(h.Chain)}
	return c
}

// AfterSTARTTLS returns a session that succeeds until the client may begin with TLS
// and then calls f.
func AfterSTARTTLS(f func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		fmt.Fprint(conn, "220 ready\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			if lines.Text() == "STARTTLS" {
				fmt.Fprint(conn, "220 go\r\n")
				f(conn)
				return
			}
			fmt.Fprint(conn, "250-mx\r\n250 STARTTLS\r\n")
		}
	}
}

// Stall is a session that sends nothing until the client closes it.
func Stall(conn net.Conn) { io.Copy(io.Discard, conn) }

// Drip returns a session that sends single bytes and never a whole line.
func Drip(every time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		for {
			if _, err := conn.Write([]byte("2")); err != nil {
				return
			}
			time.Sleep(every) // the pace is the fault
		}
	}
}
