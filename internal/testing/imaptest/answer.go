package imaptest

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// A Step is one command of a client and the server's answer, as seen by a proxy. The
// first step is the greeting.
type Step struct {
	Command   string // the line, of IMAP without its tag; empty for the greeting
	Responses int    // lines or, in IMAP, untagged responses; 0 until the answer is complete
	Literals  int    // IMAP only
}

// Name returns the name of the command, such as "UID FETCH", or "greeting".
func (s Step) Name() string {
	words := strings.Fields(strings.ToUpper(s.Command))
	switch {
	case len(words) == 0:
		return "greeting"
	case words[0] == "UID" && len(words) > 1:
		return "UID " + words[1]
	case words[0] == ".":
		return "end of mail"
	}
	return words[0]
}

// A Protocol is the protocol that a proxy parses.
type Protocol int

// The protocols. A proxy parses them in plain text only.
const (
	IMAP Protocol = iota
	SMTP
)

var imapCommand = regexp.MustCompile(`^([A-Za-z]+[0-9]+) (\S.*)$`)

// command reports whether a client's line is a command, and returns it without its
// tag. inBody means that the client is sending the mail of SMTP.
func (p Protocol) command(line string, inBody bool) (tag, text string, ok bool) {
	switch {
	case p == SMTP:
		return "", line, !inBody || line == "."
	case imapCommand.MatchString(line):
		found := imapCommand.FindStringSubmatch(line)
		return found[1], found[2], true
	}
	return "", "", false // a literal, or an answer to a challenge
}

// An answer is the server's response to one command.
type answer struct {
	protocol  Protocol
	tag       string // empty: the greeting
	responses [][]byte
	literals  []span
	open      bool // the last response goes on
	left      int  // bytes of a literal still to come
	size      int
}

// A span is where a literal lies in an answer.
type span struct{ from, to int }

var literalStart = regexp.MustCompile(`\{([0-9]+)\}\r?\n$`)

// add appends a piece, at most a line, and reports whether the answer is complete.
func (a *answer) add(piece []byte) bool {
	piece = bytes.Clone(piece)
	if a.open {
		last := len(a.responses) - 1
		a.responses[last] = append(a.responses[last], piece...)
	} else {
		a.responses = append(a.responses, piece)
	}
	a.size += len(piece)
	taken := min(a.left, len(piece))
	a.left -= taken
	rest := piece[taken:]
	a.open = a.left > 0 || len(rest) == 0 || rest[len(rest)-1] != '\n'
	if a.open {
		return false
	}
	if found := literalStart.FindSubmatch(rest); found != nil && a.protocol == IMAP {
		n, err := strconv.Atoi(string(found[1]))
		if err == nil {
			a.left, a.open = n, true
			a.literals = append(a.literals, span{a.size, a.size + n})
			return false
		}
	}
	last := a.responses[len(a.responses)-1]
	switch {
	case a.protocol == SMTP:
		return len(last) > 3 && last[3] != '-'
	case a.tag == "":
		return true
	}
	return bytes.HasPrefix(last, []byte(a.tag+" "))
}

// bytes returns the answer as received.
func (a *answer) bytes() []byte { return bytes.Join(a.responses, nil) }
