package db

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tlsbrief/internal/fileperm"
)

// besides are the endings of the files that SQLite keeps beside a database.
func besides() []string { return []string{"-wal", "-shm", "-journal"} }

// refuseLinks refuses a database whose files are symbolic links by which somebody
// else decides what is written to: in a folder that others may write to, anybody can
// put one there. The database itself may be a link of root's or the running user's to
// a file of theirs that is there, in folders that nobody else may change.
func refuseLinks(path string) error {
	if isLink(path) {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return fmt.Errorf("opening database %s: it is a symbolic link that leads nowhere; remove it, or make the file that it names: %w", path, err)
		}
		if f := fileperm.Changeable(path); f != nil && !f.Unsure {
			return fmt.Errorf("opening database %s: it is a symbolic link to %s, and %w; or change database.path", path, target, f)
		}
		if err := refuseLinksBeside(target); err != nil {
			return err
		}
	}
	return refuseLinksBeside(path)
}

func refuseLinksBeside(path string) error {
	for _, end := range besides() {
		if isLink(path + end) {
			return fmt.Errorf("opening database %s: %s is a symbolic link, which SQLite never makes; remove it", path, path+end)
		}
	}
	return nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// warnOfOthers logs that others may read or write what is recorded.
func (d *DB) warnOfOthers(ctx context.Context) {
	for _, f := range []*fileperm.Fault{fileperm.Writable(d.path), fileperm.Readable(d.path)} {
		if f != nil {
			d.opt.Log.WarnContext(ctx, f.Error())
		}
	}
}
