package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Fault is one thing that is wrong with a configuration file.
type Fault struct {
	File    string // the included file that it stands in; empty: the main one
	Line    int    // counted from 1; 0 where no line of the file is to blame
	Key     string // such as "mailbox[0].host", list items counted from 0; empty for the whole file
	Problem string // what is wrong and what to do, one line, never a secret
}

// An Error holds every fault of a configuration, file by file in their order.
// There is always at least one. It unwraps to what the operating system said,
// where that was the reason.
type Error struct {
	File   string // as given to [Load]; empty where no file was found
	Faults []Fault
	Err    error // why the file could not be read; nil where it could
}

// Error lists the faults, one a line: "FILE:LINE: key: what and what to do".
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Faults))
	for _, f := range e.Faults {
		lines = append(lines, f.at(cmp.Or(f.File, e.File)))
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns why the file could not be read, or nil.
func (e *Error) Unwrap() error { return e.Err }

func (f Fault) at(file string) string {
	var b strings.Builder
	if file != "" {
		b.WriteString(file)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	if f.Key != "" {
		b.WriteString(f.Key)
		b.WriteString(": ")
	}
	b.WriteString(f.Problem)
	return b.String()
}

// A checker collects faults while a file is read and judged, so that all of
// them are told at once.
type checker struct {
	dir    string                     // of the configuration file: relative paths start here
	file   string                     // that file, where it is an included one
	guard  *guard                     // of the files that are named; nil: they are not looked at
	keys   map[any]key                // by the address of the field of a [Config] that each fills
	tables map[reflect.Type][]setting // those seen so far: there may be thousands of mailboxes
	texts  map[string]rule[string]
	lists  map[string]rule[[]string]
	faults []Fault
}

// newChecker returns a checker of the main file, or of an included one.
func newChecker(dir, file string, g *guard) *checker {
	return &checker{dir: dir, file: file, guard: g, keys: map[any]key{}, tables: map[reflect.Type][]setting{}, texts: textRules(), lists: listRules()}
}

// fault notes what is wrong with a key, at its line or, where the key is not
// in the file, at the line of its table.
func (c *checker) fault(k key, format string, args ...any) {
	c.faults = append(c.faults, Fault{File: c.file, Line: k.line, Key: k.path, Problem: clean(fmt.Sprintf(format, args...))})
}

// err returns the faults in the order of their lines, or nil.
func (c *checker) err(file string) error {
	if len(c.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(c.faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return &Error{File: file, Faults: c.faults}
}

// clean puts a blank for every character that does not print, line breaks and
// changes of the writing direction among them.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// maxShown is how much of a wrong value a fault repeats, in characters.
const maxShown = 80

// quote shows a value inside a fault: on one line, without control characters,
// and not longer than a line of a terminal.
func quote(s string) string {
	if utf8.RuneCountInString(s) > maxShown {
		s = string([]rune(s)[:maxShown]) + "…"
	}
	return strconv.Quote(s)
}
