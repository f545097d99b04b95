//go:build unix

package db_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsbrief/db"
)

// give makes a file, or a link itself, somebody else's.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	check(t, os.Lchown(path, 54321, 54321))
}

// M-I3: a link that somebody else may have laid is refused, with the path, and what it
// leads to stays as it was.
func TestLinksOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	empty := func(t *testing.T, path string) {
		t.Helper()
		check(t, os.WriteFile(path, nil, 0o600))
	}
	for name, tt := range map[string]struct {
		lay  func(t *testing.T, dir string)
		want string // DIR stands for the folder
	}{
		"to a file of somebody else": {func(t *testing.T, dir string) {
			empty(t, dir+"/target")
			give(t, dir+"/target")
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db"))
		}, "DIR/tlsrpt.db: it is a symbolic link to DIR/target, and DIR/target belongs to uid 54321"},
		"of somebody else": {func(t *testing.T, dir string) {
			empty(t, dir+"/target")
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db"))
			give(t, dir+"/tlsrpt.db")
		}, "the link DIR/tlsrpt.db belongs to uid 54321"},
		"in a folder that all may write to": {func(t *testing.T, dir string) {
			empty(t, dir+"/target")
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db"))
			check(t, os.Chmod(dir, 0o777))
		}, "every user of this machine may write to the folder DIR; chmod go-w DIR"},
		"to nothing": {func(t *testing.T, dir string) {
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db"))
		}, "DIR/tlsrpt.db: it is a symbolic link that leads nowhere; remove it"},
		"in a ring": {func(t *testing.T, dir string) {
			check(t, os.Symlink(dir+"/tlsrpt.db", dir+"/tlsrpt.db"))
		}, "leads nowhere"},
		"to nothing, as -wal": {func(t *testing.T, dir string) { check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db-wal")) }, "DIR/tlsrpt.db-wal is a symbolic link"},
		"to something, as -shm": {func(t *testing.T, dir string) {
			empty(t, dir+"/target")
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db-shm"))
		}, "DIR/tlsrpt.db-shm is a symbolic link"},
		"as -journal": {func(t *testing.T, dir string) { check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db-journal")) }, "DIR/tlsrpt.db-journal is a symbolic link"},
		"as -wal of where a link of one's own leads": {func(t *testing.T, dir string) {
			empty(t, dir+"/target")
			check(t, os.Symlink(dir+"/target", dir+"/tlsrpt.db"))
			check(t, os.Symlink("/nowhere", dir+"/target-wal"))
		}, "DIR/target-wal is a symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tt.lay(t, dir)
			err := tryOpen(t, filepath.Join(dir, "tlsrpt.db"))
			if want := strings.ReplaceAll(tt.want, "DIR", dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open = %v, want an error with %q", err, want)
			}
			if info, err := os.Stat(dir + "/target"); err == nil && info.Size() > 0 {
				t.Errorf("the target was filled: %d bytes", info.Size())
			}
		})
	}
}

// M-I3: one's own link to one's own file is a way to keep the database elsewhere.
func TestOnesOwnLinkIsFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o755))
	check(t, os.WriteFile(dir+"/target", nil, 0o600))
	check(t, os.Symlink("target", dir+"/tlsrpt.db"))
	check(t, tryOpen(t, dir+"/tlsrpt.db"))
	if info, err := os.Stat(dir + "/target"); err != nil || info.Size() == 0 {
		t.Errorf("the database was not made where the link leads: %v", err)
	}
}

// M-I2: a database that others may read or write is warned of, with what mends it.
func TestOthersAtTheDatabaseAreWarnedOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, folder fs.FileMode
		want         []string
	}{
		"nobody else":              {0o600, 0o755, nil},
		"all may read":             {0o644, 0o755, []string{"may read DIR/tlsrpt.db; chmod 600 DIR/tlsrpt.db"}},
		"all may write":            {0o602, 0o755, []string{"may write to DIR/tlsrpt.db; chmod go-w DIR/tlsrpt.db"}},
		"all may write the folder": {0o600, 0o777, []string{"may write to the folder DIR; chmod go-w DIR"}},
		"both":                     {0o606, 0o755, []string{"may write to DIR/tlsrpt.db", "may read DIR/tlsrpt.db"}},
		"a folder as /tmp":         {0o600, 0o777 | fs.ModeSticky, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "tlsrpt.db")
			check(t, tryOpen(t, path))
			check(t, os.Chmod(path, tt.file))
			check(t, os.Chmod(dir, tt.folder))
			var log bytes.Buffer
			d, err := db.Open(t.Context(), path, db.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			check(t, err)
			check(t, d.Close())
			if got := strings.Count(log.String(), "level=WARN"); got != len(tt.want) {
				t.Errorf("%d warnings, want %d:\n%s", got, len(tt.want), log.String())
			}
			for _, want := range tt.want {
				if want = strings.ReplaceAll(want, "DIR", dir); !strings.Contains(log.String(), want) {
					t.Errorf("the log lacks %q:\n%s", want, log.String())
				}
			}
		})
	}
}
