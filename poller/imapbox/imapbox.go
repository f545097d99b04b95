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
// ESEARCH, no SPECIAL-USE, no UIDPLUS, no MOVE. Every line of a server passes one
// place before go-imap reads it: mend makes of those that real servers send what
// go-imap reads, and leaves others as they are; what nobody waits for is passed over,
// and where that is not possible, the error is a [LineError]. FETCH is read here, by
// readFetch.
//
// # The mailbox is not ours
//
// Reading happens under EXAMINE and with BODY.PEEK. Only [Session.AddFlag] and
// [Session.Move] change anything, only after [Session.Select], and only the
// messages that they are given.
package imapbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"tlsbrief/internal/netclient"
)

// Bounds on what the server may send in answer to one command.
const (
	maxReply     = 1 << 20  // a command with a short answer
	maxListing   = 64 << 20 // LIST and SEARCH: some eight million UIDs
	maxUnasked   = 1 << 20  // between two commands
	logoutWait   = 3 * time.Second
	defaultWait  = time.Minute
	commandWaits = 20 // a whole command may last this many times Options.Timeout
)

// Options say how to reach a mailbox and as whom.
type Options struct {
	// Name is what the configuration calls the mailbox; errors begin with it.
	Name string
	Host string
	Port int
	TLS  netclient.TLSMode
	// TLSConfig and Dial are those of [netclient.Server].
	TLSConfig *tls.Config
	Dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	// Auth yields the credentials at the moment of use, so that a rotated
	// secret or a fresh token is picked up.
	Auth func(ctx context.Context) (netclient.Credentials, error)
	// Token, if set, yields an OAuth2 access token that is used in place of the
	// password. refused, where not empty, is one that it gave and that the server
	// has just refused: another is tried, once.
	Token func(ctx context.Context, refused string) (string, error)
	// Grant says how Token gets its tokens, for advice on refused ones.
	Grant netclient.Grant
	// Timeout bounds each wait for the network: to connect, and for the next
	// bytes of an answer. Zero means a minute. A whole command may last twenty
	// times as long.
	Timeout time.Duration
	// Log gets what helps in finding a fault, at debug level, and the lines of a
	// server that were passed over, as warnings; nil discards both.
	Log *slog.Logger
	// Passed, if set, is told of each step of Open that went well, with what was
	// found, in one printable line.
	Passed func(step, detail string)

	quote func(string) string // makes what a server says before the login fit for an error
	// Version is the version of the program that the server is told where it wants
	// to know its clients (ID, RFC 2971); the name is "tlsbrief". Empty: no version.
	Version string
	// Batches bound what one command asks for. They change the number of commands,
	// and no result.
	Batches Batches

	silent bool // ID is not sent
}

// Batches bound what one command asks for; zero stands for the default of each.
type Batches struct {
	// UIDs is how many messages a command names: 5,000, and never more.
	UIDs int
	// Few is how many messages are asked for together that a larger batch left out,
	// before each of them is asked for alone: 20.
	Few int
	// Bodies and Headers are how many bytes of them are held at once: 16 MiB, unless
	// a single message is larger, and 8 MiB.
	Bodies, Headers int64
}

func (b Batches) withDefaults() Batches {
	if b.UIDs <= 0 || b.UIDs > maxSetUIDs {
		b.UIDs = maxSetUIDs
	}
	if b.Few <= 0 {
		b.Few = 20
	}
	if b.Bodies <= 0 {
		b.Bodies = 16 << 20
	}
	if b.Headers <= 0 {
		b.Headers = 8 << 20
	}
	return b
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = defaultWait
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Passed == nil {
		o.Passed = func(string, string) {}
	}
	o.Batches = o.Batches.withDefaults()
	return o
}

// A Session is one connection to a mailbox, logged in. Its methods must not be
// called from two goroutines at once. After an error for which [Session.Broken]
// is true, nothing but Close and a new Open helps.
type Session struct {
	name   string
	log    *slog.Logger
	wire   *wire
	client *imapclient.Client
	caps   imap.CapSet
	limit  time.Duration // for one command
	server netclient.Server
	user   string // the name that it logged in with
	way    string // how it logged in: a SASL mechanism, or the LOGIN command
	token  bool   // it logged in by a token, got by grant
	grant  netclient.Grant
	utf8   bool // folders' names go over the wire as UTF-8
	open   opened

	unread   unread
	readSome bool // a message was read by FETCH

	version string
	sizes   Batches
	learned learned
}

// learned is what a session found out about its server, so that it is not found out
// again for each message.
type learned struct {
	offered     imap.CapSet // before the log-in
	identified  bool        // ID was sent
	limit       uint32      // how many messages it answers for at a time (RFC 9738); 0: any number
	plainSearch bool        // it offers ESEARCH and cannot do it
	forms       map[string]form
	singleParts bool // it refuses to tell of parts where one of them is not there
	refusesMove error
}

