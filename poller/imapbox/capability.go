package imapbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Has reports whether the server offered a capability, such as "MOVE", after
// the login.
func (s *Session) Has(capability string) bool {
	return s.caps.Has(imap.Cap(strings.ToUpper(capability)))
}

// offers reports whether the server offers a capability that begins with prefix.
func (s *Session) offers(prefix string) bool {
	for capability := range s.caps {
		if strings.HasPrefix(string(capability), prefix) {
			return true
		}
	}
	return false
}

// identify sends the server the name and the version of this program, and no
// more. RFC 2971. Some servers open no folder before they know. What the server
// says of itself is ignored.
func (s *Session) identify(ctx context.Context) error {
	s.traits.identified = true
	return s.run(ctx, "id", "", maxReply, func() error {
		_, err := s.client.ID(&imap.IDData{Name: "tlsbrief", Version: printableASCII(s.version)}).Wait()
		return err
	})
}

// wantsID reports whether a server refused to open a folder for want of ID, which
// it may ask for without offering it. These are the words of 163.com and its kin.
func (s *Session) wantsID(err error) bool {
	var reply *Reply
	return errors.As(err, &reply) && !s.traits.identified && strings.Contains(strings.ToLower(reply.Text), "unsafe login")
}

// printableASCII leaves out what a quoted string cannot carry.
func printableASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}

// MessageLimit returns how many messages the server answers for at a time, as far as
// it has said so by now; 0: any number. A folder with more of them is read all the
// same, in more steps. RFC 9738.
func (s *Session) MessageLimit() uint32 { return s.traits.limit }

// announcedLimit reads the limit among the capabilities.
func (s *Session) announcedLimit() uint32 {
	limit := uint64(0)
	for capability := range s.caps {
		if value, ok := strings.CutPrefix(strings.ToUpper(string(capability)), "MESSAGELIMIT="); ok {
			if n, err := strconv.ParseUint(value, 10, 64); err == nil {
				limit = n
			}
		}
	}
	return uint32(min(limit, math.MaxUint32))
}

// chooseNameEncoding agrees with the server on how folders' names are written: in
// modified UTF-7, unless it takes nothing but UTF-8. UTF8=ACCEPT is not made use
// of: a library that gets "&" wrong in UTF-8 gains nothing by it.
func (s *Session) chooseNameEncoding(ctx context.Context) error {
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
		s.conn.EncodeNames()
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
