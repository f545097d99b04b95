//go:build unix

package fileperm

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// NoFollow is the flag of os.OpenFile that refuses a symbolic link.
const NoFollow = syscall.O_NOFOLLOW

// owner returns who a file belongs to.
func owner(info fs.FileInfo) (uid, gid int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}

// foreign returns that neither root nor the running user owns a file. flag is for
// chown.
func foreign(path, kind string, info fs.FileInfo, flag string) *Fault {
	uid, _, known := owner(info)
	if !known || uid == 0 || uid == os.Geteuid() {
		return nil
	}
	return &Fault{
		Problem: fmt.Sprintf("%s%s belongs to %s, not to root or %s, who runs tlsbrief", kind, path, userName(uid), userName(os.Geteuid())),
		Fix:     "chown " + flag + "root " + quote(path), Owner: kind == "",
	}
}

// writable returns who may write to a file by its mode, beside its owner, and the
// command that takes it from them; empty where nobody else may.
func writable(path, kind string, info fs.FileInfo) (problem, fix string) {
	perm := info.Mode().Perm()
	_, gid, known := owner(info)
	switch {
	case perm&0o002 != 0:
		return fmt.Sprintf("every user of this machine may write to %s%s", kind, path), "chmod go-w " + quote(path)
	case perm&0o020 != 0 && known && gid != 0 && gid != os.Getegid():
		return fmt.Sprintf("the group %s may write to %s%s", groupName(gid), kind, path), "chmod g-w " + quote(path)
	}
	return "", ""
}

// unsure returns a fault if the file system records neither owner nor mode, or nil.
func unsure(path string, info fs.FileInfo) *Fault {
	uid, _, known := owner(info)
	if keepsModes(path, info) && (!known || !unmapped(uid)) {
		return nil
	}
	return &Fault{
		Problem: "the file system does not tell who may write to " + path,
		Fix:     "see that nobody else can, or move it to one that keeps owners and modes", Unsure: true,
	}
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return fmt.Sprintf("%s (gid %d)", g.Name, gid)
	}
	return fmt.Sprintf("gid %d", gid)
}
