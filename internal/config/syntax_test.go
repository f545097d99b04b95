package config

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// A new go-toml may word its errors in another way. Then the texts in syntax.go
// must follow, or people read what they do not understand.
func TestGoTOMLWordsItsErrorsAsTheyAreMatched(t *testing.T) {
	t.Parallel()
	examples := map[string][]string{
		"at start of value":                 {"a = hello", "a = @"},
		"expected keyword":                  {"a = tru", "a = nul"},
		"expected newline":                  {`a = "x" y`},
		"invalid escape":                    {`a = "\J"`},
		"invalid character at start of key": {"@ = 1", "= 1"},
		"already":                           {"a = 1\na = 2", "[a]\n[a]", "a.b = 1\n[a]"},
		"unable to parse":                   {"a = 9e999"},
	}
	for _, r := range rewordings() {
		if len(examples[r.says]) == 0 {
			t.Errorf("no example for %q", r.says)
		}
		for _, example := range examples[r.says] {
			var into map[string]any
			err := toml.Unmarshal([]byte(example), &into)
			if err == nil || !strings.Contains(err.Error(), r.says) {
				t.Errorf("go-toml on %q: %v, want %q in it", example, err, r.says)
				continue
			}
			if f := syntaxFault(err); strings.HasPrefix(f.Problem, "TOML syntax: ") {
				t.Errorf("syntaxFault(%v) = %q, want it in other words", err, f.Problem)
			}
		}
	}
}
