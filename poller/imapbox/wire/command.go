package wire

import (
	"bytes"
	"strings"
)

// Bounds on what is remembered of the answer to a command.
const (
	maxNames      = 32  // untagged responses of different names
	maxSkipped    = 3   // lines that were skipped
	maxTaggedLine = 512 // bytes of a tagged line
)

// A command is the one that is outstanding, or was last, and what is known of the answer
// to it beyond what go-imap says. It is the handler of a Conn's splitter.
type command struct {
	hide     func(string) string // takes secrets out
	name     string              // that was sent last
	tag      string              // of it; "" if none was sent since the last begin
	names    map[string]bool     // of untagged responses that could be read
	skipped  []SkippedLine       // the first lines that were skipped
	more     int                 // how many more there were that cannot be read
	codes    responseCodes
	sentTags map[string]bool // of the commands that are outstanding
	stray    error           // a tagged line that answers none of them
	ended    bool            // what comes now is no part of it
	broken   error           // the line that ended it all
	answer   *Answer         // takes FETCH responses, if not nil
}

// A SkippedLine is a line that was not handed on.
type SkippedLine struct {
	Err     error // quotes it
	Unknown bool  // it is a response that is not known here, and may be a sound one
}

// begin forgets the answer to the previous command.
func (c *command) begin() {
	*c = command{hide: c.hide, name: c.name, broken: c.broken, answer: c.answer, sentTags: c.sentTags, names: map[string]bool{}}
}

// sent takes the name of a command from what goes to the server.
// It may be a part of one that holds a secret: nothing but known names is kept.
// go-imap asks for capabilities of its own accord while another command is
// outstanding: that one counts.
func (c *command) sent(b []byte) {
	words := strings.Fields(string(b[:min(len(b), 64)]))
	if len(words) < 2 || !isTag([]byte(words[0])) {
		return
	}
	if c.sentTags == nil {
		c.sentTags = map[string]bool{}
	}
	c.sentTags[words[0]] = true
	switch name := strings.ToUpper(words[1]); name {
	case "CAPABILITY", "LOGIN", "AUTHENTICATE", "LOGOUT", "ENABLE", "ID", "NOOP", "LIST", "STATUS", "SELECT", "EXAMINE", "CREATE", "MYRIGHTS",
		"NAMESPACE", "UNSELECT":
		if name != "CAPABILITY" || c.tag == "" {
			c.begun(words[0], name)
		}
	case "UID":
		if len(words) < 3 {
			return
		}
		switch sub := strings.ToUpper(words[2]); sub {
		case "FETCH", "SEARCH", "STORE", "COPY", "MOVE", "EXPUNGE":
			c.begun(words[0], name+" "+sub)
		}
	}
}

// begun remembers the command whose answer is to come.
func (c *command) begun(tag, command string) {
	c.tag, c.name, c.ended = tag, command, false
}

// ends reports whether a line is the one that ends the answer.
func (c *command) ends(line []byte) bool {
	tag := tagOf(line)
	return isTag(tag) && (c.tag == "" || string(tag) == c.tag)
}

// response implements handler.
func (c *command) response(response []byte, name string, act action) {
	if act == pass && !c.ended && (name != "" || c.ends(response)) {
		c.codes.add(response)
	}
	switch {
	case act == stop:
		c.broken = c.lineError(response, "")
	case act == skip && len(c.skipped) >= maxSkipped:
		c.more++
	case act != pass:
		if len(c.skipped) < maxSkipped {
			c.skipped = append(c.skipped, SkippedLine{c.lineError(response, ""), act == skipUnknown})
		}
	case name != "":
		c.addName(name)
	case isTag(tagOf(response)):
		c.ended = c.ended || c.ends(response)
		if tag := string(tagOf(response)); c.sentTags[tag] {
			delete(c.sentTags, tag)
		} else if c.stray == nil {
			c.stray = c.lineError(response[:min(len(response), maxTaggedLine)], "no command is outstanding that it answers")
		}
	}
}

func (c *command) addName(name string) {
	if c.names == nil {
		c.names = map[string]bool{}
	}
	if len(c.names) < maxNames && !c.ended {
		c.names[name] = true
	}
}

// literalRoom implements handler.
func (c *command) literalRoom(size int64) (keep int64, fits bool) {
	if c.answer == nil {
		return 0, false
	}
	return c.answer.literalRoom(size)
}

// fetchResponse implements handler.
func (c *command) fetchResponse(text []byte, literals []literal, whole bool) {
	c.addName("FETCH")
	if c.answer != nil {
		c.answer.add(text, literals, whole, func(why error) error { return c.lineError(text, why.Error()) })
	}
}

// tagOf returns the first word of a line.
func tagOf(line []byte) []byte {
	word, _, _ := bytes.Cut(line, []byte(" "))
	return word
}

// unexpected returns the error of a line that go-imap has no use for, given its own
// error: the line has an unknown tag, or is a continuation. A continuation may be an echo
// of what was sent to log in, and is not quoted.
func (c *command) unexpected(err error) error {
	if c.stray == nil && strings.Contains(err.Error(), "continuation") { // go-imap has no type for it
		return c.lineError([]byte("+"), "nobody waits for it")
	}
	return c.stray
}

// lineError returns the error of a line.
func (c *command) lineError(line []byte, why string) error {
	return newLineError(c.name, line, why, c.hide)
}
