package tlsrpt

import (
	"bytes"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// text reads a value that is due to be a string. Null and what has no text are
// read as "".
func (d *decoder) text(field string) (string, error) {
	switch kind := d.json.PeekKind(); kind {
	case '"':
		v, err := d.raw()
		if err != nil {
			return "", err
		}
		return d.unquote(field, v)
	case 'n':
		d.note(field, ruleSchema+", Q9", "null where a string is due; read as empty")
		return "", d.skip()
	case '0', 't', 'f':
		d.note(field, ruleSchema, kindName(kind)+" where a string is due")
		v, err := d.raw()
		if err != nil {
			return "", err
		}
		if len(v) > maxString {
			return "", d.tooLong(field)
		}
		return string(v), nil
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

// unquote decodes a string that is kept.
func (d *decoder) unquote(field string, v []byte) (string, error) {
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		if len(inner) > maxString {
			return "", d.tooLong(field)
		}
		return aliased(inner), nil
	}
	if len(inner) > 6*maxString { // every byte escaped as \u00XX
		return "", d.tooLong(field)
	}
	b, err := jsontext.AppendUnquote(make([]byte, 0, len(inner)), v)
	if err != nil {
		d.note(field, ruleIJSON, "half of a surrogate pair; read as U+FFFD")
	}
	if len(b) > maxString {
		return "", d.tooLong(field)
	}
	return strings.ToValidUTF8(string(b), string(utf8.RuneError)), nil
}

// aliased returns b as a string without copying it. b is part of Report.JSON,
// which the report holds anyway and nobody writes to: the strings of a report
// would otherwise take its size again, of which 64 MiB are allowed.
func aliased(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (d *decoder) tooLong(field string) error {
	return d.fail(field, ruleBounds, "a string of more than %d bytes", maxString)
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
		return []string{s}, true, d.item(field)
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
			if s != "" {
				list = append(list, s)
				if err := d.item(field); err != nil {
					return nil, err
				}
			}
		}
		if d.json.StackDepth() <= outer {
			return list, nil
		}
	}
}

// bareText reads a string, number or literal as text, without a note.
func (d *decoder) bareText(field string) (string, error) {
	v, err := d.raw()
	switch {
	case err != nil:
		return "", err
	case v[0] == '"':
		return d.unquote(field, v)
	case len(v) > maxString:
		return "", d.tooLong(field)
	}
	return string(v), nil
}

// item counts a list item against its bound.
func (d *decoder) item(field string) error {
	if d.items++; d.items > d.left.items {
		return d.fail(field, ruleBounds, "more than %d policy strings and mx-hosts in one message or file", maxListItems)
	}
	return nil
}

// A count is a number of sessions as a report has it.
type count struct {
	n     Sessions
	given bool // it stands there, and is neither null nor empty
	err   *FieldError
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
