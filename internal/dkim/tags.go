package dkim

import (
	"errors"
	"fmt"
	"strings"
)

// maxTags bounds a tag list. RFC 6376 knows 14 tags.
const maxTags = 64

// fws is folding white space, less its rule that a line end is followed by some.
const fws = " \t\r\n"

// A tag is one entry of a tag list.
type tag struct {
	name  string
	value string // without white space around it

	// start and end delimit the value with the white space around it, in the
	// list.
	start, end int
}

// A tagList is a list of tags without duplicates. RFC 6376, section 3.2.
type tagList []tag

// parseTags reads a tag list.
func parseTags(s string) (tagList, error) {
	var list tagList
	for at := 0; at < len(s); {
		end := len(s)
		if i := strings.IndexByte(s[at:], ';'); i >= 0 {
			end = at + i
		}
		spec := s[at:end]
		if strings.Trim(spec, fws) != "" {
			name, value, ok := strings.Cut(spec, "=")
			start := at + len(name) + 1
			name = strings.Trim(name, fws)
			switch {
			case !ok || !isTagName(name):
				return nil, fmt.Errorf("%.40q is not of the form tag=value", spec)
			case len(list) == maxTags:
				return nil, errors.New("too many tags")
			}
			if _, dup := list.get(name); dup {
				return nil, fmt.Errorf("the tag %.40s= occurs twice", name)
			}
			list = append(list, tag{name: name, value: strings.Trim(value, fws), start: start, end: end})
		}
		at = end + 1
	}
	return list, nil
}

// isTagName reports whether s is a letter followed by letters, digits and
// underscores.
func isTagName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// get returns the tag of a name. Names are case-sensitive.
func (l tagList) get(name string) (tag, bool) {
	for _, t := range l {
		if t.name == name {
			return t, true
		}
	}
	return tag{}, false
}

// text returns the value of a tag without any white space, "" if it is absent.
func (l tagList) text(name string) string {
	t, _ := l.get(name)
	return stripSpace(t.value)
}

// stripSpace removes folding white space wherever it stands.
func stripSpace(s string) string {
	if !strings.ContainsAny(s, fws) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && strings.IndexByte(fws, byte(r)) >= 0 {
			return -1
		}
		return r
	}, s)
}

// splitList splits a colon-separated value into its elements in lower case,
// without white space.
func splitList(s string) []string {
	list := strings.Split(stripSpace(s), ":")
	for i, e := range list {
		list[i] = strings.ToLower(e)
	}
	return list
}
