package imapbox

import (
	"bytes"
	"regexp"
	"strings"
)

// An alert is what a server said beside its answer that a person must see, RFC
// 9051, section 7.1. go-imap passes over it. Both parts are printable.
type alert struct {
	text    string // of untagged responses with ALERT or WEBALERT; may be empty
	address string // of WEBALERT, which is Google's: where to log in by a browser; may be empty
}

// String returns the text as the end of a sentence.
func (a alert) String() string {
	if a.text == "" {
		return ""
	}
	return ", and " + a.text
}

var alertLine = regexp.MustCompile(`(?i)^(\S+) (?:OK|NO|BAD) \[(?:WEBALERT ([^\]\s]+)|ALERT)\] *(.*)`)

// maxAddress bounds the address of a WEBALERT, in bytes. Google's have about 300.
const maxAddress = 1000

// alert returns the alerts in the answer to the last command, as far as they stand
// in what is kept of it.
func (w *wire) alert() alert {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
	var found alert
	for line := range bytes.Lines(w.tail[len(w.tail)-int(min(w.heardOf, int64(len(w.tail)))):]) {
		match := alertLine.FindSubmatch(bytes.TrimRight(line, "\r\n"))
		if match == nil {
			continue
		}
		if address := w.secrets.hide(string(match[2])); strings.HasPrefix(address, "https://") && len(address) <= maxAddress && !strings.ContainsFunc(address, notPrintable) {
			found.address = address
		}
		if text := printable(w.secrets.hide(string(match[3]))); string(match[1]) == "*" && text != "" {
			texts = append(texts, text)
		}
	}
	found.text = strings.Join(texts, "; ")
	return found
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }
