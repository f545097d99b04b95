package fileperm

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// keepsModes reports whether the file system keeps modes. Those that do not show
// every file with all bits set, and only then it is asked which one it is (the
// numbers are those of statfs(2)): a careless chmod 777 looks the same.
func keepsModes(path string, info fs.FileInfo) bool {
	if info.Mode().Perm() != 0o777 || info.Mode()&(fs.ModeSymlink|fs.ModeSticky) != 0 {
		return true
	}
	var st syscall.Statfs_t
	if syscall.Statfs(path, &st) != nil {
		return true
	}
	return !withoutModes(uint32(st.Type))
}

func withoutModes(kind uint32) bool {
	switch kind {
	case 0x4d44, 0x2011bab0, // FAT, exFAT
		0x5346544e, 0x7366746e, // NTFS
		0x517b, 0xff534d42, 0xfe534d42, // SMB
		0x01021997, // 9P: the drives of Windows under WSL
		0x786f4256, // shared folders of VirtualBox
		0xbacbacbc, // of VMware
		0x65735546: // FUSE: NTFS, shared folders of Docker Desktop
		return true
	}
	return false
}

// overflowUID stands for every owner whose number the user namespace of this
// process does not have (user_namespaces(7)).
const overflowUID = 65534

// unmapped reports whether an owner is one that this process's user namespace hides.
func unmapped(uid int) bool {
	if uid != overflowUID {
		return false
	}
	data, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !mapsAll(string(data))
}

// mapsAll reports whether a uid_map is that of the system itself, which hides nobody.
func mapsAll(uidMap string) bool {
	fields := strings.Fields(uidMap)
	if len(fields) != 3 || fields[0] != "0" || fields[1] != "0" {
		return false
	}
	n, err := strconv.ParseUint(fields[2], 10, 64)
	return err == nil && n >= 1<<32-1
}
