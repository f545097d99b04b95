package imapbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
)

// settleNames agrees with the server on how folders' names are written: in
// modified UTF-7, unless it takes nothing but UTF-8. UTF8=ACCEPT is not made use
// of: a library that gets "&" wrong in UTF-8 gains nothing by it.
func (s *Session) settleNames(ctx context.Context) error {
	_, rev1 := s.caps[imap.CapIMAP4rev1]
	_, rev2 := s.caps[imap.CapIMAP4rev2]
	_, only := s.caps[imap.CapUTF8Only]
	switch {
	case only:
		s.utf8 = true
		return s.enableUTF8(ctx)
	case rev1 && rev2:
		// Such a server speaks the first revision until the second is enabled;
		// go-imap takes the offer for the deed, and sends names as UTF-8.
		s.wire.encodeNames()
	case rev2:
		s.utf8 = true
	}
	return nil
}

// enableUTF8 is for servers that refuse everything before it. RFC 6855, section
// 6.
func (s *Session) enableUTF8(ctx context.Context) error {
	var enabled imap.CapSet
	err := s.run(ctx, "enable", "", maxReply, func() error {
		data, err := s.client.Enable(imap.CapUTF8Accept).Wait()
		enabled = data.Caps
		return err
	})
	if err == nil && !enabled.Has(imap.CapUTF8Accept) {
		err = s.stepError("enable", "", errors.New("it said OK, and did not enable it"))
	}
	if step := (*StepError)(nil); errors.As(err, &step) {
		step.Err = fmt.Errorf("the server takes UTF-8 alone (UTF8=ONLY), and that could not be enabled: %w", step.Err)
	}
	return err
}

// modifiedUTF7 writes what is not ASCII in a command as names are written in
// IMAP4rev1: nothing else in a command of ours is not ASCII. go-imap has written
// "&" so already. A run at the end, which may not be complete, is returned as rest.
// RFC 9051, appendix A.1.
func modifiedUTF7(command []byte) (encoded, rest []byte) {
	base64UTF16 := namesBase64()
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

// mayName checks that the library can send a folder's name. Where names are UTF-8
// it still writes "&" as "&-", which is another name.
func (s *Session) mayName(step, folder string) error {
	if s.utf8 && strings.Contains(folder, "&") {
		return s.stepError(step, folder, errors.New(ampersand))
	}
	return nil
}

const ampersand = `a folder's name has an "&", which go-imap can neither send nor read where names are UTF-8 (UTF8=ONLY, or IMAP4rev2 alone): rename that folder`
