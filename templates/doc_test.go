package templates

import (
	"os"
	"strings"
	"testing"
)

// TestTheReferenceNamesEveryFunction holds docs/templates.md to what templates may
// call.
func TestTheReferenceNamesEveryFunction(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(data), "## Functions")
	if !found {
		t.Fatal(`docs/templates.md has no section "Functions"`)
	}
	for name := range functions() {
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/templates.md does not name the function %s", name)
		}
	}
}
