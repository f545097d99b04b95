package imaptest

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// A Kind is a way in which a step fails.
type Kind string

// The kinds. Those of the first group keep the command from the server.
const (
	Refuse   Kind = "refuse"     // Fault.Text is the answer: "NO …", "BAD …", or a line of SMTP
	Farewell Kind = "bye"        // IMAP's BYE, and the connection ends
	CutOff   Kind = "cut-before" // the connection ends without an answer
	Reset    Kind = "reset"      // it ends with a TCP reset
	Silence  Kind = "stall"      // no answer, and the connection stays

	CutAnswered  Kind = "cut-after"      // carried out, but the connection ends before the answer
	Late         Kind = "delay"          // the answer comes after Fault.Delay
	SilenceHalf  Kind = "stall-half"     // half of the answer, then nothing
	ResetHalf    Kind = "reset-half"     // half of the answer, then a TCP reset
	CutLiteral   Kind = "cut-in-literal" // the connection ends in the middle of the first literal
	HalfLine     Kind = "half-line"      // half of the last line comes, and the connection ends
	Swapped      Kind = "swapped"        // the untagged responses come in the reverse order
	TaggedFirst  Kind = "tagged-first"   // the last line comes first
	Unsolicited  Kind = "unsolicited"    // untagged data that was not requested comes before the answer
	Unparseable  Kind = "garbage"        // a line that is no IMAP comes before the answer
	Undisturbed  Kind = ""               // no fault
	unsolicitedN      = 4
)

// A Fault makes one step fail, once.
type Fault struct {
	Step  int    // counted over all connections from when it was injected; 0 is the first greeting
	At    string // where set: the first command that contains it, in place of Step
	Kind  Kind
	Text  string        // of Refuse
	Delay time.Duration // of Late
	// Call, if set, is called when the fault strikes: before the command is
	// forwarded; for kinds that change an answer, when it is complete and nothing of
	// it is forwarded.
	Call func(step Step)
}

// Applies reports whether the fault could change anything about a step.
func (f Fault) Applies(s Step) bool {
	switch f.Kind {
	case CutLiteral:
		return s.Literals > 0
	case Swapped:
		return s.Responses > 1
	case TaggedFirst:
		return s.Responses > 0 && s.Command != ""
	}
	return true
}

// Inject replaces the fault and restarts the count of steps.
func (p *Proxy) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.steps, p.struck, p.tracing = f, nil, false, true
}

// Steps returns the steps since Inject, in the order of the commands.
func (p *Proxy) Steps() []Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.steps)
}

// Struck reports whether the fault has struck.
func (p *Proxy) Struck() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// step begins a step, and returns the fault that strikes at it. It returns false if
// steps are not counted, and for the greetings after the first.
func (p *Proxy) step(s Step) (n int, f Fault, counted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = len(p.steps)
	if !p.tracing || s.Command == "" && n > 0 {
		return 0, Fault{}, false
	}
	p.steps = append(p.steps, s)
	here := p.fault.Step == n
	if p.fault.At != "" {
		here = strings.Contains(s.Command, p.fault.At)
	}
	if here && p.fault.Kind != Undisturbed && !p.struck {
		p.struck = true
		f = p.fault
	}
	return n, f, true
}

// answered records the size of the answer to a step.
func (p *Proxy) answered(n int, a *answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < len(p.steps) {
		p.steps[n].Responses, p.steps[n].Literals = len(a.responses)-1, len(a.literals)
	}
}

// An exchange is the current step of a link.
type exchange struct {
	n      int
	step   Step
	fault  Fault
	answer *answer
}

