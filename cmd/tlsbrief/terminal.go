package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tlsbrief/poller"
)

// terminalWidth reports whether w is a terminal, and returns how many columns it has: 80
// if it does not tell.
func terminalWidth(w io.Writer) (width int, is bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80, true
	}
	return width, true
}

// printable makes a string from outside safe to print on a terminal: it replaces what
// does not print, such as escape sequences and changes of writing direction, by U+FFFD.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// truncate returns at most n runes of s, printable.
func truncate(s string, n int) string {
	runes := []rune(printable(s))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}

// plural returns n with the name of the things counted, whose plural takes an s.
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// A printer prints until a write fails, and keeps that error.
type printer struct {
	a   *app
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		p.err = p.a.printf(format, args...)
	}
}

// A bar shows the progress of a backfill or a check on a terminal.
type bar struct {
	w     io.Writer // nil: not a terminal, nothing is shown
	title string
	bar   *progressbar.ProgressBar
}

func newBar(w io.Writer) *bar {
	if _, is := terminalWidth(w); is {
		return &bar{w: w}
	}
	return &bar{}
}

// show draws the progress in the folder or path that is being read.
func (b *bar) show(p poller.Progress) {
	b.count(truncate(p.Mailbox+"/"+p.Folder, 30), p.Done, p.Total)
}

// count draws how many of the things called title are done.
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
	// An error in drawing must not stop the reading of reports.
	_ = b.bar.Set64(done)
}

// end removes the bar from the screen.
func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}
