package wire

import (
	"bytes"
	"regexp"
	"strings"
)

// An Alert is a text beside the answer that a person must see, RFC
// 9051, section 7.1. go-imap ignores it. Both parts are printable.
type Alert struct {
	Text    string // of untagged responses with ALERT or WEBALERT; may be empty
	Address string // of WEBALERT, which is Google's: where to log in by a browser; may be empty
}

// String returns the text as the end of a sentence.
func (a Alert) String() string {
	if a.Text == "" {
		return ""
	}
	return ", and " + a.Text
}

var alertLine = regexp.MustCompile(`(?i)^(\S+) (?:OK|NO|BAD) \[(?:WEBALERT ([^\]\s]+)|ALERT)\] *(.*)`)

// maxAddress bounds the address of a WEBALERT, in bytes. Google's have about 300.
const maxAddress = 1000

// Alert returns the alerts in the answer to the last command, as far as it was kept.
func (c *Conn) Alert() Alert {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	var found Alert
	for line := range bytes.Lines(c.tail[len(c.tail)-int(min(c.answerBytes, int64(len(c.tail)))):]) {
		match := alertLine.FindSubmatch(bytes.TrimRight(line, "\r\n"))
		if match == nil {
			continue
		}
		if address := c.secrets.Hide(string(match[2])); strings.HasPrefix(address, "https://") && len(address) <= maxAddress && !strings.ContainsFunc(address, notPrintable) {
			found.Address = address
		}
		if text := Printable(c.secrets.Hide(string(match[3]))); string(match[1]) == "*" && text != "" {
			texts = append(texts, text)
		}
	}
	found.Text = strings.Join(texts, "; ")
	return found
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }
