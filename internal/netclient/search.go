package netclient

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxDepth is how many encodings one within another are undone: base64 in
	// base64, percent signs in base64.
	maxDepth = 4
	// maxWork bounds what a search goes through, in bytes of text compared.
	maxWork = 32 << 20
)

// A mark is what a byte of the text belongs to.
type mark byte

const (
	shown    mark = iota
	hidden        // a secret
	encoding      // an encoded secret: the whole word is hidden
)

// A search is one search for secrets.
type search struct {
	secrets *Secrets
	marks   []mark // of each byte of the text
	left    int    // bytes that may still be gone through; below 0: given up
}

func (s *search) mark(from, to int, encoded bool) {
	for i := from; i < to; i++ {
		if encoded {
			s.marks[i] = encoding
		} else if s.marks[i] == shown {
			s.marks[i] = hidden
		}
	}
}

// run finds the secrets in a text, as it is and decoded.
func (s *search) run(text view) {
	for _, encoded := range s.secrets.encoded {
		s.find(text, []byte(encoded), true)
	}
	s.searchView(text, maxDepth)
}

// searchView finds secrets in a view and in what comes of undoing one more encoding.
func (s *search) searchView(v view, depth int) {
	s.left -= len(v.text) * (1 + len(s.secrets.forms))
	if s.left < 0 {
		return
	}
	folded := view{text: fold(v.text), from: v.from, to: v.to, decoded: v.decoded}
	for _, form := range s.secrets.forms {
		s.find(folded, form.text, form.encoded)
		s.findPrefix(folded, form)
	}
	// In what is decoded by chance a short secret would be found by chance, and
	// there is nothing more to decode.
	if v.decoded && !readable(v.text) {
		return
	}
	for _, short := range s.secrets.short {
		s.find(v, short, false)
	}
	if depth == 0 {
		return
	}
	if u := v.unescaped(); len(u.text) < len(v.text) {
		s.searchView(u, depth-1)
	}
	if c := v.without(blank); len(c.text) < len(v.text) {
		s.searchView(c, depth-1)
	}
	for i := range codings {
		s.decode(v, &codings[i], depth-1)
	}
}

// decode looks at all that may be encoded in one way, at any alignment.
func (s *search) decode(v view, c *coding, depth int) {
	if c.between != "" {
		v = v.withoutHexSigns().without(c.between)
	}
	for start := 0; start < len(v.text); {
		if c.value[v.text[start]] < 0 {
			start++
			continue
		}
		end := start + 1
		for end < len(v.text) && c.value[v.text[end]] >= 0 {
			end++
		}
		for skip := range min(c.period, end-start) {
			d := v.decodedBy(c, start+skip, end)
			if len(d.text) == 0 {
				break
			}
			s.searchView(d, depth)
		}
		start = end
	}
}

// find marks each place of a secret in a view. encoded: the secret is an encoded one.
func (s *search) find(v view, secret []byte, encoded bool) {
	encoded = encoded || v.decoded
	for at, marked := 0, 0; ; {
		i := bytes.Index(v.text[at:], secret)
		if i < 0 {
			return
		}
		at += i + 1
		s.markView(v, max(at-1, marked), at-1+len(secret), encoded) // places may overlap
		marked = at - 1 + len(secret)
	}
}

// findPrefix marks the beginning of a secret in which a view ends. Behind it may
// stand a little that is left of an encoding.
func (s *search) findPrefix(v view, f form) {
	const remainder = 4
	n := 0 // how long a beginning of the secret ends at this byte
	for i, b := range v.text {
		for n > 0 && (n == len(f.text) || f.text[n] != b) {
			n = f.border[n-1]
		}
		if f.text[n] == b {
			n++
		}
		if n >= leastPart && i >= len(v.text)-1-remainder {
			s.markView(v, i+1-n, len(v.text), v.decoded || f.encoded)
		}
	}
}

// A form is one way to write a secret.
type form struct {
	text []byte
	// border is, for the first n+1 bytes of text, how long the longest of their
	// beginnings is that they also end in, without being all of them.
	border  []int
	encoded bool // it is base64
}

func newForm(text []byte) form {
	f := form{text: text, border: make([]int, len(text))}
	for i, n := 1, 0; i < len(text); i++ {
		for n > 0 && text[n] != text[i] {
			n = f.border[n-1]
		}
		if text[n] == text[i] {
			n++
		}
		f.border[i] = n
	}
	return f
}

// markView marks what a part of a view comes from, with what stands between.
func (s *search) markView(v view, from, to int, encoded bool) {
	s.mark(v.from[from], v.to[to-1], encoded)
}

// replaced returns the text with what is marked replaced. Of a word of which a part
// is an encoded secret nothing remains, since the rest reveals it.
func (s *search) replaced(text string) string {
	for at := 0; at < len(text); {
		end := at + strings.IndexFunc(text[at:]+" ", unicode.IsSpace)
		if slices.Contains(s.marks[at:end], encoding) {
			s.mark(at, end, true)
		}
		at = end + 1
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case s.marks[i] == shown:
			b.WriteByte(text[i])
		case i == 0 || s.marks[i-1] == shown:
			b.WriteString(replacement)
		}
	}
	return b.String()
}

// fold returns b in lower case, with each letter as long as it was.
func fold(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if l := unicode.ToLower(r); r != utf8.RuneError && utf8.RuneLen(l) == n {
			out = utf8.AppendRune(out, l)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

func reversed(s string) []byte {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, n := utf8.DecodeLastRuneInString(s)
		out = append(out, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
	return out
}

// base64Cores returns what base64 has of a secret wherever it stands in what is
// encoded: in upper or lower case alone, as some software spells what it does not
// know, it cannot be decoded any more.
func base64Cores(secret string) [][]byte {
	var cores [][]byte
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
		whole := (before + len(secret)) * 8 / 6 // letters that what follows has no part in
		cores = append(cores, []byte(encoded[(before*8+5)/6:whole]))
	}
	return cores
}

// latin1 returns s in ISO 8859-1, or nil if that has not all of its letters.
func latin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil
		}
		out = append(out, byte(r))
	}
	return out
}

// readable reports whether bytes are text, and not what comes of decoding a word
// that is not encoded.
func readable(b []byte) bool {
	odd := 0
	for _, c := range b {
		if c >= 0x7f || c < ' ' && c > '\r' {
			odd++
		}
	}
	return odd*3 <= len(b) || utf8.Valid(b)
}
