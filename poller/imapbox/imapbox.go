// Package imapbox reads and marks messages in one IMAP mailbox.
//
// It is the only package that talks to emersion/go-imap, and it knows where
// that library, in v2.0.0-beta.8, loses mail or waits for ever. A [Session] is
// one connection, logged in; it is not for concurrent use.
//
// # Trust
//
// A stranger chooses the bytes of every message, and the server is believed no
// further than needed: each answer has a bound in bytes and in time, a message
// counts as read only when all of its bytes came and the server closed the
// command with OK, and a flag counts as set only when the server shows it.
// BODYSTRUCTURE and ENVELOPE are never asked for: one message with a malformed
// parameter makes go-imap give up the connection on them.
//
// # Tolerance
//
// What a server lacks is done another way or reported as not possible: no
// ESEARCH, no SPECIAL-USE, no UIDPLUS, no MOVE. Package wire repairs what servers
// send before go-imap reads it.
//
// # The mailbox is not ours
//
// Reading happens under EXAMINE and with BODY.PEEK. Only [Session.AddFlag] and
// [Session.Move] change anything, only after [Session.Select], and only the
// messages that they are given.
package imapbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"
)

// Bounds on what the server may send in answer to one command.
const (
	maxReply     = 1 << 20  // a command with a short answer
	maxListing   = 64 << 20 // LIST and SEARCH: some eight million UIDs
	logoutWait   = 3 * time.Second
	defaultWait  = time.Minute
	commandWaits = 20 // a whole command may last this many times Options.Timeout
)

// A Session is one connection to a mailbox, logged in. Its methods must not be
// called from two goroutines at once. After an error for which [Session.Broken]
// is true, nothing but Close and a new Open helps.
type Session struct {
	name      string
	log       *slog.Logger
	conn      *wire.Conn
	wait      time.Duration // for the next bytes
	client    *imapclient.Client
	caps      imap.CapSet
	limit     time.Duration // for one command
	server    netclient.Server
	user      string // the name that it logged in with
	mechanism string // how it logged in: a SASL mechanism, or the LOGIN command
	token     bool   // it logged in by a token, got by grant
	grant     netclient.Grant
	utf8      bool // folders' names go over the wire as UTF-8
	open      openedFolder

	unread   unread
	readSome bool // a message was read by FETCH

	version string
	sizes   Batches
	traits  serverTraits
}

// serverTraits are what a session found out about its server, so that it does not find
// it out again for each message.
type serverTraits struct {
	offered     imap.CapSet // before the log-in
	identified  bool        // ID was sent
	limit       uint32      // how many messages it answers for at a time (RFC 9738); 0: any number
	plainSearch bool        // it offers ESEARCH and cannot do it
	forms       map[string]requestForm
	singleParts bool // it refuses to tell of parts where one of them is not there
	refusesMove error
}

// opened is the folder that EXAMINE or SELECT opened last.
type openedFolder struct {
	folder    string
	writable  bool // by SELECT, and the server keeps some flag
	permanent []string
}

// Open connects, logs in and learns what the server can do. Its errors are
// *[StepError]; the step is one of "credentials", "connect", "tls", "greeting",
// "starttls", "login", "capability" and "enable".
func Open(ctx context.Context, o Options) (*Session, error) {
	o = o.withDefaults()
	credentials, err := o.credentials(ctx, "")
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, o, credentials)
	if o.Token == nil || !errors.Is(err, ErrAuth) {
		return s, err
	}
	// A token may have been revoked, or its rights changed, before its time.
	o.Log.Debug("the server refused the token: another one is tried", "mailbox", o.Name, "err", err)
	refused := credentials.Token
	if credentials, err = o.credentials(ctx, refused); err != nil {
		return nil, err
	}
	return open(ctx, o, credentials)
}

// open is Open with credentials, on one connection.
func open(ctx context.Context, o Options, credentials netclient.Credentials) (*Session, error) {
	var known netclient.Secrets // that the server may have been sent on a connection before this
	known.Add(credentials.Password)
	known.Add(credentials.Token)
	o.quote = func(text string) string { return wire.Printable(known.Hide(text)) }
	conn, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Session{
		name:   o.Name,
		log:    o.Log,
		conn:   conn,
		wait:   o.Timeout,
		client: imapclient.New(conn, nil),
		limit:  commandWaits * o.Timeout,
		server: o.server(),
		user:   credentials.Username,
		token:  o.Token != nil,
		grant:  o.Grant,

		version: o.Version,
		sizes:   o.Batches,
		traits:  serverTraits{forms: make(map[string]requestForm)},
	}
	if err := s.login(ctx, credentials); err != nil {
		s.closeNow()
		return nil, err
	}
	o.Passed("log-in", wire.Printable(credentials.Username+" by "+s.mechanism))
	s.log.Debug("logged in to the mailbox", "mailbox", s.name)
	s.traits.limit = s.announcedLimit()
	if o.silent || !s.Has("ID") && !s.traits.offered.Has(imap.CapID) {
		return s, nil
	}
	if err := s.identify(ctx); err != nil && s.Broken() {
		// It is a courtesy: what comes of it must not keep the mail from being read.
		s.log.Debug("the connection did not survive ID: another one does without", "mailbox", s.name, "err", err)
		s.closeNow()
		o.silent = true
		return open(ctx, o, credentials)
	}
	return s, nil
}

