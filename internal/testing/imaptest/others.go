package imaptest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Put is Append, without a connection if the server is in memory.
func (s *Server) Put(t testing.TB, folder string, flags []string, date time.Time, msg []byte) uint32 {
	t.Helper()
	if s.memory == nil {
		return s.Append(t, folder, flags, date, msg)
	}
	uid, err := s.memory.Append(folder, flags, date, msg)
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

// AddFlag adds a flag to a message, and reports whether the message exists.
func (s *Server) AddFlag(t testing.TB, folder string, uid uint32, flag string) bool {
	t.Helper()
	return s.change(t, folder, uid, func(c *imapclient.Client, set imap.UIDSet) error {
		return store(c, set, imap.StoreFlagsAdd, flag)
	})
}

// RemoveFlag removes a flag of a message, and reports whether the message exists.
func (s *Server) RemoveFlag(t testing.TB, folder string, uid uint32, flag string) bool {
	t.Helper()
	return s.change(t, folder, uid, func(c *imapclient.Client, set imap.UIDSet) error {
		return store(c, set, imap.StoreFlagsDel, flag)
	})
}

// Remove expunges a message, and reports whether it existed.
func (s *Server) Remove(t testing.TB, folder string, uid uint32) bool {
	t.Helper()
	return s.change(t, folder, uid, func(c *imapclient.Client, set imap.UIDSet) error {
		return errors.Join(store(c, set, imap.StoreFlagsAdd, `\Deleted`), c.UIDExpunge(set).Close())
	})
}

// change runs f on a message if it exists, and reports whether it does.
func (s *Server) change(t testing.TB, folder string, uid uint32, f func(*imapclient.Client, imap.UIDSet) error) (there bool) {
	t.Helper()
	set := imap.UIDSetNum(imap.UID(uid))
	s.open(t, folder, false, func(c *imapclient.Client) error {
		found, err := c.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, nil).Wait()
		if err != nil || len(found.AllUIDs()) == 0 {
			return err
		}
		there = true
		return f(c, set)
	})
	return there
}

func store(c *imapclient.Client, set imap.UIDSet, op imap.StoreFlagsOp, flag string) error {
	return c.Store(set, &imap.StoreFlags{Op: op, Silent: true, Flags: []imap.Flag{imap.Flag(flag)}}, nil).Close()
}

// UIDs lists the UIDs of a set without "*", such as "1,3:5".
func UIDs(set string) ([]uint32, error) {
	var uids []uint32
	for part := range strings.SplitSeq(set, ",") {
		first, last, ranged := strings.Cut(part, ":")
		if !ranged {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("UID set %q: %w", set, err)
		}
		to, err := strconv.ParseUint(last, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("UID set %q: %w", set, err)
		}
		for uid := from; uid <= to; uid++ {
			uids = append(uids, uint32(uid))
		}
	}
	return uids, nil
}

// UIDValidity returns the UIDVALIDITY of a folder.
func (s *Server) UIDValidity(t testing.TB, folder string) uint32 {
	t.Helper()
	var validity uint32
	s.do(t, func(c *imapclient.Client) error {
		data, err := c.Status(folder, &imap.StatusOptions{UIDValidity: true}).Wait()
		if err == nil {
			validity = data.UIDValidity
		}
		return err
	})
	return validity
}
