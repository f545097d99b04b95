// Package architecture holds the tests of how the code is laid out: the imports between
// packages are those of the table in docs/architecture.md, packages, files and functions
// are small, and comments have the same form.
package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root   = "../.."
	module = "tlsbrief"
)

func TestImportsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	allowed := readTable(t)
	for pkg, imports := range realImports(t) {
		if _, listed := allowed[pkg]; !listed {
			if rig(pkg) || pkg == "internal/architecture" {
				if slices.ContainsFunc(imports, func(i string) bool { return !rig(i) }) {
					t.Errorf("%s is a rig and imports %v: rigs import nothing but rigs", pkg, imports)
				}
				continue
			}
			t.Errorf("package %s does not stand in the table of docs/architecture.md", pkg)
			continue
		}
		for _, imported := range imports {
			if !slices.Contains(allowed[pkg], imported) {
				t.Errorf("%s imports %s, which the table of docs/architecture.md does not allow", pkg, imported)
			}
		}
	}
}

// rig reports whether a package is there for tests.
func rig(pkg string) bool { return strings.HasPrefix(pkg, "internal/testing/") }

func TestTableNamesNoImportThatIsNotThere(t *testing.T) {
	t.Parallel()
	found := realImports(t)
	for pkg, allowed := range readTable(t) {
		got := slices.DeleteFunc(slices.Clone(allowed), func(i string) bool { return !slices.Contains(found[pkg], i) })
		if diff := cmp.Diff(allowed, got); diff != "" {
			t.Errorf("docs/architecture.md allows %s imports that it does not have (-table +real):\n%s", pkg, diff)
		}
	}
}

var tableRow = regexp.MustCompile(`(?m)^    (\S+)\s+→ (.+)$`)

// readTable returns what each package may import.
func readTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## Who may import whom")
	if !ok {
		t.Fatal("docs/architecture.md has no section \"Who may import whom\"")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	allowed := map[string][]string{}
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		allowed[row[1]] = nil
		if row[2] != "nothing of ours" {
			allowed[row[1]] = strings.Split(row[2], ", ")
		}
	}
	if len(allowed) < 10 {
		t.Fatalf("the table has %d rows: it could not be read", len(allowed))
	}
	return allowed
}

// realImports returns which packages of the module each one imports, tests
// aside.
func realImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, f := range readSources(t) {
		if f.test {
			continue
		}
		found[f.pkg] = append(found[f.pkg], nil...)
		for _, ours := range f.imports() {
			if !slices.Contains(found[f.pkg], ours) {
				found[f.pkg] = append(found[f.pkg], ours)
			}
		}
	}
	return found
}
