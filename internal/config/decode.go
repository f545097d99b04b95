package config

import (
	"net/mail"
	"reflect"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/netclient"

	"github.com/pelletier/go-toml/v2/unstable"
)

// key returns where the field stands that p points to.
func (c *checker) key(p any) key { return c.keys[p] }

func (c *checker) settings(table reflect.Type) []setting {
	if c.tables[table] == nil {
		c.tables[table] = settings(table)
	}
	return c.tables[table]
}

// decode notes the key of each field of a struct, from a table; from nil, with
// defaults. It notes a fault for every unknown key and every wrong type, and goes
// on. The fields themselves stay empty, but for the lists of tables.
func (c *checker) decode(table *value, at key, into reflect.Value) {
	known := map[string]bool{}
	for _, s := range c.settings(into.Type()) {
		if c.file != "" && at.path == "" && s.typ.Kind() != reflect.Slice {
			continue // an included file holds what there may be several of
		}
		known[s.name] = true
		k := key{path: join(at.path, s.name), line: at.line, text: s.def}
		var v *value
		if table != nil {
			v = table.keys[s.name]
		}
		if v != nil {
			k.line, k.set = v.line, true
		}
		c.decodeField(v, k, s, into.FieldByIndex(s.index))
	}
	if table == nil {
		return
	}
	for _, name := range table.order {
		if !known[name] {
			c.fault(key{path: join(at.path, name), line: table.keys[name].line}, "unknown key; %s", advice(name, at.path, known))
		}
	}
}

func (c *checker) decodeField(v *value, k key, s setting, field reflect.Value) {
	p, problem := field.Addr().Interface(), ""
	switch p.(type) {
	case *PasswordSource: // known only to be refused; what it holds may be a secret
	case *[]string:
		problem = k.readList(v, s.def)
	case *string, *netclient.TLSMode, *bool, *int, *int64, *time.Duration, *time.Time, **time.Location, **mail.Address:
		problem = k.read(v, s)
	default:
		k = c.decodeTables(v, k, s.name, field)
	}
	if problem != "" {
		c.fault(k, "%s", problem)
		k.bad = true
	}
	c.keys[p] = k
}

// decodeTables decodes a table, or a list of them.
func (c *checker) decodeTables(v *value, k key, name string, field reflect.Value) key {
	switch {
	case field.Kind() == reflect.Slice:
		c.decodeList(v, k, field)
	case v != nil && v.kind != unstable.Table:
		c.fault(k, "is %s, but there is one of it, as a table; write [%s]", describe(v), name)
		k.bad = true
		c.decode(nil, k, field)
	default:
		c.decode(v, k, field)
	}
	return k
}

func (c *checker) decodeList(v *value, k key, field reflect.Value) {
	if v == nil {
		return
	}
	if v.kind != unstable.Array {
		c.fault(k, "is %s, but there may be several of it; write [[%s]]", describe(v), k.path)
		if v.kind == unstable.Table {
			v = &value{items: []*value{v}} // its own faults are worth telling too
		}
	}
	// Keys are found by the addresses of their fields, so the list must not move.
	list := reflect.MakeSlice(field.Type(), 0, len(v.items))
	for i, item := range v.items {
		at := key{path: k.path + "[" + strconv.Itoa(i) + "]", line: item.line, set: true}
		if item.kind != unstable.Table {
			c.fault(at, "is %s, but a table belongs here; write [[%s]]", describe(item), k.path)
			continue
		}
		list = list.Slice(0, list.Len()+1)
		table := list.Index(list.Len() - 1)
		c.keys[table.Addr().Interface()] = at
		c.decode(item, at, table)
	}
	if list.Len() > 0 {
		field.Set(list)
	}
}

// read takes one value over, or says what is wrong with its type.
func (k *key) read(v *value, s setting) (problem string) {
	if v == nil {
		return ""
	}
	n, err := strconv.ParseInt(v.text, 0, 64) // 10_000 and 0x10 are numbers too
	whole := v.kind == unstable.Integer && err == nil
	amount := s.typ == reflect.TypeFor[int64]() || s.typ == reflect.TypeFor[time.Duration]()
	wants := ""
	switch {
	case s.typ.Kind() == reflect.Bool:
		if v.kind != unstable.Bool {
			wants = "true or false belongs here, without quotes"
		}
	case s.typ.Kind() == reflect.Int || strings.Contains(s.rule, ".."):
		if !whole {
			wants = "a whole number belongs here, without quotes"
		}
	case amount && v.kind != unstable.String && v.kind != unstable.Integer:
		wants = `a number with its unit belongs here, in quotes, such as "` + k.text + `"`
	case !amount && v.kind != unstable.String:
		wants = "text belongs here; put it in quotes"
	}
	if wants != "" {
		return "is " + describe(v) + ", but " + wants
	}
	k.text = v.text
	if whole {
		k.text = strconv.FormatInt(n, 10)
	}
	return ""
}

// readList takes a list of strings over, or says what is wrong with its type.
func (k *key) readList(v *value, def string) (problem string) {
	k.text = ""
	if v == nil || v.kind != unstable.Array {
		for text := range strings.SplitSeq(def, ",") {
			if text != "" {
				k.items = append(k.items, item{text: text})
			}
		}
	}
	switch {
	case v == nil:
		return ""
	case v.kind != unstable.Array:
		return "is " + describe(v) + `, but a list belongs here; write it as ["…", "…"]`
	}
	for i, one := range v.items {
		if one.kind != unstable.String {
			k.line = one.line
			return "its item " + strconv.Itoa(i) + " is " + describe(one) + ", but text belongs there; put it in quotes"
		}
		k.items = append(k.items, item{one.text, one.line})
	}
	return ""
}

// describe names the type of a value in a fault, never the value.
func describe(v *value) string {
	switch v.kind {
	case unstable.String:
		return "text"
	case unstable.Integer:
		return "a number"
	case unstable.Float:
		return "a number with a fraction"
	case unstable.Bool:
		return "true or false"
	case unstable.Array:
		return "a list"
	case unstable.Table:
		return "a table"
	default:
		return "a date or time"
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
