package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"slices"
)

// paletteSize is the number of colours of a PNG with one byte a pixel.
const paletteSize = 256

// small returns a PNG reduced to its most frequent colours. The others, which are the
// edges of coloured letters, become the nearest of them.
func small(picture []byte) ([]byte, error) {
	whole, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("the picture: %w", err)
	}
	few := image.NewPaletted(whole.Bounds(), frequent(whole))
	draw.Draw(few, few.Bounds(), whole, whole.Bounds().Min, draw.Src)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, few); err != nil {
		return nil, fmt.Errorf("the small picture: %w", err)
	}
	return out.Bytes(), nil
}

// frequent returns the most frequent colours of a picture, in an order that depends
// on the picture alone.
func frequent(picture image.Image) color.Palette {
	seen := map[color.RGBA]int{}
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			seen[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(seen), func(p, q color.RGBA) int {
		return cmp.Or(cmp.Compare(seen[q], seen[p]), cmp.Compare(p.R, q.R), cmp.Compare(p.G, q.G), cmp.Compare(p.B, q.B))
	})
	var palette color.Palette
	for _, c := range colours[:min(len(colours), paletteSize)] {
		palette = append(palette, c)
	}
	return palette
}
