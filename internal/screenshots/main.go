// Command screenshots shows golden digests to people and judges what a program
// can see of them: it renders each in headless Chromium at the widths of a phone,
// a mail program and a wide window, light and dark, writes the pictures, and
// fails where a page is wider than its window, asks for anything from elsewhere,
// has text that hardly stands out, or headings that a screen reader trips over.
//
//	go run ./internal/screenshots -out screenshots digest/testdata/*/digest.html
package main

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "embed"
)

//go:embed check.js
var checkPage string

// perPage bounds how long one picture may take.
const perPage = 30 * time.Second

func main() {
	out := flag.String("out", "screenshots", "the `folder` that gets the pictures")
	widths := flag.String("widths", "320,700,1200", "the `widths` in CSS pixels")
	schemes := flag.String("schemes", "light,dark", "the colour `schemes`")
	height := flag.Int("height", 0, "cut the pictures at this `height`; 0: whole pages")
	flag.Parse()
	faults, err := run(*out, strings.Split(*widths, ","), strings.Split(*schemes, ","), *height, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
	if faults > 0 {
		fmt.Fprintf(os.Stderr, "screenshots: %d faults\n", faults)
		os.Exit(1)
	}
}

// run makes the pictures of all pages and returns how many faults it saw.
func run(out string, widths, schemes []string, height int, pages []string) (faults int, err error) {
	if len(pages) == 0 {
		return 0, fmt.Errorf("name the pages, as in digest/testdata/*/digest.html")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(len(pages)*len(widths)*len(schemes)+1)*perPage)
	defer cancel()
	b, err := startBrowser(ctx)
	if err != nil {
		return 0, err
	}
	defer b.close()
	for _, page := range pages {
		name := filepath.Base(filepath.Dir(page))
		for _, width := range widths {
			for _, scheme := range schemes {
				file := filepath.Join(out, name+"-"+width+"-"+scheme+".png")
				found, err := shoot(b, page, width, scheme, height, file)
				if err != nil {
					return faults, fmt.Errorf("%s at %s, %s: %w", page, width, scheme, err)
				}
				for _, f := range found {
					fmt.Printf("%s at %s, %s: %s\n", name, width, scheme, f)
				}
				faults += len(found)
			}
		}
		fmt.Println(name)
	}
	return faults, nil
}

// shoot makes one picture and returns what is wrong with the page.
func shoot(b *browser, page, width, scheme string, height int, file string) (faults []string, err error) {
	w, err := strconv.Atoi(width)
	if err != nil {
		return nil, fmt.Errorf("width %q: %w", width, err)
	}
	path, err := filepath.Abs(page)
	if err != nil {
		return nil, err
	}
	if err := b.show("file://"+path, w, scheme); err != nil {
		return nil, err
	}
	var seen struct {
		Faults []string
		Height int
	}
	if err := b.evaluate(checkPage, &seen); err != nil {
		return nil, err
	}
	faults = append(seen.Faults, b.requests("file://"+path)...)
	if height == 0 || height > seen.Height {
		height = seen.Height
	}
	picture, err := b.picture(w, height)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		return nil, fmt.Errorf("the picture: %w", err)
	}
	return faults, os.WriteFile(file, data, 0o644)
}
