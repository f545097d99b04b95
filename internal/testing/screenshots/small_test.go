package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// painted is a PNG, 100 by 100, of which colourOf gives each pixel.
func painted(t *testing.T, colourOf func(x, y int) color.RGBA) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 100, 100))
	for y := range 100 {
		for x := range 100 {
			m.SetRGBA(x, y, colourOf(x, y))
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSmallPictureOfFewColoursIsTheSamePicture(t *testing.T) {
	t.Parallel()
	colourOf := func(x, y int) color.RGBA { return color.RGBA{uint8(x), uint8(x / 2), 7, 255} }
	data, err := small(painted(t, colourOf))
	if err != nil {
		t.Fatal(err)
	}
	m := decode(t, data)
	for x := range 100 {
		if got := color.RGBAModel.Convert(m.At(x, 50)); got != colourOf(x, 50) {
			t.Fatalf("at %d: %v, want %v", x, got, colourOf(x, 50))
		}
	}
}

func TestSmallPictureKeepsTheFrequentColours(t *testing.T) {
	t.Parallel()
	// 10 columns of one colour, and 9,000 others.
	frequent := color.RGBA{200, 10, 10, 255}
	data, err := small(painted(t, func(x, y int) color.RGBA {
		if x < 10 {
			return frequent
		}
		return color.RGBA{uint8(x), uint8(y), uint8(x + y), 255}
	}))
	if err != nil {
		t.Fatal(err)
	}
	m := decode(t, data)
	if got := color.RGBAModel.Convert(m.At(5, 5)); got != frequent {
		t.Errorf("the frequent colour became %v", got)
	}
	if p, ok := m.ColorModel().(color.Palette); !ok || len(p) > paletteSize {
		t.Errorf("not a picture of %d colours: %T", paletteSize, m.ColorModel())
	}
}

func TestSmallPictureIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	picture := painted(t, func(x, y int) color.RGBA { return color.RGBA{uint8(x), uint8(y), 0, 255} })
	first, err := small(picture)
	if err != nil {
		t.Fatal(err)
	}
	again, err := small(picture)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("differs: %v", err)
	}
}

func TestSmallPictureOfWhatIsNoPictureIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := small([]byte("no picture")); err == nil {
		t.Error("no error")
	}
}
