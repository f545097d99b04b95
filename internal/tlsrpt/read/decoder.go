package read

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tlsbrief/internal/tlsrpt"
)

// A decoder reads one report, token by token, so that a field of the wrong
// kind costs that field and no more.
type decoder struct {
	json   *jsontext.Decoder
	names  map[string]string // known keys, to read them without allocating
	keys   []string          // the same as a list
	limits Limits
	left   budget
	hints  hints

	report  *tlsrpt.Report
	policy  int  // index in the JSON of the policy being read; -1 outside of policies
	detail  int  // index in the JSON of the failure detail being read; -1 outside
	contact bool // contact-info was there, whatever it holds
	known   int  // top-level keys seen that a TLS report has
	unknown int  // keys that no report has
	details int  // of all policies so far
	kept    int  // bytes of lists and failure details so far
	mayKeep int  // bytes of them at most

	indexes    []int // of report.Policies in the JSON
	aside      error // why the last policy was set aside
	deviations []tlsrpt.Deviation
	more       int // deviations that were not listed
}

// path names a field of the object being read.
func (d *decoder) path(field string) string {
	switch {
	case d.policy < 0:
		return field
	case d.detail < 0:
		return "policies[" + strconv.Itoa(d.policy) + "]." + field
	}
	return "policies[" + strconv.Itoa(d.policy) + "].failure-details[" + strconv.Itoa(d.detail) + "]." + field
}

// note records a deviation of a field of the object being read.
func (d *decoder) note(field, rule, what string) {
	if len(d.deviations) >= d.mayNote() {
		d.more++
		return
	}
	d.noteAt(d.path(field), rule, what)
}

func (d *decoder) noteAt(path, rule, what string) {
	d.deviations = append(d.deviations, tlsrpt.Deviation{Path: path, What: what, Rule: rule})
}

// mayNote returns how many deviations of the report are listed.
func (d *decoder) mayNote() int { return min(maxDeviations, max(fewNotes, d.left.notes)) }

// noteAside records that something was set aside.
func (d *decoder) noteAside(e *tlsrpt.FieldError, what string) {
	d.noteHeavy(e.Path, e.Rule, e.Err.Error()+"; "+what)
}

// noteCut records that something of a field was not kept, since there is too much.
func (d *decoder) noteCut(field, what string) { d.noteHeavy(d.path(field), ruleBounds, what) }

// noteHeavy records a deviation that is listed even where those of less weight are not
// any more.
func (d *decoder) noteHeavy(path, rule, what string) {
	if len(d.deviations) >= 2*d.mayNote() {
		d.more++
		return
	}
	d.noteAt(path, rule, what)
}

// listed returns the deviations, with a line for those that were too many.
func (d *decoder) listed() []tlsrpt.Deviation {
	if d.more > 0 {
		d.noteAt("report", "", strconv.Itoa(d.more)+" more deviations, not listed")
	}
	return d.deviations
}

// fail makes the error for a field of the object being read.
func (d *decoder) fail(field, rule, format string, args ...any) *tlsrpt.FieldError {
	return &tlsrpt.FieldError{Path: d.path(field), Rule: rule, Err: fmt.Errorf(format, args...)}
}

// syntax turns an error of the JSON decoder into one of ours.
func (d *decoder) syntax(err error) error {
	if errors.Is(err, io.EOF) {
		return fault("json", ruleJSON, "empty")
	}
	at, err := whereInJSON(err, d.json.InputOffset())
	return fault("json", ruleJSON, "at byte %d: %w", at, err)
}

// whereInJSON takes apart an error of the JSON decoder, which stood at offset.
func whereInJSON(err error, offset int64) (at int64, cause error) {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return syntactic.ByteOffset, syntactic.Err
	}
	return offset, err
}

// token reads the next token, and sees to the bound of depth.
func (d *decoder) token() (jsontext.Kind, error) {
	t, err := d.json.ReadToken()
	if err != nil {
		return 0, d.syntax(err)
	}
	if d.json.StackDepth() > maxDepth {
		return 0, d.fail("json", ruleBounds, "nested more than %d levels deep", maxDepth)
	}
	return t.Kind(), nil
}

// skip reads over the next value.
func (d *decoder) skip() error {
	outer := d.json.StackDepth()
	for {
		if _, err := d.token(); err != nil {
			return err
		}
		if d.json.StackDepth() <= outer {
			return nil
		}
	}
}

// raw reads the next value, which must be a string, number or literal. It is
// valid until the next one is read.
func (d *decoder) raw() ([]byte, error) {
	v, err := d.json.ReadValue()
	if err != nil {
		return nil, d.syntax(err)
	}
	return v, nil
}

// name reads an object's next key.
func (d *decoder) name() (string, error) {
	v, err := d.raw()
	if err != nil {
		return "", err
	}
	if known, ok := d.names[string(v[1:len(v)-1])]; ok {
		return known, nil
	}
	if len(v) > maxString {
		return "", nil // no key that anybody knows
	}
	b, _ := jsontext.AppendUnquote(nil, v)
	return string(b), nil
}

// A member is a key of an object that has been read.
type member struct {
	key   string
	exact bool // spelt as RFC 8460 spells it
}

// members are those that were read of one object, each key once. No object of a
// report has more than eight.
type members struct {
	list [8]member
	n    int
}

// object reads the object that begins here. known gives the RFC's spelling of a
// key, or ""; read reads the value of a key so spelt. Other values are skipped.
// prefix is what stands before the keys in a path.
//
// Of two members with one meaning the one that is spelt right is read; of two
// spelt alike the last, as most JSON readers have it.
func (d *decoder) object(prefix string, known func(string) string, read func(key string) error) error {
	if _, err := d.token(); err != nil {
		return err
	}
	var seen members
	for d.json.PeekKind() != '}' {
		name, err := d.name()
		if err != nil {
			return err
		}
		m := d.member(prefix, known, name)
		if m.key == "" || !d.wanted(prefix, &seen, m) {
			if err := d.skip(); err != nil {
				return err
			}
			continue
		}
		if err := read(m.key); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// member finds out which key is meant by name.
func (d *decoder) member(prefix string, known func(string) string, name string) member {
	if key := known(name); key != "" {
		if key != name {
			d.note(prefix+key, ruleSchema+", Q13, Q33", "written as "+strconv.Quote(name))
		}
		return member{key, key == name}
	}
	folded := fold(name)
	if key := known(folded); key != "" {
		d.note(prefix+key, ruleSchema+", Q22", "written as "+quoted(name))
		return member{key, false}
	}
	if d.unknown++; d.unknown > maxUnknown {
		return member{}
	}
	if key := misspelled(folded, d.keys); key != "" && key != folded {
		d.note(prefix+key, ruleSchema, "perhaps meant by "+quoted(name)+", which was not read")
	}
	return member{}
}

// wanted reports whether a member is to be read, given those read before it.
func (d *decoder) wanted(prefix string, seen *members, m member) bool {
	i := slices.IndexFunc(seen.list[:seen.n], func(s member) bool { return s.key == m.key })
	switch {
	case i < 0:
		seen.list[seen.n] = m
		seen.n++
		return true
	case seen.list[i].exact && !m.exact:
		d.note(prefix+m.key, ruleIJSON, "given more than once; the one spelt right is read")
		return false
	}
	seen.list[i] = m
	d.note(prefix+m.key, ruleIJSON, "given more than once; the last is read")
	return true
}

// quoted makes a stranger's string fit for a sentence.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

// kindName says in words what stands where something else is due.
func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "a list"
	case '{':
		return "an object"
	}
	return "something else"
}
