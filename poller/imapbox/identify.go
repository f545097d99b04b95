package imapbox

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// identify tells the server which program this is, by name and version and no
// more. RFC 2971. Some servers open no folder before they know. What the server
// says of itself is of no interest.
func (s *Session) identify(ctx context.Context) error {
	s.learned.identified = true
	return s.run(ctx, "id", "", maxReply, func() error {
		_, err := s.client.ID(&imap.IDData{Name: "tlsbrief", Version: printableASCII(s.version)}).Wait()
		return err
	})
}

// wantsID reports whether a server refused to open a folder for want of ID, which
// it may ask for without offering it. These are the words of 163.com and its kin.
func (s *Session) wantsID(err error) bool {
	var reply *Reply
	return errors.As(err, &reply) && !s.learned.identified && strings.Contains(strings.ToLower(reply.Text), "unsafe login")
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
func (s *Session) MessageLimit() uint32 { return s.learned.limit }

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

// cut returns what the server said of the part of the messages that its last answer
// is for, and whether that is not all of them.
func (s *Session) cut() (cut, bool) {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	return s.wire.replies.codes.cut()
}
