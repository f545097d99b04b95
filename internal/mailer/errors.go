package mailer

import (
	"errors"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"tlsbrief/internal/netclient"
)

// The steps of handing in a mail, in their order, as an Error and a Step name
// them.
const (
	StepConnect  = netclient.StepConnect
	StepGreeting = netclient.StepGreeting
	StepStartTLS = netclient.StepStartTLS
	StepTLS      = netclient.StepTLS
	StepEHLO     = "ehlo"
	StepAuth     = "auth"
	StepEnvelope = "envelope" // what is wrong with an address or the size before anything is sent
	StepMail     = "mail"     // MAIL FROM
	StepRcpt     = "rcpt"     // RCPT TO, one recipient
	StepData     = "data"     // DATA, the mail, and the final answer
	StepReset    = "rset"
	StepQuit     = "quit"
)

// An Error is a failed step of handing in a mail.
type Error struct {
	Server   string // host:port
	Step     string
	Address  string // the recipient, or the sender, that the step was about; else empty
	Code     int    // of the server's answer; 0 where there was none
	Enhanced string // enhanced status code, RFC 3463, such as "5.1.1"; empty where there was none
	Hint     string // what to do about it; may be empty

	// Temporary says that the same mail may get through later, or once the
	// configuration is corrected: the mail itself was not refused.
	//
	// It is true for whatever fails before MAIL FROM, a refused password or an
	// invalid certificate too: they are not the mail's fault and must not end
	// it. It is false for a permanent refusal (5yz) of sender, recipient or
	// mail, and for what this server can never take.
	Temporary bool

	Err error // the cause, or a *Reply

	byToken bool // it was a token that was logged in with
}

// Error returns the step, the cause and the hint in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Server)
	if e.Step != StepConnect { // which the cause says
		b.WriteString(": " + e.Step)
	}
	if e.Address != "" {
		fmt.Fprintf(&b, " <%s>", printable(e.Address, maxText))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Which secret a server refused, for errors.Is: a permanent answer (5yz). One that is
// temporary refuses nothing.
var (
	ErrPassword = netclient.ErrPassword
	ErrToken    = netclient.ErrToken
)

// Is reports whether e is ErrPassword or ErrToken.
func (e *Error) Is(target error) bool {
	refused := e.Step == StepAuth && e.Code/100 == 5
	return target == ErrPassword && refused && !e.byToken || target == ErrToken && refused && e.byToken
}

// Temporary reports whether sending the same mail again may help. An error that
// is not of this package is not about the mail, so it is temporary too.
func Temporary(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Temporary
	}
	return err != nil
}

// A Reply is a server's refusal in its own words.
type Reply struct {
	Code     int    // RFC 5321 section 4.2
	Enhanced string // RFC 3463; may be empty
	Text     string // in one line, printable, at most 512 bytes
}

// Error quotes the server.
func (r *Reply) Error() string {
	s := fmt.Sprintf("the server answered %d", r.Code)
	if r.Enhanced != "" {
		s += " " + r.Enhanced
	}
	if r.Text != "" {
		s += " " + r.Text
	}
	return s
}

// maxText bounds what of a server's words gets into an error, in bytes.
const maxText = 512

// printable returns s as one line of at most bound bytes in which nothing acts on
// a terminal or a log: what does not print (control characters, bidi overrides,
// broken UTF-8) becomes a space, and spaces are run together.
func printable(s string, bound int) string {
	if len(s) > 4*bound {
		s = s[:4*bound] // enough to fill the bound, so that not all is gone through
	}
	clean := func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	s = strings.Join(strings.Fields(strings.Map(clean, s)), " ")
	if len(s) <= bound {
		return s
	}
	cut := bound - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// replyOf returns the server's refusal in err, or nil.
func (s *session) replyOf(err error) *Reply {
	var (
		refused *smtp.SMTPError  // from go-smtp
		early   *textproto.Error // from before go-smtp has the connection
	)
	switch {
	case errors.As(err, &refused):
		r := &Reply{Code: refused.Code, Text: s.clean(refused.Message)}
		if e := refused.EnhancedCode; e[0] > 0 {
			r.Enhanced = fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
		}
		return r
	case errors.As(err, &early):
		enhanced, text, ok := strings.Cut(early.Msg, " ")
		if !ok || !isEnhanced(enhanced) {
			enhanced, text = "", early.Msg
		}
		return &Reply{Code: early.Code, Enhanced: enhanced, Text: s.clean(text)}
	}
	return nil
}

// isEnhanced reports whether s has the form of an enhanced status code, RFC 3463
// section 2.
func isEnhanced(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n > 999 {
			return false
		}
	}
	return len(parts) == 3
}

// clean makes text from the server fit for an error. A server may repeat what
// it was sent, so the secrets go first.
func (s *session) clean(text string) string {
	return printable(s.secrets.Hide(text), maxText)
}

// permanentError returns the Error for what this server can never take, found out
// before it was asked, with a hint.
func (s *session) permanentError(address string, err error, hint string) *Error {
	return s.addFailedStep(&Error{Server: s.server.Address(), Step: StepEnvelope, Address: address, Err: err, Hint: hint})
}

// temporaryError returns the Error for a server that does not offer what step needs,
// with a hint.
func (s *session) temporaryError(step string, err error, hint string) *Error {
	return s.addFailedStep(&Error{Server: s.server.Address(), Step: step, Temporary: true, Err: err, Hint: hint})
}

// stepError returns the Error for what went wrong at step. Only a refusal of the
// sender, a recipient or the mail is permanent.
func (s *session) stepError(step string, address string, err error) *Error {
	e := &Error{Server: s.server.Address(), Step: step, Address: address, Temporary: true, byToken: s.token != ""}
	if r := s.replyOf(err); r != nil {
		e.Code, e.Enhanced, e.Err = r.Code, r.Enhanced, r
		switch {
		case wantsLogin(r.Code):
			// Whatever was asked, the answer is about who asks.
		case step == StepMail, step == StepRcpt, step == StepData:
			e.Temporary = r.Code/100 != 5
		}
	} else {
		e.Err = netclient.WithText(err, s.clean(netclient.DialText(err))) // Server has the address
	}
	e.Hint = s.hint(e)
	return s.addFailedStep(e)
}

// addFailedStep adds a failed step.
func (s *session) addFailedStep(e *Error) *Error {
	s.steps = append(s.steps, Step{Name: e.Step, Err: e})
	return e
}

// wantsLogin reports whether a code asks for a login, or for a better one
// (RFC 4954 section 6): the configuration's matter, not the mail's.
func wantsLogin(code int) bool {
	return code == 530 || code == 534 || code == 535 || code == 538
}
