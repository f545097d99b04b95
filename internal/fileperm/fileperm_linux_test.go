package fileperm

import "testing"

// Only a file system that keeps no modes is excused: all others are not, however
// many bits are set.
func TestFileSystemsWithoutModes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind uint32
		want bool
	}{"FAT": {0x4d44, true}, "drives under WSL": {0x01021997, true}, "SMB": {0xfe534d42, true}, "ext4": {0xef53, false}, "tmpfs": {0x01021994, false}, "overlay": {0x794c7630, false}} {
		if got := withoutModes(tt.kind); got != tt.want {
			t.Errorf("withoutModes(%s) = %t, want %t", name, got, tt.want)
		}
	}
}

func TestUserNamespaces(t *testing.T) {
	t.Parallel()
	for uidMap, want := range map[string]bool{
		"         0          0 4294967295\n":                           true,
		"         0       1000          1\n":                           false,
		"      1000       1000          1\n":                           false,
		"         0       1000          1\n 1     100000      65536\n": false,
		"": false,
	} {
		if got := mapsAll(uidMap); got != want {
			t.Errorf("mapsAll(%q) = %t, want %t", uidMap, got, want)
		}
	}
	if unmapped(0) || unmapped(1000) {
		t.Error("an owner with a number of its own is taken for one without")
	}
}
