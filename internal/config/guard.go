package config

import (
	"path/filepath"
	"strings"

	"tlsbrief/internal/fileperm"
)

// A guard judges who else may change or read the files of a configuration and those
// that it names. It collects warnings, a sentence each. A nil guard judges nothing:
// the text of a configuration is right or wrong without its files.
type guard struct {
	warnings []string
	warned   map[string]bool
	unsure   bool // the warning about file systems without modes is given
}

// runSecrets is the folder of a container's secrets: root alone can write to it, and
// the container is the only reader.
const runSecrets = "/run/secrets/"

func inRunSecrets(path string) bool { return strings.HasPrefix(filepath.Clean(path), runSecrets) }

// problem returns in one line why a file must not be used, and the remedy; "" if it
// may be used. If the file system does not record that, one warning stands for all.
func (g *guard) problem(path string) string {
	if g == nil || path == "" {
		return ""
	}
	f := fileperm.Changeable(path)
	switch {
	case f == nil || f.Owner && inRunSecrets(path):
		return ""
	case !f.Unsure:
		return f.Error()
	case !g.unsure:
		g.unsure = true
		g.warn(f.Error())
	}
	return ""
}

func (g *guard) warn(what string) {
	if g.warned[what] {
		return
	}
	if g.warned == nil {
		g.warned = map[string]bool{}
	}
	g.warned[what] = true
	g.warnings = append(g.warnings, clean(what))
}

// guarded is path for a file that others must not be able to change.
func (c *checker) guarded(k key) string {
	path := c.path(k)
	if problem := c.guard.problem(path); problem != "" {
		c.fault(k, "%s", problem)
	}
	return path
}

// secretFile is path for a file that others must not be able to change. If all users
// can read it, it warns.
func (c *checker) secretFile(k key) string {
	path := c.guarded(k)
	if c.guard == nil || path == "" || inRunSecrets(path) {
		return path
	}
	if f := fileperm.Readable(path); f != nil {
		c.guard.warn(last(k.path) + ": " + f.Error())
	}
	return path
}
