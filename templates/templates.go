// Package templates holds what the reader of a digest sees: the subject, the
// text and the HTML, as Go templates embedded in the program, and the functions
// they may use.
//
// # Trust
//
// Most strings of a digest come from strangers. html/template escapes them;
// text/template does not, so a newline in an organization's name could forge a
// row or a header field. Whoever fills a template in passes strings through
// [Line] first, and the templates do so again.
//
// # Overriding
//
// A folder may hold files of the same names, each of which takes the place of
// the embedded one. Every template is parsed when it is loaded, and a name that
// the data does not have is an error, never an empty place.
package templates

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	texttemplate "text/template"
)

// The names of the templates.
const (
	Subject = "subject.txt"
	Text    = "digest.txt"
	HTML    = "digest.html"
)

//go:embed subject.txt digest.txt digest.html
var embedded embed.FS

// ErrUnknown is wrapped where a template is asked for that is not in the Set.
var ErrUnknown = errors.New("no such template")

// A Set is the parsed templates. It is safe for concurrent use.
type Set struct {
	byName map[string]executor
}

// An executor is what text/template and html/template have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// Load parses the embedded templates, or for each the file of the same name in
// dir where dir is not empty and has one. An error names the file and the line.
func Load(dir string) (*Set, error) {
	if dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("the folder of templates: %w", err)
		}
	}
	set := &Set{byName: map[string]executor{}}
	var faults []error
	for _, name := range []string{Subject, Text, HTML} {
		source, path, err := read(dir, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		t, err := parse(name, source)
		if err != nil {
			faults = append(faults, fmt.Errorf("template %s: %w", path, err))
			continue
		}
		set.byName[name] = t
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return set, nil
}

// read returns the source of a template and where it came from.
func read(dir, name string) (source, path string, err error) {
	if dir != "" {
		path = filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err == nil {
			return string(b), path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", path, fmt.Errorf("reading a template: %w", err)
		}
	}
	b, err := embedded.ReadFile(name)
	if err != nil {
		return "", name, fmt.Errorf("reading the embedded template: %w", err)
	}
	return string(b), name, nil
}

// parse reads one template; a name ending in .html gets HTML's escaping.
func parse(name, source string) (executor, error) {
	if strings.HasSuffix(name, ".html") {
		return htmltemplate.New(name).Option("missingkey=error").Funcs(functions()).Parse(source)
	}
	return texttemplate.New(name).Option("missingkey=error").Funcs(functions()).Parse(source)
}

// Render fills in the template of this name.
func (s *Set) Render(name string, data any) (string, error) {
	t, ok := s.byName[name]
	if !ok {
		return "", fmt.Errorf("rendering %q: %w", name, ErrUnknown)
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("rendering %s: %w", name, err)
	}
	if strings.HasSuffix(name, ".html") {
		return b.String(), nil
	}
	return tidy(b.String()), nil
}

// tidy takes away blanks at line ends and all but one of several empty lines, so
// that a template need not count them. The line before a signature, "-- ", keeps
// its blank (RFC 3676, section 4.3).
func tidy(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if line == "--" {
			line = "-- "
		}
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}