// opened is the folder that EXAMINE or SELECT opened last.
type opened struct {
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
	var known secrets // that the server may have been sent on a connection before this
	known.password(credentials.Password)
	known.password(credentials.Token)
	o.quote = func(text string) string { return printable(known.hide(text)) }
	w, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Session{
		name:   o.Name,
		log:    o.Log,
		wire:   w,
		client: imapclient.New(w, nil),
		limit:  commandWaits * o.Timeout,
		server: o.server(),
		user:   credentials.Username,
		token:  o.Token != nil,
		grant:  o.Grant,

		version: o.Version,
		sizes:   o.Batches,
		learned: learned{forms: make(map[string]form)},
	}
	if err := s.login(ctx, credentials); err != nil {
		s.abandon()
		return nil, err
	}
	o.Passed("log-in", printable(credentials.Username+" by "+s.way))
	s.log.Debug("logged in to the mailbox", "mailbox", s.name)
	s.learned.limit = s.announcedLimit()
	if o.silent || !s.Has("ID") && !s.learned.offered.Has(imap.CapID) {
		return s, nil
	}
	if err := s.identify(ctx); err != nil && s.Broken() {
		// It is a courtesy: what comes of it must not keep the mail from being read.
		s.log.Debug("the connection did not survive ID: another one does without", "mailbox", s.name, "err", err)
		s.abandon()
		o.silent = true
		return open(ctx, o, credentials)
	}
	return s, nil
}

// Close logs out, which takes a few seconds at most, and ends the connection.
// It never reports a connection that was lost before: whoever saw that got the
// error from another method.
func (s *Session) Close() error {
	if s.Broken() {
		s.abandon()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), logoutWait)
	defer cancel()
	err := s.run(ctx, "logout", "", maxReply, func() error { return s.client.Logout().Wait() })
	s.abandon()
	if errors.Is(err, ErrLost) {
		return nil // many servers close without the last OK
	}
	return err
}

// abandon ends the connection at once and waits for the library to notice.
func (s *Session) abandon() {
	s.wire.fail(net.ErrClosed)
	// The error is about the connection that was just closed on purpose.
	_ = s.client.Close()
}

// Broken reports whether the connection is unusable.
func (s *Session) Broken() bool { return s.wire.cause() != nil }

// Has reports whether the server offered a capability, such as "MOVE", after
// the login.
func (s *Session) Has(capability string) bool {
	return s.caps.Has(imap.Cap(strings.ToUpper(capability)))
}

// BytesRead counts what the server has sent, after decryption. It shows that
// other people's mail was not downloaded.
func (s *Session) BytesRead() int64 { return s.wire.read.Load() }

// run sends one command, or several whose answers f reads to the end, under
// the bounds of this package: at most budget bytes of answer, and not beyond
// ctx. f must return only when nothing is outstanding, and must leave errors of
// the library as they are. Errors come back as *StepError.
func (s *Session) run(ctx context.Context, step, folder string, budget int64, f func() error) error {
	if err := ctx.Err(); err != nil {
		return s.stepError(step, folder, context.Cause(ctx))
	}
	if err := s.wire.cause(); err != nil {
		return s.stepError(step, folder, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit, fmt.Errorf("%w: it did not finish within %s", ErrTimeout, s.limit))
	defer cancel()
	// go-imap takes no context and sets deadlines of its own: closing the
	// connection is what ends a wait.
	stop := context.AfterFunc(ctx, func() { s.wire.fail(context.Cause(ctx)) })
	s.wire.begin(budget)
	err := f()
	s.wire.end()
	stop()
	passed := s.reportPassedOver()
	if err == nil && passed != nil && step == "search" && !s.wire.heard("SEARCH", "ESEARCH") {
		// Taken for nothing found, it would hide messages.
		err = passed
		s.wire.fail(err)
	}
	if said, _ := s.cut(); said.limit > 0 {
		s.learned.limit = said.limit
	}
	if err == nil {
		return nil
	}
	return s.stepError(step, folder, s.explain(err))
}

// reportPassedOver writes the lines that were passed over while a command was
// outstanding to the log, a few of them, and returns the first.
func (s *Session) reportPassedOver() error {
	lines, more := s.wire.passedOver()
	for _, line := range lines {
		level := slog.LevelWarn
		if line.unknown {
			level = slog.LevelDebug
		}
		s.log.Log(context.Background(), level, "a line of the server's answer was passed over", "mailbox", s.name, "err", line.err)
	}
	if more > 0 {
		s.log.Warn("further lines of the server's answer were passed over", "mailbox", s.name, "lines", more)
	}
	if len(lines) == 0 {
		return nil
	}
	return lines[0].err
}

// explain replaces an error of the library by what happened. After a cut the
// library reports whatever it stumbled over next.
func (s *Session) explain(err error) error {
	if reply := (*imap.Error)(nil); errors.As(err, &reply) {
		if reply.Type == imap.StatusResponseTypeBye {
			s.wire.fail(ErrLost)
		}
		said := newReply(reply, s.wire.hide)
		if notConnected(said) {
			return fmt.Errorf("%w: %s (%w)", ErrMayNotOpen, s.notConnectedHint(), said)
		}
		return said
	}
	if cause := s.wire.cause(); cause != nil {
		return cause
	}
	if line := s.wire.unexpected(err); line != nil {
		err = line
	} else {
		err = &protocolError{detail: printable(s.wire.hide(err.Error()))}
	}
	s.wire.fail(err)
	return err
}

func (s *Session) stepError(step, folder string, err error) error {
	return &StepError{Step: step, Mailbox: s.name, Folder: folder, Err: err}
}
