package tlsrpt

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"tlsbrief/internal/hostname"
)

// ReadableDomain returns a domain as people read it: its A-labels (xn--…) as
// U-labels where these cannot be mistaken for something else, in the direction of
// the text around them. Any other label stays as it is, and so does
// what is no domain in the form of [Policy.Domain].
//
// A U-label is safe where all of its letters are of one script that reads from
// left to right and of which this package knows the look-alikes (RFC 5890,
// section 4.4, leaves that to whoever displays names).
func ReadableDomain(name string) string {
	if !strings.Contains(name, "xn--") || !hostname.Valid(strings.TrimPrefix(name, "*.")) {
		return name
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		labels[i] = readableLabel(label)
	}
	readable := strings.Join(labels, ".")
	if back, _ := hostname.Normalize(readable); back != name {
		return name // another of its labels cannot be one
	}
	return readable
}

// readableLabel returns the U-label of an A-label if it is safe to read.
func readableLabel(label string) string {
	if !strings.HasPrefix(label, "xn--") {
		return label
	}
	u, err := idna.Lookup.ToUnicode(label)
	if err != nil || !singleScript(u) {
		return label
	}
	if back, err := idna.Lookup.ToASCII(u); err != nil || back != label {
		return label
	}
	return u
}

// singleScript reports whether all letters of a label are of one safe script, and
// at least one of them does not look like that of another.
func singleScript(label string) bool {
	for _, s := range safeScripts() {
		if s.holds(label) {
			return true
		}
	}
	return false
}

// A script is letters that may stand together in a label.
type script struct {
	tables []*unicode.RangeTable
	last   rune   // the highest letter to allow; 0: any
	alike  string // letters that look like those of another script, or like punctuation
	ascii  bool   // a to z belong to it
}

// safeScripts returns the scripts whose labels are shown. Latin ends before its
// phonetic letters, many of which look like plain ones.
func safeScripts() []script {
	return []script{
		{tables: []*unicode.RangeTable{unicode.Latin}, last: 0x17E, alike: "ıĸŀŉ", ascii: true},
		{tables: []*unicode.RangeTable{unicode.Cyrillic}, last: 0x45F, alike: "асԁеһіјӏорԛѕԝхуъьҽпгѵѡ"},
		{tables: []*unicode.RangeTable{unicode.Greek}, last: 0x3CE, alike: "αγηικνορτυχω"},
		{tables: []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}, alike: "一丨丶丿工口〇ノニへヘ゠ー"},
		{tables: []*unicode.RangeTable{unicode.Hangul}, alike: "ㅣㅡㅇ"},
	}
}

// holds reports whether a label is of this script, digits and hyphens aside. What
// looks like another script throughout is not; of Latin, no look-alike is let in.
func (s script) holds(label string) bool {
	telling := false
	for _, r := range label {
		switch {
		case r == '-' || r >= '0' && r <= '9':
		case r >= 'a' && r <= 'z':
			if !s.ascii {
				return false
			}
		case !unicode.IsLetter(r) && r != 'ー' || !unicode.In(r, s.tables...) && r != 'ー' || s.last > 0 && r > s.last:
			return false
		case strings.ContainsRune(s.alike, r):
			if s.ascii {
				return false
			}
		default:
			telling = true
		}
	}
	return telling
}
