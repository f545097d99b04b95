//go:build unix && !linux

package fileperm

import "io/fs"

func keepsModes(string, fs.FileInfo) bool { return true }

func unmapped(int) bool { return false }
