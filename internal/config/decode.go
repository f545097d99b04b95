package config

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// decode takes a document over into a file. It notes every unknown key and
// every value of a wrong type, and goes on.
func (c *checker) decode(doc *value) *file {
	f := new(file)
	c.decodeTable(doc, key{set: true}, reflect.ValueOf(f).Elem())
	return f
}

// decodeTable fills a struct from a table; from nil, with defaults.
func (c *checker) decodeTable(table *value, at key, into reflect.Value) {
	names := map[string]bool{}
	c.decodeFields(table, at, into, names)
	if table == nil {
		return
	}
	for _, name := range table.order {
		if !names[name] {
			c.fault(key{path: join(at.path, name), line: table.keys[name].line},
				"unknown key; %s", advice(name, at.path, names))
		}
	}
}

func (c *checker) decodeFields(table *value, at key, into reflect.Value, names map[string]bool) {
	for i := range into.NumField() {
		field, info := into.Field(i), into.Type().Field(i)
		name, known := info.Tag.Lookup("toml")
		switch {
		case info.Anonymous:
			c.decodeFields(table, at, field, names)
		case known:
			names[name] = true
			c.decodeField(table, at, name, info.Tag.Get("default"), field)
		default:
			field.Set(reflect.ValueOf(at))
		}
	}
}

func (c *checker) decodeField(table *value, at key, name, def string, field reflect.Value) {
	place := key{path: join(at.path, name), line: at.line}
	var v *value
	if table != nil {
		v = table.keys[name]
	}
	if v != nil {
		place.line, place.set = v.line, true
	}
	if s, ok := field.Addr().Interface().(setting); ok {
		c.decodeSetting(v, place, def, s)
		return
	}
	switch {
	case field.Kind() == reflect.Slice:
		c.decodeList(v, place, field)
	case v != nil && v.kind != unstable.Table:
		c.fault(place, "is %s, but there is one of it, as a table; write [%s]", describe(v), name)
		place.bad = true
		c.decodeTable(nil, place, field)
	default:
		c.decodeTable(v, place, field)
	}
}

func (c *checker) decodeSetting(v *value, place key, def string, s setting) {
	s.place(place)
	s.fallback(def)
	if v == nil {
		return
	}
	problem := s.read(v)
	if problem == "" {
		return
	}
	if list, ok := s.(*listKey); ok {
		place.line = list.line
	}
	c.fault(place, "%s", problem)
	place.bad = true
	s.place(place)
}

func (c *checker) decodeList(v *value, place key, field reflect.Value) {
	if v == nil {
		return
	}
	if v.kind != unstable.Array {
		c.fault(place, "is %s, but there may be several of it; write [[%s]]", describe(v), place.path)
		if v.kind == unstable.Table {
			v = &value{items: []*value{v}} // its own faults are worth telling too
		}
	}
	for i, item := range v.items {
		at := key{path: place.path + "[" + strconv.Itoa(i) + "]", line: item.line, set: true}
		if item.kind != unstable.Table {
			c.fault(at, "is %s, but a table belongs here; write [[%s]]", describe(item), place.path)
			continue
		}
		field.Set(reflect.Append(field, reflect.Zero(field.Type().Elem())))
		c.decodeTable(item, at, field.Index(field.Len()-1))
	}
}

// join appends a key to a path. A key that TOML would quote is quoted here too,
// so that nothing in a file can break out of its fault.
func join(path, name string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if name == "" || len(name) > maxShown || strings.IndexFunc(name, func(r rune) bool { return !bare(r) }) >= 0 {
		name = quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
