package config

import (
	"reflect"
	"strconv"
	"strings"
)

// A key says where a setting stands and what is written there.
type key struct {
	path  string // such as "mailbox[0].host"
	line  int    // of the value; of the table where the key is not in the file; else 0
	set   bool   // it is in the file
	bad   bool   // its type is wrong, which a fault says: the rules leave it alone
	text  string // the value, or the default of the tag; empty for lists and tables
	items []item // of a list
}

// An item is one string of a list.
type item struct {
	text string
	line int
}

// empty reports whether neither the file nor the tag says anything.
func (k key) empty() bool { return k.text == "" && len(k.items) == 0 }

// at returns the place of one item of a list.
func (k key) at(i int) key {
	return key{path: k.path + "[" + strconv.Itoa(i) + "]", line: k.items[i].line, set: true, text: k.items[i].text}
}

// list returns the items of a list.
func (k key) list() []string {
	var list []string
	for _, item := range k.items {
		list = append(list, item.text)
	}
	return list
}

// A setting is a field of [Config] that a key of a table fills, by its tags:
//
//	toml     the name of the key
//	default  what it is where the file does not say; a list is parted by commas.
//	         A key without a default may be empty
//	rule     what holds for its value: a name of textRules, listRules or span, words to
//	         choose from, or bounds
//	prefix   what the names of a [PasswordSource] begin with
//
// A struct without a name has its keys in the same table.
type setting struct {
	name, def, rule string
	typ             reflect.Type
	index           []int // of the field, as in [reflect.Value.FieldByIndex]
}

// settings lists those of a table, by the type of its struct.
func settings(table reflect.Type) []setting {
	var all []setting
	for i := range table.NumField() {
		f := table.Field(i)
		name, prefix := f.Tag.Get("toml"), f.Tag.Get("prefix")
		switch {
		case name != "" || prefix != "":
			all = append(all, setting{name + prefix, f.Tag.Get("default"), f.Tag.Get("rule"), f.Type, f.Index})
			if prefix == "" {
				continue
			}
			prefix += "_"
			fallthrough
		case f.Type.Kind() == reflect.Struct:
			for _, s := range settings(f.Type) {
				s.name, s.index = prefix+s.name, append([]int{i}, s.index...)
				all = append(all, s)
			}
		}
	}
	return all
}

// last returns the name of a key without that of its table.
func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
