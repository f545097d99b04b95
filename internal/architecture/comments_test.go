package architecture

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// A function that returns a bool "reports whether", as everywhere in Go.
var otherThanReports = regexp.MustCompile(`\b(tells|says)\s+(//\s*)?whether\b`)

func TestCommentsReportWhether(t *testing.T) {
	t.Parallel()
	for _, f := range readSources(t) {
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if found := otherThanReports.FindString(c.Text); found != "" {
					t.Errorf("%s: %q, want \"reports whether\"", place(c), found)
				}
			}
		}
	}
}

// documentedByTheirInterface are methods whose contract is that of a well-known interface.
var documentedByTheirInterface = []string{"Error", "Is", "Unwrap"}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range readSources(t) {
		if f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				known := d.Recv != nil && (!ast.IsExported(receiver(d)) || slices.Contains(documentedByTheirInterface, d.Name.Name))
				if d.Name.IsExported() && d.Doc == nil && !known {
					t.Errorf("%s: %s has no doc comment", place(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no doc comment", place(name), name.Name)
				}
			}
		}
	}
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// undocumented returns the exported names of a declaration that have a comment neither
// of their own nor of their group.
func undocumented(d *ast.GenDecl) []*ast.Ident {
	if d.Doc != nil || d.Tok == token.IMPORT {
		return nil
	}
	var names []*ast.Ident
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Comment == nil {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			if s.Doc == nil && s.Comment == nil {
				names = append(names, s.Names...)
			}
		}
	}
	return slices.DeleteFunc(names, func(name *ast.Ident) bool { return !name.IsExported() })
}
