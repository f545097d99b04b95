package backfill

import (
	"context"
	"io"
)

// A progress counts bytes for WalkOptions.Progress.
type progress struct {
	report      func(done, total int64)
	total       int64
	before      int64 // bytes of the files that are done with
	size, inner int64 // of the file at hand: its size, and what was read of it
}

// size adds up the files under the paths. What it cannot see is not counted.
func size(ctx context.Context, paths []string) int64 {
	var total int64
	for _, path := range paths {
		// Only ctx's end is an error here, and Walk meets it again.
		_ = eachFile(ctx, path, func(f file) error {
			if f.err == nil {
				total += f.info.Size()
			}
			return nil
		})
	}
	return total
}

// begin starts with a file.
func (p *progress) begin(size int64) {
	if p != nil {
		p.size, p.inner = size, 0
	}
}

// read notes n more bytes of the file. A file that grew meanwhile counts as
// large as it was.
func (p *progress) read(n int) {
	if p != nil && n > 0 {
		p.inner = min(p.inner+int64(n), p.size)
		p.say()
	}
}

// end is done with the file, however much of it was read.
func (p *progress) end() {
	if p != nil {
		p.before += p.size
		p.size, p.inner = 0, 0
		p.say()
	}
}

// say reports; files that appeared meanwhile count no further than the total.
func (p *progress) say() { p.report(min(p.before+p.inner, p.total), p.total) }

// A watched reader is a file being read: it counts, and ends with ctx.
type watched struct {
	w *walk
	r interface {
		io.Reader
		io.ReaderAt
	}
}

// Read reads on.
func (r watched) Read(b []byte) (int, error) {
	if err := r.w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(b)
	r.w.progress.read(n)
	return n, err
}

// ReadAt reads elsewhere.
func (r watched) ReadAt(b []byte, off int64) (int, error) {
	if err := r.w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.ReadAt(b, off)
	r.w.progress.read(n)
	return n, err
}
