//go:build unix

package fileperm

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// somebody is a user and group that is neither root's nor the test's.
const somebody = 54321

// A place is a folder with a file in it, as a test wants them.
type place struct {
	folder, file           fs.FileMode
	folderUID, uid         int // 0: whoever runs the test
	folderGID, gid         int
	link                   bool // what is judged is a link beside the file
	linkUID                int
	targetFolder           fs.FileMode // of a link to another folder; 0: the same
	wantProblem, wantFixes string      // FILE, FOLDER and LINK stand for paths; empty: none
}

func (p place) make(t *testing.T) (path string, names *strings.Replacer) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "folder")
	file := filepath.Join(folder, "file")
	must(t, os.Mkdir(folder, 0o700))
	path = file
	if p.link {
		path = filepath.Join(folder, "link")
		if p.targetFolder != 0 {
			target := filepath.Join(filepath.Dir(folder), "target")
			must(t, os.Mkdir(target, 0o700))
			must(t, os.Chmod(target, p.targetFolder))
			file = filepath.Join(target, "file")
		}
		must(t, os.Symlink(file, path))
		own(t, path, p.linkUID, 0)
	}
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	own(t, file, p.uid, p.gid)
	own(t, folder, p.folderUID, p.folderGID)
	must(t, os.Chmod(file, p.file))
	must(t, os.Chmod(folder, p.folder))
	return path, strings.NewReplacer(filepath.Dir(file), "FOLDER", folder, "FOLDER", "/file", "/FILE", "/link", "/LINK")
}

func own(t *testing.T, path string, uid, gid int) {
	t.Helper()
	if uid == 0 && gid == 0 {
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	must(t, os.Lchown(path, uid, gid))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// M-I1: who may change a file, by its owner, its mode, its folder and a link to it.
func TestChangeable(t *testing.T) {
	t.Parallel()
	tests := map[string]place{
		"one's own":                                 {folder: 0o755, file: 0o644},
		"secret":                                    {folder: 0o700, file: 0o600},
		"its group may write, which is ours":        {folder: 0o775, file: 0o664},
		"a folder as /tmp is":                       {folder: 0o777 | fs.ModeSticky, file: 0o644},
		"a link of one's own":                       {folder: 0o755, file: 0o644, link: true},
		"somebody else may read by the group":       {folder: 0o750, file: 0o640, gid: somebody, folderGID: somebody},
		"a folder that a group may write to sticky": {folder: 0o775 | fs.ModeSticky, file: 0o644, folderGID: somebody},
		"all may write": {folder: 0o755, file: 0o666,
			wantProblem: "every user of this machine may write to FOLDER/FILE", wantFixes: "chmod go-w FOLDER/FILE"},
		"all bits set, on a file system that keeps modes": {folder: 0o755, file: 0o777,
			wantProblem: "every user of this machine may write to FOLDER/FILE", wantFixes: "chmod go-w FOLDER/FILE"},
		"all may write to the folder": {folder: 0o777, file: 0o600,
			wantProblem: "every user of this machine may write to the folder FOLDER", wantFixes: "chmod go-w FOLDER"},
		"somebody else's": {folder: 0o755, file: 0o600, uid: somebody,
			wantProblem: "FOLDER/FILE belongs to uid 54321, not to root or ME, who runs tlsbrief", wantFixes: "chown root FOLDER/FILE"},
		"somebody else's that all may write to": {folder: 0o755, file: 0o666, uid: somebody,
			wantProblem: "FOLDER/FILE belongs to uid 54321, not to root or ME, who runs tlsbrief, and every user of this machine may write to FOLDER/FILE",
			wantFixes:   "chown root FOLDER/FILE && chmod go-w FOLDER/FILE"},
		"another group may write": {folder: 0o755, file: 0o664, gid: somebody,
			wantProblem: "the group gid 54321 may write to FOLDER/FILE", wantFixes: "chmod g-w FOLDER/FILE"},
		"another group may write to the folder": {folder: 0o775, file: 0o644, folderGID: somebody,
			wantProblem: "the group gid 54321 may write to the folder FOLDER", wantFixes: "chmod g-w FOLDER"},
		"the folder is somebody else's": {folder: 0o755, file: 0o644, folderUID: somebody,
			wantProblem: "the folder FOLDER belongs to uid 54321, not to root or ME, who runs tlsbrief", wantFixes: "chown root FOLDER"},
		"the folder is somebody else's, and sticky": {folder: 0o777 | fs.ModeSticky, file: 0o644, folderUID: somebody,
			wantProblem: "the folder FOLDER belongs to uid 54321, not to root or ME, who runs tlsbrief", wantFixes: "chown root FOLDER"},
		"somebody else's link": {folder: 0o755, file: 0o644, link: true, linkUID: somebody,
			wantProblem: "the link FOLDER/LINK belongs to uid 54321, not to root or ME, who runs tlsbrief", wantFixes: "chown -h root FOLDER/LINK"},
		"a link to what all may write": {folder: 0o755, file: 0o666, link: true,
			wantProblem: "every user of this machine may write to FOLDER/FILE", wantFixes: "chmod go-w FOLDER/FILE"},
		"a link into a folder that all may write to": {folder: 0o755, file: 0o644, link: true, targetFolder: 0o777,
			wantProblem: "every user of this machine may write to the folder FOLDER", wantFixes: "chmod go-w FOLDER"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, names := tt.make(t)
			f := Changeable(path)
			if f == nil {
				f = &Fault{}
			}
			problem := strings.ReplaceAll(names.Replace(f.Problem), userName(os.Geteuid()), "ME")
			if fix := names.Replace(f.Fix); problem != tt.wantProblem || fix != tt.wantFixes || f.Unsure {
				t.Errorf("Changeable = %q, %q, unsure %t\nwant %q, %q", problem, fix, f.Unsure, tt.wantProblem, tt.wantFixes)
			}
		})
	}
}

// The command that mends it is one: it is run, and the file is judged again.
func TestFixMends(t *testing.T) {
	t.Parallel()
	path, _ := place{folder: 0o777, file: 0o666}.make(t)
	for range 2 {
		f := Changeable(path)
		if f == nil {
			t.Fatal("nothing to mend")
		}
		must(t, os.Chmod(strings.TrimPrefix(f.Fix, "chmod go-w "), 0o700))
	}
	if f := Changeable(path); f != nil {
		t.Errorf("after the fixes: %v", f)
	}
}

func TestAMissingFileIsAsSafeAsItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	if f := Changeable(filepath.Join(dir, "none")); f != nil {
		t.Errorf("in a folder of one's own: %v", f)
	}
	if f := Changeable(filepath.Join(dir, "no", "such", "folder")); f != nil {
		t.Errorf("without a folder: %v", f)
	}
	must(t, os.Chmod(dir, 0o777))
	if f := Changeable(filepath.Join(dir, "none")); f == nil {
		t.Error("in a folder that all may write to: nothing is said")
	}
}

// M-I2
func TestReadable(t *testing.T) {
	t.Parallel()
	for mode, want := range map[fs.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true, 0o666: true} {
		path, _ := place{folder: 0o700, file: mode}.make(t)
		f := Readable(path)
		if (f != nil) != want || f != nil && f.Fix != "chmod 600 "+path {
			t.Errorf("Readable of mode %o = %v, want %t", mode, f, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/etc/tlsbrief/config.toml": "/etc/tlsbrief/config.toml",
		"my config":                 "'my config'",
		"it's":                      `'it'\''s'`,
		"-rf":                       "'./-rf'",
		"$(reboot)":                 "'$(reboot)'",
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}
