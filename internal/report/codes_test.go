package report_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlsbrief/internal/report"
)

// constants returns the values of the constants of a type in a file.
func constants(t *testing.T, path, kind string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if is, ok := spec.Type.(*ast.Ident); !ok || is.Name != kind {
			return true
		}
		for _, v := range spec.Values {
			value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constant of type %s", path, kind)
	}
	slices.Sort(values)
	return values
}

// sorted returns codes as strings, in order.
func sorted[T ~string](codes []T) []string {
	var all []string
	for _, c := range codes {
		all = append(all, string(c))
	}
	slices.Sort(all)
	return all
}

func TestListsAreWhole(t *testing.T) {
	t.Parallel()
	if want, got := constants(t, "reason.go", "Reason"), sorted(report.Reasons()); !slices.Equal(want, got) {
		t.Errorf("Reasons() = %q, want %q", got, want)
	}
	if want, got := constants(t, "fault.go", "Fault"), sorted(report.Faults()); !slices.Equal(want, got) {
		t.Errorf("Faults() = %q, want %q", got, want)
	}
}

// TestReasonsOfDKIMAreReasons: package dkim has a type of its own, and imports none.
func TestReasonsOfDKIMAreReasons(t *testing.T) {
	t.Parallel()
	all := sorted(report.Reasons())
	for _, value := range constants(t, "../dkim/dkim.go", "Reason") {
		if !slices.Contains(all, value) {
			t.Errorf("dkim has the reason %q, report has not: %s", value, strings.Join(all, " "))
		}
	}
}
