package digest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/digest"
	"tlsbrief/templates"
)

// An error in a template of one's own is found before a digest is due, with its
// line, also where it only shows in filling it in.
func TestErrorsInTemplatesAreFoundAtStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, text, want string }{
		{"a good one", "digest.txt", "{{.Heading}}\n{{range .Domains}}{{range .Types}}{{range .Findings}}{{.Title}}{{end}}{{end}}{{end}}", ""},
		{"bad syntax", "digest.txt", "line one\n{{if .Heading}}", "digest.txt:2"},
		{"an unknown function", "digest.html", "<p>\n\n{{shout .Heading}}", "digest.html:3"},
		{"an unknown field", "subject.txt", "{{.Head}}", "subject.txt:1"},
		{"an unknown field where it is seldom reached", "digest.txt", "x\n{{range .Domains}}{{range .Types}}{{range .Findings}}\n{{.Tilte}}{{end}}{{end}}{{end}}", "digest.txt:3"},
		{"a field of another kind", "digest.txt", "{{count .Heading}}", "digest.txt:1"},
		{"HTML that cannot be escaped", "digest.html", "<a href='{{if .Heading}}x'>{{end}}", "digest.html"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := templates.Load(dir)
			if err == nil {
				err = digest.CheckTemplates(set)
			}
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := templates.Load(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestOurOwnTemplatesTakeEveryKindOfData(t *testing.T) {
	t.Parallel()
	set, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if err := digest.CheckTemplates(set); err != nil {
		t.Error(err)
	}
}
