package read

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

// toUTF8 returns raw as valid UTF-8 without byte order mark, and what had to be
// mended for that. Where nothing had, the result aliases raw. limit bounds the
// result.
func toUTF8(raw []byte, limit int64) ([]byte, []tlsrpt.Deviation, error) {
	var devs []tlsrpt.Deviation
	switch order, bom := utf16Order(raw); {
	case order != nil:
		text, err := fromUTF16(raw[bom:], order, limit)
		if err != nil {
			return nil, nil, err
		}
		return text, []tlsrpt.Deviation{deviation("utf-16", "the text is in UTF-16; read as such", ruleIJSON)}, nil
	case bytes.HasPrefix(raw, utf8BOM()):
		raw = raw[3:]
		devs = []tlsrpt.Deviation{deviation("json", "a byte order mark before the text; ignored", "RFC 8259 section 8.1")}
	}
	if utf8.Valid(raw) {
		return raw, devs, nil
	}
	text, err := mendUTF8(raw, limit)
	if err != nil {
		return nil, nil, err
	}
	return text, append(devs, deviation("json", "not valid UTF-8; bad bytes are read as U+FFFD", ruleIJSON)), nil
}

func utf8BOM() []byte { return []byte{0xEF, 0xBB, 0xBF} }

// utf16Order recognizes UTF-16 by its byte order mark, or by the zero byte that
// an opening brace or bracket has beside it. It returns nil for anything else,
// and the length of the mark.
func utf16Order(raw []byte) (order binary.ByteOrder, bom int) {
	if len(raw) < 2 {
		return nil, 0
	}
	switch a, b := raw[0], raw[1]; {
	case a == 0xFF && b == 0xFE:
		return binary.LittleEndian, 2
	case a == 0xFE && b == 0xFF:
		return binary.BigEndian, 2
	case (a == '{' || a == '[') && b == 0:
		return binary.LittleEndian, 0
	case a == 0 && (b == '{' || b == '['):
		return binary.BigEndian, 0
	}
	return nil, 0
}

// fromUTF16 converts in two passes, so that it allocates what it needs and no
// more.
func fromUTF16(raw []byte, order binary.ByteOrder, limit int64) ([]byte, error) {
	var size int64
	eachUTF16(raw, order, func(r rune) { size += int64(utf8.RuneLen(r)) })
	if size > limit {
		return nil, tooLarge(limit)
	}
	text := make([]byte, 0, size)
	eachUTF16(raw, order, func(r rune) { text = utf8.AppendRune(text, r) })
	return text, nil
}

func eachUTF16(raw []byte, order binary.ByteOrder, emit func(rune)) {
	for len(raw) >= 2 {
		r := rune(order.Uint16(raw))
		raw = raw[2:]
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(raw) >= 2 {
				low = rune(order.Uint16(raw))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				raw = raw[2:]
			}
		}
		emit(r)
	}
}

// mendUTF8 replaces every bad byte by U+FFFD, in two passes like fromUTF16.
func mendUTF8(raw []byte, limit int64) ([]byte, error) {
	var size int64
	for b := raw; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		size += int64(utf8.RuneLen(r))
		b = b[n:]
	}
	if size > limit {
		return nil, tooLarge(limit)
	}
	text := make([]byte, 0, size)
	for b := raw; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		text = utf8.AppendRune(text, r)
		b = b[n:]
	}
	return text, nil
}
