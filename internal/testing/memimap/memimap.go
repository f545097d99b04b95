// Package memimap is an IMAP server in the process, for the demo and for tests.
//
// It wraps go-imap's own test server: everything is in memory until the server is
// closed. That server lower-cases keywords, and stores flags under EXAMINE too,
// against RFC 9051.
package memimap

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Options describe a server. The zero value is a server without TLS and without a
// user name.
type Options struct {
	Username, Password string
	// TLS, if set, offers STARTTLS, or TLS from the first byte with Implicit.
	TLS      *tls.Config
	Implicit bool
	// Capabilities replaces the usual ones: ESEARCH, LIST-EXTENDED, MOVE,
	// NAMESPACE and UIDPLUS beside IMAP4rev1, which is always offered.
	Capabilities []string
}

// A Server listens on a free port of 127.0.0.1. It has one user and a folder
// INBOX.
type Server struct {
	listener net.Listener
	server   *imapserver.Server
	user     *imapmemserver.User
	done     sync.WaitGroup
}

// Start starts a server.
func Start(o Options) (*Server, error) {
	user := imapmemserver.NewUser(o.Username, o.Password)
	if err := user.Create("INBOX", nil); err != nil {
		return nil, fmt.Errorf("creating INBOX: %w", err)
	}
	memory := imapmemserver.New()
	memory.AddUser(user)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting an IMAP server: %w", err)
	}
	options := imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         capabilities(o.Capabilities),
		Logger:       log.New(io.Discard, "", 0),
		InsecureAuth: true,
	}
	s := &Server{listener: listener, user: user}
	if o.Implicit {
		listener = tls.NewListener(listener, o.TLS)
	} else {
		options.TLSConfig = o.TLS
	}
	s.server = imapserver.New(&options)
	s.done.Go(func() {
		// It ends when the listener is closed, with an error that says so.
		_ = s.server.Serve(listener)
	})
	return s, nil
}

func capabilities(names []string) imap.CapSet {
	if names == nil {
		names = []string{"ESEARCH", "LIST-EXTENDED", "MOVE", "NAMESPACE", "UIDPLUS"}
	}
	caps := imap.CapSet{imap.CapIMAP4rev1: {}}
	for _, name := range names {
		caps[imap.Cap(strings.ToUpper(name))] = struct{}{}
	}
	return caps
}

// Addr returns the server's host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port returns the server's port.
func (s *Server) Port() int {
	address, ok := s.listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return address.Port
}

// Create adds a folder.
func (s *Server) Create(folder string) error { return s.user.Create(folder, nil) }

// Append adds a message, as a delivery would, and returns its UID.
func (s *Server) Append(folder string, flags []string, arrived time.Time, message []byte) (uint32, error) {
	options := &imap.AppendOptions{Time: arrived}
	for _, flag := range flags {
		options.Flags = append(options.Flags, imap.Flag(flag))
	}
	data, err := s.user.Append(folder, literal{strings.NewReader(string(message))}, options)
	if err != nil {
		return 0, fmt.Errorf("appending to %q: %w", folder, err)
	}
	return uint32(data.UID), nil
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// Close stops the server and ends its connections.
func (s *Server) Close() error {
	// Serve may not have begun: closing the listener ends it either way.
	_ = s.listener.Close()
	s.done.Wait()
	return s.server.Close()
}
