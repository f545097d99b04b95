package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A sourceFile is a parsed file of the module.
type sourceFile struct {
	pkg    string // folder below the root, with slashes
	name   string
	test   bool
	lines  int
	syntax *ast.File
}

// imports returns what a name of an import in the file stands for, of our packages.
func (f *sourceFile) imports() map[string]string {
	ours := map[string]string{}
	for _, i := range f.syntax.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has seen to it
		}
		pkg, ok := strings.CutPrefix(name, module+"/")
		if !ok {
			continue
		}
		as := path.Base(pkg)
		if i.Name != nil && i.Name.Name != "_" {
			as = i.Name.Name
		}
		ours[as] = pkg
	}
	return ours
}

var fileSet = token.NewFileSet()

// sources returns every Go file of the module, tests included.
var sources = sync.OnceValues(func() ([]*sourceFile, error) {
	var files []*sourceFile
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(fileSet, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		files = append(files, &sourceFile{
			pkg: filepath.ToSlash(rel), name: d.Name(), test: strings.HasSuffix(file, "_test.go"),
			lines: fileSet.File(syntax.FileStart).LineCount() - 1, syntax: syntax,
		})
		return nil
	})
	return files, err
})

// readSources returns every Go file of the module.
func readSources(t *testing.T) []*sourceFile {
	t.Helper()
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 500 {
		t.Fatalf("%d Go files were found: the tree could not be read", len(files))
	}
	return files
}

// place returns the file and line of a node.
func place(n ast.Node) string {
	p := fileSet.Position(n.Pos())
	rel, err := filepath.Rel(root, p.Filename)
	if err != nil {
		rel = p.Filename
	}
	return rel + ":" + strconv.Itoa(p.Line)
}
