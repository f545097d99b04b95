package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// page is a digest in small that has no fault; what its tests change is marked
// by comments.
const page = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>page</title>
<style>@media (prefers-color-scheme: dark) { body { background-color: #15181d !important; color: #e6e9ee !important; } }</style></head>
<body style="background-color:#ffffff;color:#1b2430"><h1>heading</h1><!--more--></body></html>`

// One browser serves all, one after the other: it has one page.
func TestInChromium(t *testing.T) {
	t.Parallel()
	b := chromium(t)
	for name, test := range map[string]func(*testing.T, *browser){
		"every kind of fault is found":                            everyKindOfFaultIsFound,
		"a picture has the width asked for, and the whole height": pictureHasTheWidthAskedForAndTheWholeHeight,
		"a picture over its limit is refused":                     pictureOverItsLimitIsRefused,
		"a page that is not there is an error":                    pageThatIsNotThereIsAnError,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

func everyKindOfFaultIsFound(t *testing.T, b *browser) {
	tests := []struct {
		name, old, new string
		width, scheme  string
		want           string // in the only fault; empty: none
	}{
		{name: "a good page has none", width: "320", scheme: "light"},
		{name: "a good page has none in the dark", width: "1200", scheme: "dark"},
		{name: "wider than a phone", new: `<div style="width:400px">wide</div>`, width: "320", scheme: "light", want: "pixels wide in a window of 320"},
		{name: "what fits a mail program is no fault there", new: `<div style="width:400px">wide</div>`, width: "700", scheme: "light"},
		{name: "text over the edge of its cell", new: `<div style="width:40px"><p style="width:20px">aaaaaaaaaaaa</p></div>`, width: "700", scheme: "light", want: "sticks out of its"},
		{name: "a picture from elsewhere", new: `<img alt="" src="https://remote.example/p.png">`, width: "320", scheme: "light", want: "asks for https://remote.example/p.png"},
		{name: "a picture from beside it", new: `<img alt="" src="other.png">`, width: "320", scheme: "light", want: "asks for file://"},
		{name: "weak text", new: `<p style="color:#999999">weak</p>`, width: "320", scheme: "light", want: `"weak" has a contrast of 2.85`},
		{name: "the same text in the dark is strong", new: `<p style="color:#999999">weak</p>`, width: "320", scheme: "dark"},
		{name: "text that is weak in the dark alone", new: `<p style="color:#4a5568">soft</p>`, width: "320", scheme: "dark", want: `"soft" has a contrast of`},
		{name: "large text may be weaker", new: `<p style="color:#888888;font-size:24px">large</p>`, width: "320", scheme: "light"},
		{name: "large text may not be weak", new: `<p style="color:#aaaaaa;font-size:24px">large</p>`, width: "320", scheme: "light", want: `"large" has a contrast of`},
		{name: "the nearest background counts", new: `<div style="background-color:#1b2430"><p style="background-color:transparent">lost</p></div>`, width: "320", scheme: "light", want: `"lost" has a contrast of 1.00`},
		{name: "no language", old: ` lang="en"`, width: "320", scheme: "light", want: "no lang"},
		{name: "two h1", new: `<h1>second</h1>`, width: "320", scheme: "light", want: "not exactly one h1"},
		{name: "a level skipped", new: `<h3>deep</h3>`, width: "320", scheme: "light", want: `"deep" is an H3`},
		{name: "a header cell without scope", new: `<table><tr><th>head</th></tr></table>`, width: "320", scheme: "light", want: "th without scope"},
	}
	for _, test := range tests {
		old := test.old
		if old == "" {
			old = "<!--more-->"
		}
		faults, _ := shootPage(t, b, strings.Replace(page, old, test.new, 1), test.width, test.scheme, cut{})
		switch {
		case test.want == "" && len(faults) > 0:
			t.Errorf("%s: found %q", test.name, faults)
		case test.want != "" && (len(faults) == 0 || !strings.Contains(strings.Join(faults, "\n"), test.want)):
			t.Errorf("%s: found %q, want %q", test.name, faults, test.want)
		}
	}
}

func pictureHasTheWidthAskedForAndTheWholeHeight(t *testing.T, b *browser) {
	tall := strings.Replace(page, "<!--more-->", `<div style="height:3000px">tall</div>`, 1)
	tests := []struct {
		name  string
		cut   cut
		fits  func(height int) bool
		width string
	}{
		{"a phone, whole", cut{}, func(h int) bool { return h > 3000 }, "320"},
		{"a wide window, whole", cut{}, func(h int) bool { return h > 3000 }, "1200"},
		{"cut", cut{height: 500, limit: 100_000}, func(h int) bool { return h == 500 }, "700"},
	}
	for _, test := range tests {
		_, picture := shootPage(t, b, tall, test.width, "light", test.cut)
		size := decode(t, picture).Bounds().Size()
		if fmt.Sprint(size.X) != test.width || !test.fits(size.Y) {
			t.Errorf("%s: %v", test.name, size)
		}
	}
}

func pictureOverItsLimitIsRefused(t *testing.T, b *browser) {
	file := filepath.Join(t.TempDir(), "digest.html")
	write(t, file, []byte(page))
	out := filepath.Join(t.TempDir(), "p.png")
	if _, err := shoot(b, file, "320", "light", cut{limit: 10}, out); err == nil || !strings.Contains(err.Error(), "over 10") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the picture was kept")
	}
}

func pageThatIsNotThereIsAnError(t *testing.T, b *browser) {
	if _, err := shoot(b, filepath.Join(t.TempDir(), "none.html"), "320", "light", cut{}, filepath.Join(t.TempDir(), "p.png")); err == nil {
		t.Error("no error")
	}
}

func TestNoPageIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := run(t.TempDir(), []string{"320"}, []string{"light"}, cut{}, nil); err == nil {
		t.Error("no error")
	}
}

// shootPage returns the faults and the picture of a page.
func shootPage(t *testing.T, b *browser, html, width, scheme string, c cut) ([]string, []byte) {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "digest.html"), filepath.Join(dir, "p.png")
	write(t, file, []byte(html))
	faults, err := shoot(b, file, width, scheme, c, out)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return faults, picture
}

// chromium returns a browser that ends with the test.
func chromium(t *testing.T) *browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("no chromium here: sh internal/screenshots/install-chromium.sh")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	b, err := startBrowser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, picture []byte) image.Image {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
