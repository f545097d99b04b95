// Command screenshots makes pictures of golden digests and checks them: it renders
// each in headless Chromium at the widths of a phone, a mail program and a wide
// window, light and dark, writes the pictures, and fails if a page is wider than its
// window, requests anything from elsewhere, has text of too little contrast, or
// headings in an order that confuses a screen reader.
//
//	go run ./internal/testing/screenshots -out screenshots digest/testdata/*/digest.html
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

// perPage bounds the time of one picture.
const perPage = 30 * time.Second

func main() {
	out := flag.String("out", "screenshots", "the `folder` that gets the pictures")
	widths := flag.String("widths", "320,700,1200", "the `widths` in CSS pixels")
	schemes := flag.String("schemes", "light,dark", "the colour `schemes`")
	var c cut
	flag.IntVar(&c.height, "height", 0, "cut the pictures at this `height`; 0: whole pages")
	flag.IntVar(&c.limit, "limit", 0, "few colours, and at most this many `bytes`; 0: as Chromium makes them")
	flag.Parse()
	faults, err := run(*out, strings.Split(*widths, ","), strings.Split(*schemes, ","), c, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
	if faults > 0 {
		fmt.Fprintf(os.Stderr, "screenshots: %d faults\n", faults)
		os.Exit(1)
	}
}

// A cut bounds the part of a page that a picture shows, in CSS pixels, and the bytes
// of the picture. Zero is no limit.
type cut struct{ height, limit int }

// run makes the pictures of all pages and returns the number of faults.
func run(out string, widths, schemes []string, c cut, pages []string) (faults int, err error) {
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
				found, err := shoot(b, page, width, scheme, c, file)
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
func shoot(b *browser, page, width, scheme string, c cut, file string) (faults []string, err error) {
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
	height := seen.Height
	if c.height > 0 {
		height = min(height, c.height)
	}
	picture, err := b.picture(w, height)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		return nil, fmt.Errorf("the picture: %w", err)
	}
	if c.limit > 0 {
		if data, err = small(data); err != nil {
			return nil, err
		}
		if len(data) > c.limit {
			return nil, fmt.Errorf("the picture has %d bytes, over %d: cut it shorter with -height", len(data), c.limit)
		}
	}
	return faults, os.WriteFile(file, data, 0o644)
}
