package smtpsink

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"
)

// A Step is a point of an SMTP session at which a Fault can strike.
type Step string

// The steps, in the order of a session.
const (
	Greeting  Step = "greeting"  // the server's first line
	EHLO      Step = "ehlo"      // the first EHLO or HELO
	StartTLS  Step = "starttls"  // the command
	Handshake Step = "handshake" // TLS, after STARTTLS or from the start
	Auth      Step = "auth"
	MailFrom  Step = "mail"
	Rcpt      Step = "rcpt"
	Data      Step = "data"   // the command, before 354; not over TLS
	InBody    Step = "inbody" // after the first bytes of the mail
	Body      Step = "body"   // the whole mail has been read; its final answer
)

// An Action replaces the usual behaviour at a step.
type Action string

// The actions.
const (
	Answer    Action = "answer"     // refuse with Code; the meaning of an empty Action
	Drop      Action = "drop"       // close the connection without an answer
	DropAfter Action = "drop-after" // answer (with Code, or as usual), then close
	Stall     Action = "stall"      // send nothing more until the sink is closed
)

// A Fault is one deviation from the usual behaviour.
type Fault struct {
	Step    Step
	Address string // at Rcpt: only for this one; empty: for every recipient
	Times   int    // how often it strikes; 0: always

	Do   Action
	Code int    // such as 451
	Text string // after the code, with the enhanced code, such as "4.7.1 Greylisted"

	// Keep, at Body, keeps the mail in spite of the fault, like a server that
	// accepts the mail and cannot tell the client.
	Keep bool
}

// SetFaults replaces all faults from now on.
func (s *Sink) SetFaults(faults ...Fault) error {
	if err := checkFaults(s.options.Mode, faults); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.Clone(faults)
	return nil
}

// Struck returns how many faults have struck at step so far.
func (s *Sink) Struck(step Step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.struck[step]
}

// checkFaults refuses faults that could never strike, so that no test passes
// because nothing fails.
func checkFaults(mode Mode, faults []Fault) error {
	for _, f := range faults {
		switch {
		case f.Step == Data && mode != None:
			return fmt.Errorf("fault at %q: only without TLS, where the connection can be seen into", f.Step)
		case f.Step == StartTLS && mode != STARTTLS, f.Step == Handshake && mode == None:
			return fmt.Errorf("fault at %q: mode %q has no such step", f.Step, mode)
		case f.Step == Handshake && f.action() != Drop && f.action() != Stall:
			return fmt.Errorf("fault at %q: only %q and %q", f.Step, Drop, Stall)
		case f.action() == Answer && f.Code == 0:
			return fmt.Errorf("fault at %q: no code", f.Step)
		}
	}
	return nil
}

func (f Fault) action() Action {
	if f.Do == "" {
		return Answer
	}
	return f.Do
}

// reply returns the fault's answer, or nil if it has none of its own.
func (f Fault) reply() error {
	if f.Code == 0 {
		return nil
	}
	enhanced, text := smtp.NoEnhancedCode, f.Text
	var e smtp.EnhancedCode
	if _, err := fmt.Sscanf(f.Text, "%d.%d.%d", &e[0], &e[1], &e[2]); err == nil {
		enhanced = e
		_, text, _ = strings.Cut(f.Text, " ")
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: enhanced, Message: text}
}

// line returns the fault's answer in the form of the protocol.
func (f Fault) line() []byte { return fmt.Appendf(nil, "%d %s\r\n", f.Code, f.Text) }

// take returns the fault that strikes at step, and counts the strike.
func (s *Sink) take(step Step, address string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Step != step || f.Address != "" && !strings.EqualFold(f.Address, address) {
			continue
		}
		switch f.Times {
		case 0: // always
		case 1:
			s.faults = slices.Delete(s.faults, i, i+1)
		default:
			s.faults[i].Times--
		}
		s.struck[step]++
		return f, true
	}
	return Fault{}, false
}

// errDropped is returned to go-smtp if a fault has ended the connection; go-smtp
// cannot send it.
var errDropped = errors.New("dropped")

// strike executes f on c and returns the answer for go-smtp; nil: the usual one.
func (s *Sink) strike(f Fault, c *conn) error {
	switch f.action() {
	case Drop:
		c.hangUp()
		return errDropped
	case DropAfter:
		c.hangUpAfterWrite()
		return f.reply()
	case Stall:
		<-s.done
		c.hangUp()
		return errDropped
	}
	return f.reply()
}
