package config

import (
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A rewording says a fault of syntax in words for people who do not know TOML.
type rewording struct {
	says string // a part of go-toml's text
	ours string // empty: go-toml's text, which quotes no value, and what to do
}

// rewordings are the faults that people meet. go-toml has no codes for them. Its
// texts are matched here and nowhere else, and a test has an example for each.
func rewordings() []rewording {
	const noValue = `not a TOML value; put text in quotes, as in key = "text"`
	return []rewording{
		{"at start of value", noValue},
		{"expected keyword", noValue},
		{"expected newline", `something follows the value that does not belong there; put text in quotes, and every key on a line of its own`},
		{"invalid escape", `a backslash in "double quotes" must be written twice, as in "\\Junk"; in 'single quotes' it stands for itself`},
		{"invalid character at start of key", `a line must be a key = value, a [table], a [[table]] or a # comment`},
		{"already", ""},
		{"unable to parse", "not a number; put text in quotes"},
	}
}

// syntaxFault rewords what go-toml says. Words that quote the document are left out:
// they might quote a password.
func syntaxFault(err error) *Fault {
	says := strings.TrimPrefix(err.Error(), "toml: ")
	f := &Fault{Problem: "TOML syntax: " + says}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		f.Line, _ = at.Position()
	}
	for _, r := range rewordings() {
		if !strings.Contains(says, r.says) {
			continue
		}
		if f.Problem = r.ours; r.ours == "" {
			f.Problem = clean(says) + "; keep one of the two"
		}
		break
	}
	return f
}
