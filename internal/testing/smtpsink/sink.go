// Package smtpsink is an SMTP submission server that keeps the mails it receives.
//
// The demo sends its digests to one, and tests send to one that fails on request:
// at any step it can refuse with a code, close the connection before or after its
// answer, or stop answering ([Fault]). It is built on go-smtp's server, which reads
// and answers the commands.
//
// # Trust
//
// It listens on 127.0.0.1 only and holds everything in memory, at most
// [Options.MaxBytes] a mail. Certificates come from a [CA] of its own that signs
// nothing else.
package smtpsink

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// A Mode says how a connection is protected. The values are those of the
// configuration's key "tls".
type Mode string

// The modes.
const (
	None     Mode = "none"     // plain text, STARTTLS not offered
	STARTTLS Mode = "starttls" // plain text until the client asks, RFC 3207
	Implicit Mode = "implicit" // TLS from the first byte, RFC 8314
)

// Options describe a server. The zero value is one without TLS that asks for no
// password.
type Options struct {
	Mode          Mode           // empty: None
	CA            *CA            // signs the certificate; nil: a new one, see Sink.CA
	Names         []string       // in the certificate; none: 127.0.0.1 and localhost
	MaxTLSVersion uint16         // such as tls.VersionTLS11; 0: that of crypto/tls
	ClientCAs     *x509.CertPool // clients must send a certificate of one of these; nil: none is requested

	// User and Password, if set, are required before MAIL. They are accepted on
	// plain connections too.
	User, Password string
	Mechanisms     []string // offered for AUTH; none: PLAIN and LOGIN

	MaxBytes      int64 // of one mail, announced with SIZE (RFC 1870); 0: 32 MiB, not announced
	MaxRecipients int   // of one mail; 0: no bound
	SMTPUTF8      bool  // offer RFC 6531

	Faults []Fault // see Sink.SetFaults
}

// defaultMaxBytes bounds a mail if Options do not.
const defaultMaxBytes = 32 << 20

// A Mail is an accepted mail with its envelope.
type Mail struct {
	From string
	To   []string
	Data []byte // as sent, without the dots that SMTP adds

	HELO      string // the name that the client sent
	TLS       bool   // whether it came over TLS
	User      string // the user logged in; empty: none
	Mechanism string // of the log-in
	UTF8      bool   // whether MAIL said SMTPUTF8
	Size      int64  // announced with MAIL; 0: none
}

// A Sink is a running server. Its methods may be called from any goroutine.
type Sink struct {
	options  Options
	ca       *CA
	listener net.Listener
	server   *smtp.Server
	done     chan struct{} // closed by Close; ends stalled sessions
	served   chan struct{} // closed when the server has stopped accepting

	mu      sync.Mutex
	mails   []Mail
	changed chan struct{} // closed and replaced with every mail
	faults  []Fault
	conns   map[*conn]struct{}
	opened  int
	struck  map[Step]int
}

// Start starts a server on a free port of 127.0.0.1. The caller must Close it.
func Start(o Options) (*Sink, error) {
	if o.Mode == "" {
		o.Mode = None
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if len(o.Mechanisms) == 0 {
		o.Mechanisms = []string{"PLAIN", "LOGIN"}
	}
	if len(o.Names) == 0 {
		o.Names = []string{"127.0.0.1", "localhost"}
	}
	s := &Sink{
		options: o, ca: o.CA, faults: slices.Clone(o.Faults),
		done: make(chan struct{}), served: make(chan struct{}), changed: make(chan struct{}),
		conns: map[*conn]struct{}{}, struck: map[Step]int{},
	}
	if err := checkFaults(o.Mode, s.faults); err != nil {
		return nil, err
	}
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for SMTP: %w", err)
	}
	s.listener = &listener{Listener: inner, sink: s, tls: config}
	s.server = s.newServer(config)
	go func() {
		defer close(s.served)
		_ = s.server.Serve(s.listener) // ends with the listener, in Close
	}()
	return s, nil
}

// newServer returns the go-smtp server; config is nil without TLS.
func (s *Sink) newServer(config *tls.Config) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(s.newSession))
	server.Domain = "sink.test"
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8 = s.options.SMTPUTF8
	server.MaxRecipients = s.options.MaxRecipients
	if s.options.MaxBytes != defaultMaxBytes {
		server.MaxMessageBytes = s.options.MaxBytes
	}
	if s.options.Mode == STARTTLS {
		server.TLSConfig = config
	}
	return server
}

// tlsConfig makes the server's certificate if the mode needs one.
func (s *Sink) tlsConfig() (*tls.Config, error) {
	if s.options.Mode == None {
		return nil, nil
	}
	if s.ca == nil {
		ca, err := NewCA()
		if err != nil {
			return nil, err
		}
		s.ca = ca
	}
	certificate, err := s.ca.Issue(s.options.Names...)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if v := s.options.MaxTLSVersion; v != 0 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, v
	}
	if cas := s.options.ClientCAs; cas != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, cas
	}
	return config, nil
}

// closeTimeout bounds how long Close waits for sessions that are ending.
const closeTimeout = time.Minute

// Close ends every connection and stops the server.
func (s *Sink) Close() error {
	s.mu.Lock()
	select {
	case <-s.done:
		s.mu.Unlock()
		return nil
	default:
		close(s.done)
	}
	for c := range s.conns {
		c.hangUp()
	}
	s.mu.Unlock()
	// Shutdown does not close a listener whose Serve has not begun yet.
	_ = s.listener.Close()
	<-s.served

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

// Host returns the address that the server listens on, without the port.
func (s *Sink) Host() string { return "127.0.0.1" }

// Port returns the port that the server listens on.
func (s *Sink) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// CA returns the signer of the server's certificate; nil without TLS.
func (s *Sink) CA() *CA { return s.ca }

// Connections returns how many connections were opened so far.
func (s *Sink) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Mails returns the mails accepted so far, in order.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// WaitFor returns the mails once there are at least n. If ctx ends first, it returns
// those so far and ctx's error.
func (s *Sink) WaitFor(ctx context.Context, n int) ([]Mail, error) {
	for {
		s.mu.Lock()
		mails, changed := slices.Clone(s.mails), s.changed
		s.mu.Unlock()
		if len(mails) >= n {
			return mails, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return mails, fmt.Errorf("waiting for %d mails, %d have come: %w", n, len(mails), context.Cause(ctx))
		}
	}
}

// keep adds a mail and wakes each WaitFor.
func (s *Sink) keep(m Mail) {
	m.To, m.Data = slices.Clone(m.To), bytes.Clone(m.Data)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.changed)
	s.changed = make(chan struct{})
}
