package imapbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"

	"github.com/emersion/go-imap/v2"
)

// Errors that call for a decision. All arrive wrapped in a *[StepError].
var (
	// ErrAuth, ErrPassword and ErrToken: the server refused the login.
	ErrAuth, ErrPassword, ErrToken = netclient.ErrAuth, netclient.ErrPassword, netclient.ErrToken
	// ErrExpired: it refused it since the password has expired, or the token server gave
	// no token since the grant has.
	ErrExpired = netclient.ErrExpired
	// ErrMayNotOpen: the server knows who logs in, and does not let them into the
	// mailbox or the folder.
	ErrMayNotOpen = errors.New("this user may not use this mailbox")
	// ErrUnavailable: the server cannot take log-ins for now, whatever the secret.
	ErrUnavailable = errors.New("the server takes no log-ins for now; nothing is wrong with the secret, and the next poll tries again")
	// ErrLoginDisabled: the server takes no password on this connection.
	ErrLoginDisabled = errors.New("the server takes no password here")
	// ErrPreauth: the server logged the client in before it sent a name.
	ErrPreauth = errors.New("the server logged the connection in by itself (PREAUTH)")
	// ErrNoStartTLS: the server does not offer STARTTLS, and plain text is
	// never used in its place.
	ErrNoStartTLS = errors.New("the server does not offer STARTTLS")
	// ErrReadOnly: the server does not keep the flag in this folder, or the
	// folder may not be written at all.
	ErrReadOnly = errors.New("the server keeps no such change in this folder")
	// ErrNoFolder: there is no such folder, or it may not be seen.
	ErrNoFolder = errors.New("no such folder")
	// ErrTimeout: the server did not answer, or took too long to finish.
	ErrTimeout = wire.ErrTimeout
	// ErrLost: the server or the network ended the connection.
	ErrLost = wire.ErrLost
	// ErrPartial: the server answered for a part of the messages only, and not for
	// the rest when it was asked again.
	ErrPartial = errors.New("the server gives a part of the answer only")
	// ErrProtocol: the server sent something that is not IMAP, or that go-imap
	// can't read. The same request is likely to end the same way.
	ErrProtocol = wire.ErrProtocol
)

// A LineError is a line that breaks the IMAP standard. It is ErrProtocol.
type LineError = wire.LineError

// StepCredentials is the step of getting a password or a token, before the mail server is
// asked for anything.
const StepCredentials = "credentials"

// A StepError is the error of a step of working with a mailbox, and with a folder if any.
type StepError struct {
	Step    string // such as "login" or "search"
	Mailbox string
	Folder  string
	Err     error
	// UIDs are the messages that a FETCH asked for when it failed. A damaged
	// message may make a server hang up, again at each try: on a new session,
	// ask for these one by one. One that fails alone is the damaged one.
	UIDs []uint32
	// Stuck is the first of the UIDs of which no whole answer had come: where the
	// server answers in order, the damaged one. 0 if that is not known.
	Stuck uint32
}

func (e *StepError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mailbox %q: ", e.Mailbox)
	if e.Folder != "" {
		fmt.Fprintf(&b, "folder %q: ", e.Folder)
	}
	fmt.Fprintf(&b, "%s: %v", e.Step, e.Err)
	return b.String()
}

func (e *StepError) Unwrap() error { return e.Err }

// A Reply is a server's NO or BAD, or the BYE it greeted with.
type Reply struct {
	Status string // "NO", "BAD" or "BYE"
	Code   string // the response code of RFC 9051 section 7.1 in upper case, such as "UNAVAILABLE"; may be empty
	Text   string // the server's words, printable and cut to a line
}

func newReply(e *imap.Error, hide func(string) string) *Reply {
	return &Reply{
		Status: string(e.Type),
		Code:   strings.ToUpper(wire.Printable(hide(string(e.Code)))),
		Text:   wire.Printable(hide(e.Text)),
	}
}

func (r *Reply) Error() string {
	text := r.Text
	if text == "" {
		text = "(no text)"
	}
	if r.Code != "" {
		return fmt.Sprintf("the server said %s [%s] %s", r.Status, r.Code, text)
	}
	return fmt.Sprintf("the server said %s %s", r.Status, text)
}

// Is lets errors.Is find the sentinels that a response code stands for.
func (r *Reply) Is(target error) bool {
	switch target {
	case ErrNoFolder:
		return r.Code == "NONEXISTENT" || r.Code == "TRYCREATE"
	case ErrReadOnly:
		return r.Code == "NOPERM" || r.Code == "READ-ONLY"
	case ErrUnavailable:
		return r.Code == "UNAVAILABLE"
	case ErrExpired:
		return r.Code == "EXPIRED"
	}
	return false
}

// Temporary reports whether the same call may succeed later without anybody
// mending anything: the network, a busy server, a timeout.
func Temporary(err error) bool {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case Throttled(err), errors.Is(err, ErrUnavailable), errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.Is(err, ErrLost):
		return true
	}
	if reply := (*Reply)(nil); errors.As(err, &reply) {
		switch reply.Code {
		case "INUSE", "SERVERBUG":
			return true
		}
		return false
	}
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// Throttled reports whether the server asked to be left alone for a while.
// There is a response code for that, and several large providers do not use it:
// their wording is looked at as well.
func Throttled(err error) bool {
	var text string
	reply, lost := (*Reply)(nil), (*wire.LostError)(nil)
	switch {
	case errors.As(err, &reply):
		switch reply.Code {
		case "LIMIT", "THROTTLED", "OVERQUOTA":
			return true
		}
		text = reply.Text
	case errors.As(err, &lost):
		text = lost.Bye
	default:
		return false
	}
	text = strings.ToLower(text)
	for _, phrase := range []string{"throttl", "too many", "rate limit", "try again later", "bandwidth limit", "[limit]"} {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
