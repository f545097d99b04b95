package config

import (
	"path/filepath"
	"strings"

	"tlsbrief/internal/fileperm"
)

// A guard judges who else may change or read the files that a configuration is made
// of or names. It keeps what is no fault, a sentence each. A nil guard judges
// nothing: the text of a configuration is right or wrong without its files.
type guard struct {
	warnings []string
	warned   map[string]bool
	unsure   bool // a file lies where it cannot be told who may write to it
}

// runSecrets is where containers get their secrets: root alone can put one there, and
// they are their only user.
const runSecrets = "/run/secrets/"

func inRunSecrets(path string) bool { return strings.HasPrefix(filepath.Clean(path), runSecrets) }

// problem says in one line why a file is not to be used, and what mends it; empty
// where it may be used. Where that cannot be told, one warning stands for all files.
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

// secretFile is path for a file that others must not be able to change and had better
// not be able to read.
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
