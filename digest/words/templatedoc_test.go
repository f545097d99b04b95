package words

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestTheReferenceNamesEveryFieldThatATemplateSees: whoever writes a template has
// docs/templates.md to go by.
func TestTheReferenceNamesEveryFieldThatATemplateSees(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			n++
			if !strings.Contains(string(data), "`"+f.Name+"`") && !strings.Contains(string(data), "`."+f.Name+"`") {
				t.Errorf("docs/templates.md does not name %s.%s", typ.Name(), f.Name)
			}
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
				walk(inner)
			}
		}
	}
	walk(reflect.TypeFor[View]())
	if n < 60 {
		t.Fatalf("the view has %d fields only", n)
	}
}
