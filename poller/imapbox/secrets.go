package imapbox

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// secrets are what a server has been sent to log in, in all the forms that it
// may repeat it in. No error is to spread them.
type secrets struct{ forms []string }

// leastForm is how long, in bytes, an encoded form must be to be looked for: a
// shorter one stands in ordinary words.
const leastForm = 4

// password adds a password.
func (s *secrets) password(p string) {
	if p == "" {
		return
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p) // RFC 9051, section 9, "quoted"
	forms := []string{p, quoted}
	for _, form := range forms {
		q := strconv.Quote(form) // as an error of the library quotes what it could not read
		forms = append(forms, q[1:len(q)-1])
	}
	s.add(forms...)
	s.answer([]byte(p))
}

// answer adds what was sent in a SASL exchange, which goes in base64.
func (s *secrets) answer(b []byte) {
	if encoded := base64.StdEncoding.EncodeToString(b); len(encoded) > leastForm {
		s.add(encoded, strings.TrimRight(encoded, "="))
	}
}

func (s *secrets) add(forms ...string) {
	s.forms = append(s.forms, forms...)
	// The longest first, so that none is left in pieces by a shorter one within it.
	slices.SortFunc(s.forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	s.forms = slices.Compact(s.forms)
}

// hide takes the secrets out of what a server said. It must come before the text
// is cut or made printable, which could leave a part that is not recognized.
func (s *secrets) hide(text string) string {
	for _, form := range s.forms {
		text = strings.ReplaceAll(text, form, "<secret>")
	}
	return text
}
