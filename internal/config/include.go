package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// An included is a file that another includes, not judged yet. It holds nothing but
// what there may be several of.
type included struct {
	checker *checker // notes its faults under its name
	config  *Config
}

// maxIncluded bounds how many files are included.
const maxIncluded = 10_000

// include reads the files that a pattern matches, in the order of their names.
// Relative paths in them count from the folder that they lie in.
func (c *checker) include(k key) []included {
	if k.text == "" || k.bad {
		return nil
	}
	files, err := filepath.Glob(c.path(k))
	switch {
	case err != nil:
		c.fault(k, "%s is not a pattern; write it as in mailboxes.d/*.toml", quote(k.text))
	case len(files) == 0:
		c.fault(k, "%s matches no file; take it out, or put the files there", quote(k.text))
	case len(files) > maxIncluded:
		c.fault(k, "%s matches more than %d files", quote(k.text), maxIncluded)
	default:
		var out []included
		for _, path := range files {
			out = append(out, c.includeFile(k, path))
		}
		return out
	}
	return nil
}

func (c *checker) includeFile(k key, path string) included {
	name := path
	if rel, err := filepath.Rel(c.dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		name = rel
	}
	inc := included{newChecker(filepath.Dir(path), clean(name), c.guard), new(Config)}
	if problem := c.guard.problem(path); problem != "" {
		c.fault(k, "including %s: %s", quote(name), problem)
		return inc
	}
	data, err := readPlain(path)
	if err != nil {
		c.fault(k, "including %s: %v", quote(name), err)
		return inc
	}
	doc, syntax := readDocument(bytes.TrimPrefix(data, []byte("\ufeff")))
	if syntax != nil {
		syntax.File = inc.checker.file
		inc.checker.faults = append(inc.checker.faults, *syntax)
		return inc
	}
	inc.checker.decode(doc, key{set: true}, reflect.ValueOf(inc.config).Elem())
	return inc
}

// readPlain reads a regular file: opening a pipe could wait for ever.
func readPlain(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a plain file")
	}
	return readFile(path)
}
