package architecture

import (
	"go/ast"
	"testing"
)

// The sizes that keep a package, a file and a function readable. Test files are
// not counted: their length is that of their tables.
const (
	maxFiles         = 25 // in one package
	maxFileLines     = 500
	maxFunctionLines = 80
	maxEmbedding     = 1 // levels of our own structs
)

func TestPackagesAreSmall(t *testing.T) {
	t.Parallel()
	files := map[string]int{}
	for _, f := range readSources(t) {
		if !f.test {
			files[f.pkg]++
		}
	}
	for pkg, n := range files {
		if n > maxFiles {
			t.Errorf("package %s has %d files, want at most %d", pkg, n, maxFiles)
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	for _, f := range readSources(t) {
		if f.test {
			continue
		}
		if f.lines > maxFileLines {
			t.Errorf("%s/%s has %d lines, want at most %d", f.pkg, f.name, f.lines, maxFileLines)
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := fileSet.Position(fn.End()).Line - fileSet.Position(fn.Pos()).Line + 1; n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, want at most %d", place(fn), fn.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// A method of a struct two levels down is hard to find.
func TestStructsEmbedOneLevelOfOurs(t *testing.T) {
	t.Parallel()
	embeds := map[string][]string{} // by package and type
	places := map[string]string{}
	for _, f := range readSources(t) {
		if f.test {
			continue
		}
		ours := f.imports()
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			name := f.pkg + "." + spec.Name.Name
			places[name] = place(spec)
			embeds[name] = append(embeds[name], embedded(spec.Type, f.pkg, ours)...)
			return true
		})
	}
	var levels func(name string, seen int) int
	levels = func(name string, seen int) int {
		deepest := 0
		for _, e := range embeds[name] {
			if _, is := places[e]; is && seen < 10 {
				deepest = max(deepest, 1+levels(e, seen+1))
			}
		}
		return deepest
	}
	for name, where := range places {
		if n := levels(name, 0); n > maxEmbedding {
			t.Errorf("%s: %s embeds %v: %d levels of structs of ours, want at most %d", where, name, embeds[name], n, maxEmbedding)
		}
	}
}

// embedded returns the types of ours, by package and name, that a struct of a package
// embeds. ours has its imports.
func embedded(t ast.Expr, pkg string, ours map[string]string) []string {
	structure, ok := t.(*ast.StructType)
	if !ok {
		return nil
	}
	var all []string
	for _, field := range structure.Fields.List {
		if len(field.Names) > 0 {
			continue
		}
		e := field.Type
		if pointer, ok := e.(*ast.StarExpr); ok {
			e = pointer.X
		}
		switch e := e.(type) {
		case *ast.Ident:
			all = append(all, pkg+"."+e.Name)
		case *ast.SelectorExpr:
			if from, ok := e.X.(*ast.Ident); ok && ours[from.Name] != "" {
				all = append(all, ours[from.Name]+"."+e.Sel.Name)
			}
		}
	}
	return all
}
