package read

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"tlsbrief/internal/tlsrpt"
)

// text reads a value that is due to be a string, of which so many bytes are kept. Null
// and what has no text are read as "".
func (d *decoder) text(field string, most int) (string, error) {
	s, err := d.anyText(field)
	return d.shortened(field, s, most), err
}

func (d *decoder) anyText(field string) (string, error) {
	switch kind := d.json.PeekKind(); kind {
	case '"':
		return d.bareText(field)
	case 'n':
		d.note(field, ruleSchema+", Q9", "null where a string is due; read as empty")
		return "", d.skip()
	case '0', 't', 'f':
		d.note(field, ruleSchema, kindName(kind)+" where a string is due")
		return d.bareText(field)
	case '[':
		d.note(field, ruleSchema, "a list where a string is due; its first string is read")
		list, err := d.elements(field)
		if err != nil || len(list) == 0 {
			return "", err
		}
		return list[0], nil
	case '{':
		d.note(field, ruleSchema, "an object where a string is due; ignored")
		return "", d.skip()
	}
	return "", d.skip() // which fails, and says why
}

// unquote decodes a string, of which no more than maxString bytes are looked at.
func (d *decoder) unquote(field string, v []byte) string {
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		if len(inner) > maxString {
			return d.shortened(field, aliased(inner), maxString)
		}
		return aliased(inner)
	}
	if len(inner) > 6*maxString { // every byte escaped as \u00XX
		d.noteCut(field, "a string of more than "+strconv.Itoa(maxString)+" bytes; cut")
		inner = cutEscaped(inner, 6*maxString)
		v = append(append([]byte{'"'}, inner...), '"')
	}
	b, err := jsontext.AppendUnquote(make([]byte, 0, len(inner)), v)
	if err != nil {
		d.note(field, ruleIJSON, "half of a surrogate pair; read as U+FFFD")
	}
	return d.shortened(field, strings.ToValidUTF8(string(b), string(utf8.RuneError)), maxString)
}

// cutEscaped returns the beginning of the inside of a JSON string, of at most so many
// bytes, that ends neither within a character nor within an escape.
func cutEscaped(inner []byte, most int) []byte {
	const longest = len(`\ud83d\ude00`) // an escaped character takes as many bytes
	end := most
	for end > 0 && !utf8.RuneStart(inner[end]) {
		end--
	}
	if i := bytes.IndexByte(inner[end-longest:end], '\\'); i >= 0 {
		end -= longest - i
	}
	backslashes := 0
	for end > backslashes && inner[end-1-backslashes] == '\\' {
		backslashes++
	}
	return inner[:end-backslashes%2]
}

// aliased returns b as a string without copying it. b is part of Report.JSON,
// which the report holds anyway and nobody writes to: the strings of a report
// would otherwise take its size again, of which 64 MiB are allowed.
func aliased(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// list reads a value that is due to be a list of strings. single tells that it
// was a string. Null is an empty list.
func (d *decoder) list(field string) (list []string, single bool, err error) {
	switch kind := d.json.PeekKind(); kind {
	case '[':
		list, err = d.elements(field)
		return list, false, err
	case 'n':
		d.note(field, ruleSchema+", Q9", "null where a list is due; read as empty")
		return nil, false, d.skip()
	case '{':
		d.note(field, ruleSchema, "an object where a list of strings is due; ignored")
		return nil, false, d.skip()
	default:
		d.note(field, ruleSchema+", Q12", kindName(kind)+" where a list is due")
		s, err := d.bareText(field)
		if err != nil || s == "" {
			return nil, true, err
		}
		return []string{s}, true, nil
	}
}

// elements reads a list of strings. Lists inside it are read as part of it, and
// what has no text is left out.
func (d *decoder) elements(field string) (list []string, err error) {
	outer := d.json.StackDepth()
	for {
		switch kind := d.json.PeekKind(); kind {
		case '[', ']':
			if _, err := d.token(); err != nil {
				return nil, err
			}
			if kind == '[' && d.json.StackDepth() == outer+2 {
				d.note(field, ruleSchema, "a list inside a list; read as one")
			}
		case '{', 'n':
			d.note(field, ruleSchema, kindName(kind)+" where a string is due; ignored")
			if err := d.skip(); err != nil {
				return nil, err
			}
		default:
			if kind != '"' && kind != 0 {
				d.note(field, ruleSchema, kindName(kind)+" where a string is due")
			}
			s, err := d.bareText(field)
			if err != nil {
				return nil, err
			}
			if s != "" && len(list) <= maxElements { // one more shows that there are too many
				list = append(list, s)
			}
		}
		if d.json.StackDepth() <= outer {
			return list, nil
		}
	}
}

// bareText reads a string, number or literal as text, without a note of its kind.
func (d *decoder) bareText(field string) (string, error) {
	v, err := d.raw()
	switch {
	case err != nil:
		return "", err
	case v[0] == '"':
		return d.unquote(field, v), nil
	}
	return d.shortened(field, string(v[:min(len(v), maxString+1)]), maxString), nil
}

// A count is a number of sessions as a report has it.
type count struct {
	n     tlsrpt.Sessions
	given bool // it stands there, and is neither null nor empty
	err   *tlsrpt.FieldError
}

// count reads a value that is due to be a count.
func (d *decoder) count(field, rule string) (c count, err error) {
	kind := d.json.PeekKind()
	var s string
	switch kind {
	case '0', '"':
		if s, err = d.bareText(field); err != nil {
			return count{}, err
		}
		s = strings.TrimSpace(s)
	case 'n':
		d.note(field, rule, "null where a count is due")
		return count{}, d.skip()
	default:
		return count{given: true, err: d.fail(field, rule, "is %s, not a number", kindName(kind))}, d.skip()
	}
	if s == "" {
		d.note(field, rule, "an empty string where a count is due")
		return count{}, nil
	}
	n, plain, bad := parseCount(s)
	switch {
	case bad != nil:
		return count{given: true, err: d.fail(field, rule, "%s %w", clip(s), bad)}, nil
	case kind == '"':
		d.note(field, rule+", Q21", "a count in quotes")
	case !plain:
		d.note(field, rule, "a count written as "+clip(s))
	}
	return count{n: n, given: true}, nil
}

// clip shortens a number for a sentence; what is none is quoted.
func clip(s string) string {
	if len(s) > 40 || strings.Trim(s, "+-.0123456789eE") != "" {
		return quoted(s)
	}
	return s
}
