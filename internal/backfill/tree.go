package backfill

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A file is one that a walk comes upon.
type file struct {
	path  string
	info  fs.FileInfo
	named bool  // on the command line itself
	mail  bool  // in a Maildir, where it can be nothing else
	err   error // why this file or folder cannot be looked at
}

// errNotRegular is for a pipe, a device or a socket.
var errNotRegular = errors.New("not a regular file")

// eachFile gives f the file at path, or those below it if it is a folder, in the
// order of their names. It stops at f's error or the end of ctx.
func eachFile(ctx context.Context, path string, f func(file) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // named has reported it
	}
	if info.IsDir() {
		t := tree{ctx: ctx, give: f, seen: map[string]bool{}}
		return t.folder(path)
	}
	if !info.Mode().IsRegular() {
		return f(file{path: path, err: errNotRegular})
	}
	return f(file{path: path, info: info, named: true})
}

// A tree is a folder being walked.
type tree struct {
	ctx  context.Context
	give func(file) error
	seen map[string]bool // folders, by their real path: links cannot lead in circles
}

// folder walks one folder.
func (t *tree) folder(path string) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return t.give(file{path: path, err: err})
	}
	if absolute, err := filepath.Abs(resolved); err == nil {
		resolved = absolute
	}
	if t.seen[resolved] {
		return nil
	}
	t.seen[resolved] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		return t.give(file{path: path, err: err})
	}
	maildir := isMaildir(path)
	for _, entry := range entries {
		if skip(path, entry.Name(), maildir) {
			continue
		}
		if err := t.entry(filepath.Join(path, entry.Name()), isMessages(path)); err != nil {
			return err
		}
	}
	return nil
}

// entry walks on at one entry of a folder, wherever it links to.
func (t *tree) entry(path string, mail bool) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		// A link to nothing, or moved away since: a Maildir is alive.
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return t.give(file{path: path, err: err})
	case info.IsDir():
		return t.folder(path)
	case !info.Mode().IsRegular():
		return nil
	}
	return t.give(file{path: path, info: info, mail: mail})
}

// skip reports whether an entry of the folder at path is passed over: what is
// hidden, unless it is a Maildir++ folder, and what is still being delivered.
func skip(path, name string, maildir bool) bool {
	if maildir && name == "tmp" {
		return true
	}
	return strings.HasPrefix(name, ".") && !(maildir && isMaildir(filepath.Join(path, name)))
}

// isMaildir reports whether a folder is a Maildir: it has cur and new.
func isMaildir(path string) bool { return isDir(path, "cur") && isDir(path, "new") }

// isMessages reports whether a folder is a Maildir's cur or new.
func isMessages(path string) bool {
	parent, name := filepath.Split(filepath.Clean(path))
	return name == "cur" && isDir(parent, "new") || name == "new" && isDir(parent, "cur")
}

func isDir(path, name string) bool {
	info, err := os.Stat(filepath.Join(path, name))
	return err == nil && info.IsDir()
}
