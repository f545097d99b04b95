package domaincheck

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of what an SMTP server may answer, and of connections to those of one
// domain at a time: who publishes many addresses must not use up this process's.
const (
	maxLine     = 2048
	maxLines    = 100
	maxSessions = 16
)

// probe talks to every address of every MX host.
func (l *run) probe(ctx context.Context) {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed []unreached
	)
	tried, slots := 0, make(chan struct{}, maxSessions)
	for _, h := range l.hosts {
		for _, a := range h.addrs {
			tried++
			all.Go(func() {
				slots <- struct{}{} // each session has a deadline, so this does, too
				defer func() { <-slots }()
				shown := Server{Host: clean(h.name, maxWord), Address: a.String()}
				timeout := l.c.blocked.connectTimeout(l.c.o.StepTimeout)
				if conn, err := l.connect(ctx, a, timeout); err == nil {
					l.session(ctx, h, &shown, conn)
				} else {
					mu.Lock()
					failed = append(failed, unreached{h, a, err, timeout})
					mu.Unlock()
				}
				l.saw(shown)
			})
		}
	}
	all.Wait()
	l.c.blocked.learn(failed, tried)
	l.unreached(failed, tried)
}

// An unreached is an address that could not be connected to.
type unreached struct {
	host    *mxHost
	addr    netip.Addr
	err     error
	timeout time.Duration
}

// unreached says which addresses could not be connected to. Where that is all of
// them it says so once: most likely the port is closed from here. Nor is it a host's
// fault that this machine has no way to it.
func (l *run) unreached(failed []unreached, tried int) {
	if len(failed) == tried && slices.ContainsFunc(failed, func(u unreached) bool { return !noRoute(u.err) }) {
		l.add(ProbeClosed, "", fmt.Sprintf("None of the mail servers could be connected to on port %d (addresses tried: %d): most likely such connections are blocked on their way out.", l.c.o.SMTPPort, tried),
			"Run the check where outgoing connections to port 25 are allowed; many providers block them.")
		return
	}
	var beyond []string
	for _, u := range failed {
		if noRoute(u.err) {
			beyond = append(beyond, u.addr.String())
			continue
		}
		l.add(ProbeUnreachable, u.host.name, fmt.Sprintf("%s (%s) cannot be connected to on port %d: %s.", u.host.name, u.addr, l.c.o.SMTPPort, netError(u.err, u.timeout)),
			"See whether the server runs and its port is open.")
	}
	if len(beyond) > 0 {
		slices.Sort(beyond)
		l.add(ProbeNoRoute, "", fmt.Sprintf("Not examined, since no route leads there from here: %s. Most likely this machine has no IPv6.", strings.Join(beyond, ", ")), "")
	}
}

func (l *run) connect(ctx context.Context, a netip.Addr, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return l.c.o.Dial(ctx, "tcp", net.JoinHostPort(a.String(), strconv.Itoa(l.c.o.SMTPPort)))
}

// session talks to a server as a sender does up to STARTTLS, and looks at its
// certificate. It notes what the server shows.
func (l *run) session(ctx context.Context, h *mxHost, shown *Server, conn net.Conn) {
	defer conn.Close()
	// Not of Options.Now: the operating system keeps it. One deadline for all, so
	// that a byte a second does not hold the check either.
	conn.SetDeadline(time.Now().Add(l.c.o.StepTimeout))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	who := fmt.Sprintf("%s (%s)", shown.Host, shown.Address)
	r := bufio.NewReaderSize(conn, maxLine)
	greeting, _, err := exchange(conn, r, "")
	switch {
	case err != nil:
		l.silent(h, who, "its greeting", err)
		return
	case greeting != 220:
		l.add(ProbeRefused, h.name, fmt.Sprintf("%s greets with %d: it takes no mail from here.", who, greeting), "See why in the server's log; it may be a block list.")
		return
	}
	code, offers, err := exchange(conn, r, "EHLO "+l.c.o.HELO)
	switch {
	case err != nil:
		l.silent(h, who, "its answer to EHLO", err)
		return
	case code != 250 || !offersSTARTTLS(offers):
		l.noSTARTTLS(h, who, "does not offer STARTTLS")
		return
	}
	switch code, _, err = exchange(conn, r, "STARTTLS"); {
	case err != nil:
		l.silent(h, who, "its answer to STARTTLS", err)
		return
	case code != 220:
		l.noSTARTTLS(h, who, fmt.Sprintf("offers STARTTLS and then refuses it with %d", code))
		return
	}
	if r.Buffered() > 0 {
		l.add(ProbeHandshake, h.name, who+" sends more in plain text after it agreed to STARTTLS.", "Update the mail server.")
		return
	}
	l.handshake(h, who, shown, conn)
}

func (l *run) noSTARTTLS(h *mxHost, who, what string) {
	l.add(ProbeNoSTARTTLS, h.name, fmt.Sprintf("%s %s: mail to it is not encrypted, and held where a policy asks for TLS.", who, what),
		"Turn STARTTLS on; see whether a firewall takes it out.")
}

func (l *run) silent(h *mxHost, who, what string, err error) {
	l.add(ProbeSilent, h.name, fmt.Sprintf("%s did not finish %s: %s.", who, what, netError(err, l.c.o.StepTimeout)), "See why it is slow or breaks off.")
}

// handshake does TLS and judges what the server shows. Old versions are let
// through, to be named.
func (l *run) handshake(h *mxHost, who string, shown *Server, conn net.Conn) {
	t := tls.Client(conn, &tls.Config{
		ServerName: h.name, MinVersion: tls.VersionTLS10,
		InsecureSkipVerify: true, // judged below, fault by fault; nothing is sent
	})
	if err := t.Handshake(); err != nil {
		l.add(ProbeHandshake, h.name, fmt.Sprintf("The TLS handshake with %s failed: %s.", who, netError(err, l.c.o.StepTimeout)), "See the server's log; compare its TLS versions and ciphers with what others offer.")
		return
	}
	state := t.ConnectionState()
	shown.note(state, l.c.o.Now())
	l.sawCertificate(shown, state)
	if state.Version < tls.VersionTLS12 {
		l.add(ProbeOldTLS, h.name, fmt.Sprintf("%s speaks no better than %s, which senders refuse.", who, tls.VersionName(state.Version)), "Turn on TLS 1.2 and 1.3.")
	}
	l.certificate(h, who, state.PeerCertificates)
	fmt.Fprint(t, "QUIT\r\n") // manners; whether it arrives does not matter
}

// exchange sends a command, if it is not empty, and reads the answer.
func exchange(conn net.Conn, r *bufio.Reader, command string) (code int, lines []string, err error) {
	if command != "" {
		if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
			return 0, nil, err
		}
	}
	for range maxLines {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if len(text) < 3 {
			return 0, nil, errors.New("what it says is no SMTP")
		}
		n, err := strconv.Atoi(text[:3])
		if err != nil || n < 200 || n > 599 {
			return 0, nil, errors.New("what it says is no SMTP")
		}
		if len(text) > 4 {
			lines = append(lines, text[4:])
		}
		if len(text) == 3 || text[3] != '-' {
			return n, lines, nil
		}
	}
	return 0, nil, errors.New("its answer does not end")
}

func offersSTARTTLS(lines []string) bool {
	for _, line := range lines {
		if word, _, _ := strings.Cut(line, " "); strings.EqualFold(word, "STARTTLS") {
			return true
		}
	}
	return false
}
