package imapbox

import (
	"bytes"
	"strconv"
	"strings"
)

// Bounds on what is remembered of the answer to a command.
const (
	maxNames      = 32  // untagged responses of different names
	maxPassed     = 3   // lines that were passed over
	maxTagged     = 4   // tagged lines
	maxTaggedLine = 512 // bytes of each of them
)

// replies remember what is to be known of the answer to a command beyond what
// go-imap tells. They are the listener of a wire's stream.
type replies struct {
	hide    func(string) string // takes secrets out
	command string              // that was sent last
	tag     string              // of it; "" if none was sent since the last begin
	names   map[string]bool     // of untagged responses that could be read
	passed  []passedLine        // the lines that were passed over, the first of them
	more    int                 // how many more there were that cannot be read
	codes   codesHeard
	tagged  []string // the last tagged lines
	ended   bool     // what comes now is no part of it
	broken  error    // the line that ended it all
	answer  *answer  // takes FETCH responses, if not nil
}

// A passedLine is a line that was passed over.
type passedLine struct {
	err     error // quotes it
	unknown bool  // it is a response that is not known here, and may be a sound one
}

// begin forgets the answer to the command before.
func (r *replies) begin() {
	*r = replies{hide: r.hide, command: r.command, broken: r.broken, answer: r.answer, names: map[string]bool{}}
}

// sent is told of what goes to the server, and takes the name of a command from it.
// It may be a part of one that holds a secret: nothing but known names is kept.
// go-imap asks for capabilities of its own accord while another command is
// outstanding: that one counts.
func (r *replies) sent(b []byte) {
	words := strings.Fields(string(b[:min(len(b), 64)]))
	if len(words) < 2 || !isTag([]byte(words[0])) {
		return
	}
	switch name := strings.ToUpper(words[1]); name {
	case "CAPABILITY", "LOGIN", "AUTHENTICATE", "LOGOUT", "ENABLE", "ID", "NOOP", "LIST", "STATUS", "SELECT", "EXAMINE", "CREATE", "MYRIGHTS",
		"NAMESPACE", "UNSELECT":
		if name != "CAPABILITY" || r.tag == "" {
			r.begun(words[0], name)
		}
	case "UID":
		if len(words) < 3 {
			return
		}
		switch sub := strings.ToUpper(words[2]); sub {
		case "FETCH", "SEARCH", "STORE", "COPY", "MOVE", "EXPUNGE":
			r.begun(words[0], name+" "+sub)
		}
	}
}

// begun remembers the command whose answer is to come.
func (r *replies) begun(tag, command string) {
	r.tag, r.command, r.ended = tag, command, false
}

// ends reports whether a line is the one that ends the answer.
func (r *replies) ends(line []byte) bool {
	tag := tagOf(line)
	return isTag(tag) && (r.tag == "" || string(tag) == r.tag)
}

// heard implements listener.
func (r *replies) heard(response []byte, name string, fate fate) {
	if fate == passedOn && !r.ended && (name != "" || r.ends(response)) {
		r.codes.line(response)
	}
	switch {
	case fate == broken:
		r.broken = r.fault(response, "")
	case fate == passedOver && len(r.passed) >= maxPassed:
		r.more++
	case fate != passedOn:
		if len(r.passed) < maxPassed {
			r.passed = append(r.passed, passedLine{r.fault(response, ""), fate == unknown})
		}
	case name != "":
		r.note(name)
	case isTag(tagOf(response)):
		r.ended = r.ended || r.ends(response)
		r.tagged = append(r.tagged[max(0, len(r.tagged)+1-maxTagged):], string(response[:min(len(response), maxTaggedLine)]))
	}
}

func (r *replies) note(name string) {
	if r.names == nil {
		r.names = map[string]bool{}
	}
	if len(r.names) < maxNames && !r.ended {
		r.names[name] = true
	}
}

// room implements listener.
func (r *replies) room(size int64) (keep int64, fits bool) {
	if r.answer == nil {
		return 0, false
	}
	return r.answer.room(size)
}

// fetched implements listener.
func (r *replies) fetched(text []byte, literals []literal, whole bool) {
	r.note("FETCH")
	if r.answer != nil {
		r.answer.take(text, literals, whole, func(why error) error { return r.fault(text, why.Error()) })
	}
}

// tagOf returns the first word of a line.
func tagOf(line []byte) []byte {
	word, _, _ := bytes.Cut(line, []byte(" "))
	return word
}

// unexpected makes an error of a line that go-imap read and has no use for, given
// what it says of that: it has an unknown tag, or is a continuation. That one may
// be an echo of what was sent to log in, and is not quoted.
func (r *replies) unexpected(why string) error {
	for _, line := range r.tagged {
		if strings.Contains(why, strconv.Quote(string(tagOf([]byte(line))))) {
			return r.fault([]byte(line), "no command is outstanding that it answers")
		}
	}
	if strings.Contains(why, "continuation") {
		return r.fault([]byte("+"), "nobody waits for it")
	}
	return nil
}

// fault makes an error of a line.
func (r *replies) fault(line []byte, why string) error {
	return newLineError(r.command, line, why, r.hide)
}