// begin begins a step and reports whether the link stays open and whether the
// command is to be forwarded.
func (l *link) begin(s Step, tag string) (forward, alive bool) {
	n, f, counted := l.proxy.step(s)
	if !counted {
		return true, true
	}
	if f.altersAnswer() { // or leaves it unchanged
		l.mu.Lock()
		l.exchange = &exchange{n: n, step: s, fault: f, answer: &answer{protocol: l.proxy.protocol, tag: tag}}
		l.mu.Unlock()
		return true, true
	}
	if f.Call != nil {
		f.Call(s)
	}
	switch f.Kind {
	case Refuse:
		if l.send(f.refusal(l.proxy.protocol, tag)) && s.Command != "" {
			return false, true
		}
		l.cut()
	case Farewell:
		_ = l.send([]byte("* BYE the server is going down\r\n"))
		l.cut()
	case CutOff:
		l.cut()
	case Reset:
		l.reset()
	case Silence:
		l.stall()
		return false, true
	}
	return false, false
}

func (f Fault) altersAnswer() bool {
	switch f.Kind {
	case Refuse, Farewell, CutOff, Reset, Silence:
		return false
	}
	return true
}

func (f Fault) refusal(p Protocol, tag string) []byte {
	switch {
	case p == SMTP:
		return []byte(f.Text + "\r\n")
	case tag == "":
		tag = "*"
	}
	return []byte(tag + " " + f.Text + "\r\n")
}

// hear takes a piece of the server's answer if a fault strikes at it, and reports
// whether it did and whether the link stays open.
func (l *link) hear(piece []byte) (taken, alive bool) {
	l.mu.Lock()
	x := l.exchange
	l.mu.Unlock()
	if x == nil {
		return false, true
	}
	complete := x.answer.add(piece)
	if complete {
		l.mu.Lock()
		l.exchange = nil
		l.inBody = l.proxy.protocol == SMTP && bytes.HasPrefix(piece, []byte("354"))
		l.mu.Unlock()
		l.proxy.answered(x.n, x.answer)
	}
	if x.fault.Kind == Undisturbed {
		return false, true
	}
	return true, !complete || l.misanswer(x)
}

// misanswer sends a complete answer, changed by the fault.
func (l *link) misanswer(x *exchange) (alive bool) {
	if x.fault.Call != nil {
		x.fault.Call(x.step)
	}
	whole, responses := x.answer.bytes(), x.answer.responses
	last := len(responses) - 1
	switch x.fault.Kind {
	case CutAnswered:
		l.cut()
		return false
	case Late:
		return l.pause(x.fault.Delay) && l.send(whole)
	case SilenceHalf:
		l.stall()
		return l.send(whole[:len(whole)/2])
	case ResetHalf:
		_ = l.send(whole[:len(whole)/2])
		l.reset()
		return false
	case CutLiteral:
		if len(x.answer.literals) > 0 {
			at := x.answer.literals[0]
			whole = whole[:(at.from+at.to)/2]
		}
		_ = l.send(whole)
		l.cut()
		return false
	case HalfLine:
		_ = l.send(whole[:len(whole)-len(responses[last])/2])
		l.cut()
		return false
	case Swapped:
		slices.Reverse(responses[:last])
		whole = x.answer.bytes()
	case TaggedFirst:
		whole = bytes.Join(append([][]byte{responses[last]}, responses[:last]...), nil)
	case Unsolicited:
		whole = append(unsolicited(x.step), whole...)
	case Unparseable:
		whole = append([]byte("* \x01 ((( this is not IMAP\r\n"), whole...)
	}
	return l.send(whole)
}

// unsolicited returns untagged data that clients must expect at any time (RFC 9051,
// section 7). There is none before a greeting.
func unsolicited(s Step) []byte {
	if s.Command == "" {
		return nil
	}
	var b []byte
	for n := 1; n <= unsolicitedN; n++ {
		b = fmt.Appendf(b, "* %d FETCH (UID %d FLAGS (\\Seen))\r\n", n, n)
	}
	return append(b, "* OK still here\r\n* 9 EXISTS\r\n"...)
}

// stall stops forwarding.
func (l *link) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = true
}

func (l *link) isStalled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stalled
}

// reset ends the link like a router or a crash: by a TCP reset.
func (l *link) reset() {
	if tcp, ok := l.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // data sent and not yet received may be lost
	}
	l.cut()
}
