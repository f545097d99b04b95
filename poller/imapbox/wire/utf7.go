package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// modifiedUTF7 writes what is not ASCII in a command as names are written in
// IMAP4rev1: nothing else in a command of ours is not ASCII. go-imap has written
// "&" so already. A run at the end, which may not be complete, is returned as rest.
// RFC 9051, appendix A.1.
func modifiedUTF7(command []byte) (encoded, rest []byte) {
	base64UTF16 := utf7Base64()
	foreign := func(r rune) bool { return r >= utf8.RuneSelf }
	for {
		start := bytes.IndexFunc(command, foreign)
		if start < 0 {
			return append(encoded, command...), nil
		}
		encoded, command = append(encoded, command[:start]...), command[start:]
		end := bytes.IndexFunc(command, func(r rune) bool { return !foreign(r) })
		if end < 0 {
			return encoded, command
		}
		var units []byte
		for _, unit := range utf16.Encode([]rune(string(command[:end]))) {
			units = binary.BigEndian.AppendUint16(units, unit)
		}
		encoded = append(base64UTF16.AppendEncode(append(encoded, '&'), units), '-')
		command = command[end:]
	}
}

// validMailboxName reports whether go-imap can decode the name of a folder: it is UTF-8,
// or modified UTF-7. RFC 9051, appendix A.1.
func validMailboxName(name []byte) bool {
	if !utf8.Valid(name) {
		return false
	}
	afterShift := false
	for i := 0; i < len(name); i++ {
		b := name[i]
		switch {
		case b < 0x20 || b == 0x7f:
			return false
		case b != '&':
			afterShift = false
			continue
		}
		length := bytes.IndexByte(name[i+1:], '-')
		if length < 0 {
			return false
		}
		shifted := name[i+1 : i+1+length]
		if length > 0 && (afterShift || !validUTF7Shift(shifted)) {
			return false
		}
		afterShift = length > 0
		i += 1 + length
	}
	return true
}

// validUTF7Shift reports whether b is UTF-16 in the base64 of modified UTF-7, of
// characters that need it.
func validUTF7Shift(b []byte) bool {
	units, err := utf7Base64().DecodeString(string(b))
	if err != nil || len(units) == 0 || len(units)%2 == 1 || bytes.ContainsAny(b, "\r\n") {
		return false
	}
	for i := 0; i < len(units); i += 2 {
		r := rune(units[i])<<8 | rune(units[i+1])
		switch {
		case utf16.IsSurrogate(r):
			if i += 2; i == len(units) {
				return false
			}
			if utf16.DecodeRune(r, rune(units[i])<<8|rune(units[i+1])) == utf8.RuneError {
				return false
			}
		case 0x20 <= r && r <= 0x7e:
			return false
		}
	}
	return true
}

// utf7Base64 is the base64 of modified UTF-7. RFC 9051, appendix A.1.
func utf7Base64() *base64.Encoding {
	return base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)
}
