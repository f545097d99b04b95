package config

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// knownKeys walks the tags; the name of each setting is its whole path, such as
// "mailbox.host". Keys that are known only to be refused are left out.
func knownKeys(t *testing.T) []setting {
	t.Helper()
	var keys []setting
	var walk func(path string, table reflect.Type)
	walk = func(path string, table reflect.Type) {
		for _, s := range settings(table) {
			s.name = strings.TrimPrefix(path+"."+s.name, ".")
			inner := s.typ
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			switch {
			case s.typ == reflect.TypeFor[PasswordSource]():
			case inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]():
				walk(s.name, inner)
			default:
				keys = append(keys, s)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
	if len(keys) < 100 {
		t.Fatalf("the tags name %d keys only: %v", len(keys), keys)
	}
	return keys
}

// A tag without its rule would make Load panic only where that key is set.
func TestEveryRuleOfATagIsKnown(t *testing.T) {
	t.Parallel()
	texts, lists := textRules(), listRules()
	for _, s := range knownKeys(t) {
		switch s.typ {
		case reflect.TypeFor[string]():
			if texts[s.rule] == nil && !strings.Contains(s.rule, "|") {
				t.Errorf("%s: there is no rule %q for text", s.name, s.rule)
			}
		case reflect.TypeFor[[]string]():
			if lists[s.rule] == nil {
				t.Errorf("%s: there is no rule %q for a list", s.name, s.rule)
			}
		case reflect.TypeFor[int]():
			var least, most int
			if n, err := fmt.Sscanf(s.rule, "%d..%d", &least, &most); n != 2 || err != nil || least >= most {
				t.Errorf("%s: %q is no pair of bounds", s.name, s.rule)
			}
		}
	}
}

// documentKeys flattens a document: the first item stands for a list of tables.
func documentKeys(path string, v *value, into map[string]*value) {
	if len(v.items) > 0 && v.items[0].keys != nil {
		v = v.items[0]
	}
	for name, child := range v.keys {
		name = strings.TrimPrefix(path+"."+name, ".")
		into[name] = child
		documentKeys(name, child, into)
	}
}

// optional finds the settings that the example shows without setting them.
var optional = regexp.MustCompile(`(?m)^#([\[a-z])`)

// example returns config.toml.example, with all that it shows set where all is.
func example(t *testing.T, all bool) []byte {
	t.Helper()
	data, err := os.ReadFile("../../config.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	if all {
		data = optional.ReplaceAll(data, []byte("$1"))
	}
	return data
}

func TestTheExampleLoads(t *testing.T) {
	t.Parallel()
	cfg, err := Load("../../config.toml.example")
	if err != nil {
		t.Fatalf("Load:\n%v", err)
	}
	if len(cfg.Mailboxes) != 1 || cfg.SMTP.Host == "" || len(cfg.Digests) != 1 {
		t.Errorf("config.toml.example has %d mailboxes, SMTP host %q and %d digests, want one of each", len(cfg.Mailboxes), cfg.SMTP.Host, len(cfg.Digests))
	}
	if len(cfg.Accepts) != 0 {
		t.Error("config.toml.example accepts a failure by itself")
	}
	whole, err := parse("config.toml", "/", example(t, true))
	if err != nil || len(whole.Accepts) != 1 {
		t.Errorf("with all that is shown: %v", err)
	}
}

func TestTheExampleNamesEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	data := example(t, true)
	doc, fault := readDocument(data)
	if fault != nil {
		t.Fatal(fault)
	}
	got := map[string]*value{}
	documentKeys("", doc, got)
	for _, k := range knownKeys(t) {
		v := got[k.name]
		if v == nil {
			t.Errorf("config.toml.example does not name %s", k.name)
			continue
		}
		if k.def == "" {
			continue
		}
		shown, want := read(t, k, v), read(t, k, nil)
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("%s in config.toml.example is not its default (-default +shown):\n%s", k.name, diff)
		}
	}
}

// Whoever fills in what is marked, and nothing else, must have a configuration
// that sends nothing to an example and reads nothing from one.
func TestTheExampleMarksWhatIsNoDefault(t *testing.T) {
	t.Parallel()
	data := example(t, true)
	doc, fault := readDocument(data)
	if fault != nil {
		t.Fatal(fault)
	}
	shown := map[string]*value{}
	documentKeys("", doc, shown)
	lines := strings.Split(string(example(t, false)), "\n")
	for _, k := range knownKeys(t) {
		v := shown[k.name]
		if v == nil {
			continue // which another test tells
		}
		line := lines[v.line-1]
		marked := strings.Contains(line, "# ->") || optional.MatchString(line)
		ordinary := cmp.Equal(read(t, k, v), read(t, k, nil), cmpopts.EquateEmpty())
		if !marked && !ordinary && !strings.HasSuffix(k.name, ".port") {
			t.Errorf("config.toml.example:%d: %q is no default; mark it or leave it empty", v.line, line)
		}
	}
	ports := regexp.MustCompile("(?m)^port .*\n").ReplaceAll(data, []byte("\n"))
	without, err := parse("config.toml", "/", ports)
	if err != nil {
		t.Fatal(err)
	}
	with, err := parse("config.toml", "/", data)
	if err != nil {
		t.Fatal(err)
	}
	if without.Mailboxes[0].Port != with.Mailboxes[0].Port || without.SMTP.Port != with.SMTP.Port {
		t.Errorf("ports %d and %d in config.toml.example, %d and %d by default",
			with.Mailboxes[0].Port, with.SMTP.Port, without.Mailboxes[0].Port, without.SMTP.Port)
	}
}

func TestTheExampleFitsATerminal(t *testing.T) {
	t.Parallel()
	data := example(t, false)
	for i, line := range strings.Split(string(data), "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("config.toml.example:%d: %d columns, want at most 80", i+1, n)
		}
	}
}

// read gives what a key holds after reading v, or its default where v is nil.
func read(t *testing.T, s setting, v *value) any {
	t.Helper()
	k := key{text: s.def}
	read := func() string { return k.read(v, s) }
	if s.typ.Kind() == reflect.Slice {
		read = func() string { return k.readList(v, s.def) }
	}
	if problem := read(); problem != "" {
		t.Fatalf("%s %s", s.name, problem)
	}
	return append(k.list(), k.text)
}

func TestTheReferenceHasEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range regexp.MustCompile("(?m)^## ").Split(string(data), -1) {
		head, body, _ := strings.Cut(s, "\n")
		sections[strings.Trim(head, "`[]")] = body
	}
	for _, k := range knownKeys(t) {
		table, name, nested := strings.Cut(k.name, ".")
		if !nested { // a key of the file itself
			table, name = k.name, k.name
		}
		if sub, ok := strings.CutPrefix(name, "oauth2."); ok { // the same for both
			table, name = "OAuth2", sub
		}
		row := regexp.MustCompile("(?m)^\\| (?:`\\w+`, )*`" + name + "`[^\n]*").FindString(sections[table])
		if row == "" {
			t.Errorf("docs/configuration.md has no row for %s under [%s]", name, table)
		}
		for _, word := range strings.Split(k.def, ",") {
			if !strings.Contains(row, strings.ReplaceAll(word, `\`, `\\`)) {
				t.Errorf("docs/configuration.md: the row of %s does not show its default %s", k.name, k.def)
			}
		}
	}
}
