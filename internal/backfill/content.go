package backfill

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A content is what is to be read: a file, or an entry of an archive.
type content struct {
	path    string
	modTime time.Time
	guess   guess
	size    int64 // as it lies, 0 if unknown
}

// file reads one file.
func (w *walk) file(f file) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.progress.begin(f.info.Size())
	defer w.progress.end()
	opened, err := os.Open(f.path)
	if err != nil {
		w.tally.Files++
		return w.fail(f.path, err)
	}
	defer func() { _ = opened.Close() }() // it was only read
	c := content{path: f.path, modTime: f.info.ModTime(), guess: newGuess(f.path, f), size: f.info.Size()}
	return w.content(c, watched{w, opened})
}

// content reads what c is.
func (w *walk) content(c content, r io.Reader) error {
	buffered := bufio.NewReaderSize(r, headSize)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		w.tally.Files++
		return w.fail(c.path, err)
	}
	found := detect(head, c.guess)
	if found == formOther && !c.guess.named || found == formOutlook && !c.guess.named && !c.guess.says(".msg") {
		w.tally.Ignored++
		return nil
	}
	w.tally.Files++
	switch found {
	case formMail:
		return w.whole(c, Mail, w.limits.MaxMessage, buffered)
	case formReport:
		return w.whole(c, Report, w.limits.MaxFile, buffered)
	case formMbox:
		return w.mbox(c, buffered)
	case formGzip:
		return w.gzip(c, buffered)
	case formZip:
		if file, ok := r.(watched); ok {
			return w.archive(c, file)
		}
		return w.nestedArchive(c, buffered)
	case formOutlook:
		return w.fail(c.path, errors.New("a message in Outlook's own format: save it as .eml"))
	}
	if len(head) == 0 {
		return w.fail(c.path, errors.New("empty"))
	}
	return w.fail(c.path, errNothing)
}

// whole gives what c is as one item.
func (w *walk) whole(c content, kind Kind, most int64, r io.Reader) error {
	if kind == Mail {
		c.size = min(c.size, most)
	}
	data, err := readAll(r, most, c.size)
	item := Item{Path: c.path, Kind: kind, ModTime: c.modTime}
	if err != nil {
		if kind == Mail && data != nil {
			item.Data = data
		}
		return w.failWith(item, fmt.Errorf("reading the %s: %w", kind, err))
	}
	item.Data = data
	return w.give(item)
}

// readAll reads all there is, at most most bytes; size is a guess at how much
// that will be. Of more it returns the beginning, with an error.
func readAll(r io.Reader, most, size int64) ([]byte, error) {
	if size > most {
		return nil, tooLarge(most)
	}
	limited := io.LimitReader(r, most+1)
	data := make([]byte, 0, min(max(size, 512), most)+1)
	for {
		n, err := limited.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > most:
			return data[:most], tooLarge(most)
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

func tooLarge(most int64) error {
	return fmt.Errorf("%w: over the bound of %d bytes", ErrTooLarge, most)
}

// expansion returns how many bytes a file of the size may expand to.
func (w *walk) expansion(size int64) int64 {
	const most, ratio = 1 << 30, 100
	if w.limits.MaxExpansion > 0 {
		return w.limits.MaxExpansion
	}
	return max(most, ratio*size)
}

// gzip reads a packed mail or mbox.
func (w *walk) gzip(c content, r io.Reader) error {
	w.tally.Files-- // it will be counted as what it holds
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		w.tally.Files++
		return w.fail(c.path, fmt.Errorf("unpacking: %w", err))
	}
	c.guess.name = strings.TrimSuffix(c.guess.name, ".gz")
	most := w.expansion(c.size)
	c.size = 0
	return w.content(c, &bounded{r: unpacked, left: most})
}

// A bounded reader fails, rather than ends, at its bound, which archives share
// among their entries.
type bounded struct {
	r    io.Reader
	left int64
}

// Read reads within the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: it expands to more than mails do", ErrTooLarge)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