// Close logs out, which takes a few seconds at most, and ends the connection.
// It never reports a connection that was lost before: another method returned that
// error.
func (s *Session) Close() error {
	if s.Broken() {
		s.closeNow()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), logoutWait)
	defer cancel()
	err := s.run(ctx, "logout", "", maxReply, func() error { return s.client.Logout().Wait() })
	s.closeNow()
	if errors.Is(err, ErrLost) {
		return nil // many servers close without the last OK
	}
	return err
}

// closeNow ends the connection at once and waits for the library to notice.
func (s *Session) closeNow() {
	s.conn.Fail(net.ErrClosed)
	// The error is about the connection that was just closed on purpose.
	_ = s.client.Close()
}

// Broken reports whether the connection is unusable.
func (s *Session) Broken() bool { return s.conn.Err() != nil }

// BytesRead counts what the server has sent, after decryption. It shows that
// other people's mail was not downloaded.
func (s *Session) BytesRead() int64 { return s.conn.BytesRead() }

// run sends one command, or several whose answers f reads to the end, under
// the bounds of this package: at most budget bytes of answer, and not beyond
// ctx. f must return only when nothing is outstanding, and must leave errors of
// the library as they are. Errors come back as *StepError.
func (s *Session) run(ctx context.Context, step, folder string, budget int64, f func() error) error {
	if err := ctx.Err(); err != nil {
		return s.stepError(step, folder, context.Cause(ctx))
	}
	if err := s.conn.Err(); err != nil {
		return s.stepError(step, folder, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit, fmt.Errorf("%w: it did not finish within %s", ErrTimeout, s.limit))
	defer cancel()
	// go-imap takes no context and sets deadlines of its own: closing the
	// connection is what ends a wait.
	stop := context.AfterFunc(ctx, func() { s.conn.Fail(context.Cause(ctx)) })
	s.conn.Begin(budget, s.wait)
	err := f()
	s.conn.End()
	stop()
	skipped := s.logSkipped()
	if err == nil && skipped != nil && step == "search" && !s.conn.HasResponse("SEARCH", "ESEARCH") {
		// Taken for nothing found, it would hide messages.
		err = skipped
		s.conn.Fail(err)
	}
	if cut, _ := s.conn.Cut(); cut.Limit > 0 {
		s.traits.limit = cut.Limit
	}
	if err == nil {
		return nil
	}
	return s.stepError(step, folder, s.explainError(err))
}

// logSkipped logs a few of the lines that were skipped in the answer to a command, and
// returns the first.
func (s *Session) logSkipped() error {
	lines, more := s.conn.Skipped()
	for _, line := range lines {
		level := slog.LevelWarn
		if line.Unknown {
			level = slog.LevelDebug
		}
		s.log.Log(context.Background(), level, "a line of the server's answer was passed over", "mailbox", s.name, "err", line.Err)
	}
	if more > 0 {
		s.log.Warn("further lines of the server's answer were passed over", "mailbox", s.name, "lines", more)
	}
	if len(lines) == 0 {
		return nil
	}
	return lines[0].Err
}

// explain replaces an error of the library by what happened. After a cut the
// library reports whatever it stumbled over next.
func (s *Session) explainError(err error) error {
	if reply := (*imap.Error)(nil); errors.As(err, &reply) {
		if reply.Type == imap.StatusResponseTypeBye {
			s.conn.Fail(ErrLost)
		}
		answer := newReply(reply, s.conn.Hide)
		if isNotConnected(answer) {
			return fmt.Errorf("%w: %s (%w)", ErrMayNotOpen, s.notConnectedHint(), answer)
		}
		return answer
	}
	if cause := s.conn.Err(); cause != nil {
		return cause
	}
	if line := s.conn.Stray(err); line != nil {
		err = line
	} else {
		err = &wire.ProtocolError{Detail: wire.Printable(s.conn.Hide(err.Error()))}
	}
	s.conn.Fail(err)
	return err
}

func (s *Session) stepError(step, folder string, err error) error {
	return &StepError{Step: step, Mailbox: s.name, Folder: folder, Err: err}
}
