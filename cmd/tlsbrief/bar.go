package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"tlsbrief/poller"
)

// A bar shows how far a backfill or a check is, on a terminal alone.
type bar struct {
	w     io.Writer // nil: show nothing
	title string
	bar   *progressbar.ProgressBar
}

func newBar(w io.Writer) *bar {
	if _, is := terminalWidth(w); is {
		return &bar{w: w}
	}
	return &bar{}
}

// show draws the state of the folder or path that is being read.
func (b *bar) show(p poller.Progress) {
	b.count(short(p.Mailbox+"/"+p.Folder, 30), p.Done, p.Total)
}

// count draws how much of something is done.
func (b *bar) count(title string, done, total int64) {
	if b.w == nil {
		return
	}
	if title != b.title || b.bar == nil {
		b.end()
		b.title = title
		b.bar = progressbar.NewOptions64(max(total, 1),
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(title),
			progressbar.OptionSetWidth(20), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	// A bar that cannot be drawn is no reason to stop reading reports.
	_ = b.bar.Set64(done)
}

// end takes the bar off the screen.
func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}
