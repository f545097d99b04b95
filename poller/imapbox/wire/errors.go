package wire

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Why a connection cannot be used any more, for errors.Is.
var (
	ErrTimeout  = errors.New("the server did not answer")
	ErrLost     = errors.New("the connection was lost")
	ErrProtocol = errors.New("the server's answer could not be read")
)

var errTooMuch = &ProtocolError{Detail: "it sent more than was asked for"}

// A LostError is a connection that ended; it is ErrLost.
type LostError struct {
	Err error  // nil if the server closed in good order
	Bye string // its last words, if it said goodbye
}

func (e *LostError) Error() string {
	switch {
	case e.Bye != "":
		return fmt.Sprintf("%v: the server said goodbye: %s", ErrLost, e.Bye)
	case e.Err == nil:
		return fmt.Sprintf("%v: the server closed it", ErrLost)
	}
	return fmt.Sprintf("%v: %v", ErrLost, e.Err)
}

func (e *LostError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrLost}
	}
	return []error{ErrLost, e.Err}
}

// A ProtocolError is ErrProtocol with what was wrong.
type ProtocolError struct{ Detail string }

func (e *ProtocolError) Error() string { return fmt.Sprintf("%v: %s", ErrProtocol, e.Detail) }
func (e *ProtocolError) Unwrap() error { return ErrProtocol }

// A LineError is a line that breaks the IMAP standard, and that could not be repaired.
// It is ErrProtocol: the fault is the server's, and the same request is likely to end
// the same way.
type LineError struct {
	Command string // that was outstanding, such as "UID FETCH"; "" if none was
	Line    string // that came, without secrets, at most 300 bytes of it, without literals
	Why     string // what is wrong with it; may be empty
}

func (e *LineError) Error() string {
	var b strings.Builder
	b.WriteString("the server's answer breaks the IMAP standard: ")
	if e.Command != "" {
		fmt.Fprintf(&b, "to %s ", e.Command)
	}
	fmt.Fprintf(&b, "came %q", e.Line)
	if e.Why != "" {
		fmt.Fprintf(&b, " (%s)", e.Why)
	}
	b.WriteString("; the fault is the server's: show this to whoever runs it")
	return b.String()
}

// Unwrap makes it ErrProtocol.
func (e *LineError) Unwrap() error { return ErrProtocol }

// newLineError returns the error of a line, without secrets and cut.
func newLineError(command string, line []byte, why string, hide func(string) string) *LineError {
	const most, looked = 300, 4 << 10
	text := strings.TrimRight(hide(string(line[:min(len(line), looked)])), "\r\n")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return &LineError{Command: command, Line: text, Why: Printable(hide(why))}
}

// Printable returns what a server said as one line that is fit for a terminal.
func Printable(s string) string {
	const most = 300
	var b strings.Builder
	for _, r := range s {
		switch {
		case b.Len() >= most:
			return b.String() + "…"
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteByte('?')
		}
	}
	return strings.TrimSpace(b.String())
}
