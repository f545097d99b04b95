package backfill

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
)

// archive gives what the entries of a zip file hold.
func (w *walk) archive(c content, file watched) error {
	z, err := zip.NewReader(file, c.size)
	// Names that would be harmful as paths are none here.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return w.fail(c.path, fmt.Errorf("opening the archive: %w", err))
	}
	if n := len(z.File); n > w.limits.MaxEntries {
		return w.fail(c.path, fmt.Errorf("%w: an archive of %d entries; the bound is %d", ErrTooLarge, n, w.limits.MaxEntries))
	}
	expansion := &bounded{left: w.expansion(c.size)}
	for _, entry := range z.File {
		if entry.FileInfo().IsDir() || isHidden(entry.Name) {
			continue
		}
		if err := w.entry(c, entry, expansion); err != nil {
			return err
		}
		if expansion.left <= 0 {
			return nil // the entry has said so
		}
	}
	return nil
}

// entry reads one entry of an archive.
func (w *walk) entry(c content, entry *zip.File, expansion *bounded) error {
	label := c.path + "!" + printable(entry.Name)
	const encrypted = 1 // general purpose bit 0, APPNOTE.TXT section 4.4.4
	if entry.Flags&encrypted != 0 {
		w.tally.Files++
		return w.fail(label, errors.New("encrypted: unpack the archive first"))
	}
	r, err := entry.Open()
	if err != nil {
		w.tally.Files++
		return w.fail(label, fmt.Errorf("unpacking: %w", err))
	}
	defer func() { _ = r.Close() }() // it was only read
	expansion.r = r
	inner := content{
		path: label, modTime: entry.Modified,
		guess: guess{name: strings.ToLower(path.Base(entry.Name))},
	}
	return w.content(inner, expansion)
}

// isHidden reports whether an entry is one that archivers add: a name with a dot
// first, or macOS's resource forks.
func isHidden(name string) bool {
	return strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(name, "__MACOSX/")
}

// maxName bounds what of a stranger's name gets into a path, in bytes.
const maxName = 255

// printable returns a name from an archive as text.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return name
}

// nestedArchive gives a zip in an archive as a report file if it is one: some
// senders pack their reports so. An archive of mails in an archive is not
// unpacked.
func (w *walk) nestedArchive(c content, r io.Reader) error {
	data, err := readAll(r, w.limits.MaxFile, c.size)
	if err != nil {
		return w.fail(c.path, fmt.Errorf("reading the archive: %w", err))
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return w.fail(c.path, fmt.Errorf("opening the archive: %w", err))
	}
	for _, entry := range z.File {
		name := strings.ToLower(entry.Name)
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".json.gz") {
			return w.give(Item{Path: c.path, Kind: Report, Data: data, ModTime: c.modTime})
		}
	}
	return w.fail(c.path, errors.New("an archive in an archive: unpack the outer one first"))
}
