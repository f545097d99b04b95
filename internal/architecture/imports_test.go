// Package architecture holds the test that compares the real imports between
// packages with the table in docs/architecture.md.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		found[pkg] = append(found[pkg], nil...)
		for _, i := range parsed.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, module+"/"); ok && !slices.Contains(found[pkg], ours) {
				found[pkg] = append(found[pkg], path.Clean(ours))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
