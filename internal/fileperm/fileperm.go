// Package fileperm judges who else may change or read a file that the program
// relies on: its configuration, secrets, keys, tokens and database.
//
// # Trust
//
// Root and the running user are trusted, with the groups 0 and the running user's
// primary one. Everybody else is not. A file is as safe as its folder: who may write
// there can put another file in its place, unless the sticky bit prevents it. Folders
// further up are not checked.
//
// # Tolerance
//
// If the file system keeps no owners or modes a [Fault] is Unsure, and the caller
// warns and does not refuse.
package fileperm

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Fault is the reason not to rely on a file, and the remedy.
type Fault struct {
	Problem string // such as "all users may write to /etc/tlsbrief/config.toml"
	Fix     string // a command of the shell, or what to do
	Unsure  bool   // the file system does not record who may write
	Owner   bool   // the owner of the file alone is at fault
}

// Error returns the problem and the fix on one line, unless a path has line breaks.
func (f *Fault) Error() string { return f.Problem + "; " + f.Fix }

// maxLinks is how many symbolic links of one path are followed, as Linux does.
const maxLinks = 40

// Changeable returns a fault if others than root and the running user may change what
// is read under path: by writing to the file, by replacing it in its folder, or by a
// symbolic link of theirs. It returns nil if they may not, and if there is no such
// file and nobody else may make one.
func Changeable(path string) *Fault {
	for range maxLinks {
		if f := changeableFolder(filepath.Dir(path)); f != nil {
			return f
		}
		info, err := os.Lstat(path)
		if err != nil {
			return nil // reading it says why
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return changeable(path, "", info, false)
		}
		if f := foreign(path, "the link ", info, "-h "); f != nil {
			return f
		}
		target, err := os.Readlink(path)
		if err != nil {
			return nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return nil
}

func changeableFolder(dir string) *Fault {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	return changeable(dir, "the folder ", info, info.Mode()&fs.ModeSticky != 0)
}

// changeable judges a file or folder by its owner and mode. sticky excuses the mode.
func changeable(path, kind string, info fs.FileInfo, sticky bool) *Fault {
	if f := unsure(path, info); f != nil {
		return f
	}
	f := foreign(path, kind, info, "")
	problem, fix := writable(path, kind, info)
	switch {
	case problem == "" || sticky:
		return f
	case f == nil:
		return &Fault{Problem: problem, Fix: fix}
	}
	return &Fault{Problem: f.Problem + ", and " + problem, Fix: f.Fix + " && " + fix}
}

// Readable returns a fault if every user of the machine may read the file, or nil. It
// does not look at the folders above.
func Readable(path string) *Fault {
	info, err := os.Stat(path)
	if err != nil || !keepsModes(path, info) || info.Mode().Perm()&0o004 == 0 {
		return nil
	}
	return &Fault{Problem: "every user of this machine may read " + path, Fix: "chmod 600 " + quote(path)}
}

// quote writes a path as one word of a shell.
func quote(path string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+=:@%,", r)
	}
	if path != "" && path[0] != '-' && strings.IndexFunc(path, func(r rune) bool { return !safe(r) }) < 0 {
		return path
	}
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// Writable returns a fault if others may write to a file, or to its folder, by their
// modes; or nil. It does not look at the owners.
func Writable(path string) *Fault {
	for _, at := range []struct{ path, kind string }{{path, ""}, {filepath.Dir(path), "the folder "}} {
		info, err := os.Stat(at.path)
		if err != nil || !keepsModes(at.path, info) || info.IsDir() && info.Mode()&fs.ModeSticky != 0 {
			continue
		}
		if problem, fix := writable(at.path, at.kind, info); problem != "" {
			return &Fault{Problem: problem, Fix: fix}
		}
	}
	return nil
}
