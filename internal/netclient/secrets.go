package netclient

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxHeard bounds how much of what a server said is looked at and returned,
	// in bytes. Errors show a few hundred.
	maxHeard = 4096
	// leastDecoded is how long a secret must be, in bytes, to be looked for in
	// what may be a decoded word by chance.
	leastDecoded = 4
	// leastPart is how much of a secret, in bytes, counts as its beginning where
	// the text ends within it.
	leastPart = 5
	// leastCore is how many letters of base64 must be alike where their case is
	// not looked at.
	leastCore = 6
	// maxWord bounds a word, and cutWord is what remains of a longer one, in
	// bytes: it may be a secret in a form that is not known.
	maxWord, cutWord = 80, 24
)

// replacement stands for a secret.
const replacement = "<secret>"

// notSearched stands for text that takes too long to search.
const notSearched = "(what it said is left out: it could not be searched for secrets)"

// signed finds JWTs (RFC 7519), which prove who asks and of which some are made
// where this program does not see them.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// Secrets are what a server has been sent to log in: passwords, tokens, answers
// of a SASL exchange. The zero value has none. It is not for concurrent use.
type Secrets struct {
	forms   []form   // folded; the longest first
	short   [][]byte // as they are: too short to be folded or decoded
	encoded []string // answers in base64, which is how they are sent
}

// Add adds a secret.
func (s *Secrets) Add(secret string) {
	switch {
	case secret == "":
		return
	case len(secret) < leastDecoded:
		s.short = append(s.short, []byte(secret))
		return
	}
	plain := source(secret)
	for _, text := range [][]byte{
		plain.text, plain.unescaped().text, plain.without(blank).text, reversed(secret), latin1(secret), []byte(strings.ReplaceAll(secret, " ", "+")),
	} {
		if len(text) >= leastDecoded {
			s.forms = append(s.forms, newForm(fold(text)))
		}
	}
	for _, core := range base64Cores(secret) {
		if f := newForm(fold(core)); len(f.text) >= leastCore {
			f.encoded = true
			s.forms = append(s.forms, f)
		}
	}
	// The longest first, so that none is left in pieces by a shorter one within it.
	slices.SortFunc(s.forms, func(a, b form) int { return cmp.Or(len(b.text)-len(a.text), bytes.Compare(a.text, b.text)) })
	s.forms = slices.CompactFunc(s.forms, func(a, b form) bool { return bytes.Equal(a.text, b.text) })
}

// AddAnswer adds an answer of a SASL exchange, which is sent in base64. One that
// is made of several fields is a secret as it stands as well; one of a single
// field may be the user name.
func (s *Secrets) AddAnswer(answer []byte) {
	if encoded := base64.StdEncoding.EncodeToString(answer); len(encoded) > leastDecoded {
		s.encoded = append(s.encoded, strings.TrimRight(encoded, "="))
	}
	if bytes.ContainsAny(answer, "\x00\x01") {
		s.Add(string(answer))
	}
}

// Hide takes the secrets out of what a server said: as they are, in other case,
// escaped, in base64, base32 or hexadecimal, alone or within a longer text that is
// so encoded, and also where the text ends within one. Where there are secrets it
// cuts overlong words, too. It must come before the text is cut or made printable,
// which could leave a part that is not recognized.
func (s *Secrets) Hide(text string) string {
	cut := len(text) > maxHeard
	if cut {
		text = text[:maxHeard]
	}
	h := &search{secrets: s, marks: make([]mark, len(text)), left: maxWork}
	for _, at := range signed.FindAllStringIndex(text, -1) {
		h.mark(at[0], at[1], false)
	}
	known := len(s.forms)+len(s.short)+len(s.encoded) > 0
	if known {
		h.run(source(text))
	}
	if h.left < 0 {
		return notSearched
	}
	text = h.replaced(text)
	if known {
		text = cutWords(text)
	}
	if cut {
		text += "…"
	}
	return text
}

// long finds words of more than maxWord bytes.
var long = regexp.MustCompile(`\S{` + strconv.Itoa(maxWord+1) + `,}`)

// cutWords shortens overlong words, addresses of web pages apart.
func cutWords(text string) string {
	return long.ReplaceAllStringFunc(text, func(word string) string {
		if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
			return word
		}
		return strings.ToValidUTF8(word[:cutWord], "") + "…"
	})
}
