//go:build !unix

package fileperm

import "io/fs"

// NoFollow is the flag of os.OpenFile that refuses a symbolic link; there is none
// here.
const NoFollow = 0

func foreign(string, string, fs.FileInfo, string) *Fault { return nil }

func writable(string, string, fs.FileInfo) (problem, fix string) { return "", "" }

func unsure(path string, _ fs.FileInfo) *Fault {
	return &Fault{
		Problem: "this system does not tell by a mode who may write to " + path,
		Fix:     "see that nobody else can", Unsure: true,
	}
}

func keepsModes(string, fs.FileInfo) bool { return false }
