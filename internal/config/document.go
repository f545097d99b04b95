package config

import (
	"sort"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A value is one value of a TOML document together with the line it stands on.
// Tables and lists are taken by what they are, however they were written:
// [a] and a = {}, [[a]] and a = [{}].
type value struct {
	line  int
	kind  unstable.Kind     // InlineTable is Table here, ArrayTable is Array
	text  string            // a string's text; what was written, of other scalars
	items []*value          // of an Array
	keys  map[string]*value // of a Table
	order []string          // the keys of a Table as they came
}

// readDocument reads TOML. go-toml reads it twice: once as a whole, which finds
// every fault of syntax, and once expression by expression for the lines,
// which its decoder does not give for values that it accepts.
func readDocument(data []byte) (*value, *Fault) {
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		return nil, syntaxFault(err)
	}
	b := builder{root: newTable(0)}
	b.current = b.root
	for i, c := range data {
		if c == '\n' {
			b.newlines = append(b.newlines, i)
		}
	}
	b.parser.Reset(data)
	for b.parser.NextExpression() {
		b.expression(b.parser.Expression())
	}
	if err := b.parser.Error(); err != nil {
		return nil, syntaxFault(err)
	}
	return b.root, nil
}

// A builder turns the expressions of a document into a tree of values.
type builder struct {
	parser        unstable.Parser
	newlines      []int // the offset of each
	root, current *value
}

func newTable(line int) *value {
	return &value{line: line, kind: unstable.Table, keys: map[string]*value{}}
}

func (b *builder) line(r unstable.Range) int {
	return sort.SearchInts(b.newlines, int(r.Offset)) + 1
}

func (b *builder) expression(n *unstable.Node) {
	switch n.Kind {
	case unstable.Table:
		parent, last := b.parent(b.root, n.Key())
		b.current = parent.table(string(last.Data), b.line(last.Raw))
	case unstable.ArrayTable:
		parent, last := b.parent(b.root, n.Key())
		b.current = parent.push(string(last.Data), b.line(last.Raw))
	case unstable.KeyValue:
		b.keyValue(b.current, n)
	}
}

func (b *builder) keyValue(table *value, n *unstable.Node) {
	parent, last := b.parent(table, n.Key())
	parent.set(string(last.Data), b.value(n.Value(), b.line(last.Raw)))
}

// parent goes down a dotted key up to its last part, and makes the tables that are
// not there yet.
func (b *builder) parent(from *value, parts unstable.Iterator) (*value, *unstable.Node) {
	parts.Next()
	last := parts.Node()
	for parts.Next() {
		from = from.table(string(last.Data), b.line(last.Raw))
		last = parts.Node()
	}
	return from, last
}

// value takes over a node. Lists have no place of their own: they stand on the
// line of their key.
func (b *builder) value(n *unstable.Node, line int) *value {
	if n.Raw.Length > 0 {
		line = b.line(n.Raw)
	}
	v := &value{line: line, kind: n.Kind, text: string(n.Data)}
	children := n.Children()
	switch n.Kind {
	case unstable.Array:
		for children.Next() {
			v.items = append(v.items, b.value(children.Node(), line))
		}
	case unstable.InlineTable:
		v = newTable(line)
		for children.Next() {
			b.keyValue(v, children.Node())
		}
	}
	return v
}

func (v *value) set(name string, child *value) {
	if v.kind != unstable.Table {
		return // go-toml has refused such a document already
	}
	if _, known := v.keys[name]; !known {
		v.order = append(v.order, name)
	}
	v.keys[name] = child
}

// table returns the table of that name; of a list of tables, the last one.
func (v *value) table(name string, line int) *value {
	child := v.keys[name]
	if child != nil && child.kind == unstable.Array && len(child.items) > 0 {
		child = child.items[len(child.items)-1]
	}
	if child == nil {
		child = newTable(line)
		v.set(name, child)
	}
	return child
}

// push adds a table to the list of that name.
func (v *value) push(name string, line int) *value {
	list := v.keys[name]
	if list == nil {
		list = &value{line: line, kind: unstable.Array}
		v.set(name, list)
	}
	item := newTable(line)
	list.items = append(list.items, item)
	return item
}
