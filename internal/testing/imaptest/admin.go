package imaptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// adminWait bounds each operation of an admin.
const adminWait = 30 * time.Second

// An admin is a second client of the mailbox. It acts as mail delivery and as other
// users.
type admin struct {
	addr, mode, username, password string
	config                         *tls.Config

	mu     sync.Mutex
	client *imapclient.Client
}

func newAdmin(t testing.TB, s *Server, ca *authority) *admin {
	a := &admin{
		addr: s.Addr, mode: s.TLS, username: s.Username, password: s.Password,
		// The test may use a certificate that clients must refuse.
		config: &tls.Config{RootCAs: ca.pool, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(a.close)
	return a
}

// do runs f with a client that is logged in.
func (s *Server) do(t testing.TB, f func(c *imapclient.Client) error) {
	t.Helper()
	if s.admin == nil {
		t.Fatalf("a %s server has no mailbox", s.Kind)
	}
	a := s.admin
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == nil {
		client, err := a.dial()
		if err != nil {
			t.Fatalf("logging in to the %s server beside the test: %v", s.Kind, err)
		}
		a.client = client
	}
	watchdog := time.AfterFunc(adminWait, func() { _ = a.client.Close() })
	defer watchdog.Stop()
	if err := f(a.client); err != nil {
		t.Fatalf("working on the %s server beside the test: %v", s.Kind, err)
	}
}

func (a *admin) dial() (client *imapclient.Client, err error) {
	options := &imapclient.Options{TLSConfig: a.config, Dialer: &net.Dialer{Timeout: adminWait}}
	switch a.mode {
	case "implicit":
		client, err = imapclient.DialTLS(a.addr, options)
	case "starttls":
		client, err = imapclient.DialStartTLS(a.addr, options)
	default:
		client, err = imapclient.DialInsecure(a.addr, options)
	}
	if err != nil {
		return nil, err
	}
	if err := client.Login(a.username, a.password).Wait(); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

func (a *admin) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client != nil {
		_ = a.client.Close() // the server may be gone already
		a.client = nil
	}
}

// Append delivers a message and returns its UID. A zero date is now.
func (s *Server) Append(t testing.TB, folder string, flags []string, date time.Time, msg []byte) uint32 {
	t.Helper()
	var uid uint32
	s.do(t, func(c *imapclient.Client) error {
		options := &imap.AppendOptions{Time: date}
		for _, flag := range flags {
			options.Flags = append(options.Flags, imap.Flag(flag))
		}
		cmd := c.Append(folder, int64(len(msg)), options)
		_, writeErr := io.Copy(cmd, bytes.NewReader(msg))
		closeErr := cmd.Close()
		data, err := cmd.Wait()
		if err := errors.Join(writeErr, closeErr, err); err != nil {
			return err
		}
		uid = uint32(data.UID)
		return nil
	})
	if uid == 0 {
		t.Fatal("the server did not tell the UID of an appended message (UIDPLUS)")
	}
	return uid
}

// Fill delivers count messages to an empty folder that exists, much faster than
// Append does, but for Cyrus. They get the UIDs 1 to count; message makes them by UID.
func (s *Server) Fill(t testing.TB, folder string, count int, message func(uid int) []byte) {
	t.Helper()
	s.FillFrom(t, folder, 0, count, message)
}

// FillFrom is Fill for a folder that may have messages: the new ones are numbered
// on from first, which must be as high as any number before.
func (s *Server) FillFrom(t testing.TB, folder string, first, count int, message func(n int) []byte) {
	t.Helper()
	if s.dovecot != nil {
		s.dovecot.makeMaildir(t, s.dovecot.maildir(folder))
	}
	for n := first + 1; n <= first+count; n++ {
		switch {
		case s.dovecot != nil:
			s.dovecot.deliver(t, folder, n, message(n))
		case s.cyrus != nil:
			s.Append(t, folder, nil, time.Time{}, message(n))
		case s.memory != nil:
			if _, err := s.memory.Append(folder, nil, time.Time{}, message(n)); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("a %s server has no mailbox", s.Kind)
		}
	}
}

// open runs f with a folder open, for changes or for reading.
func (s *Server) open(t testing.TB, folder string, readOnly bool, f func(c *imapclient.Client) error) {
	t.Helper()
	s.do(t, func(c *imapclient.Client) error {
		if _, err := c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait(); err != nil {
			return err
		}
		return errors.Join(f(c), c.Unselect().Wait())
	})
}

// everything is the set of all messages.
func everything() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: 0}} }

// Flags returns the flags of all messages in a folder by UID, without \Recent.
func (s *Server) Flags(t testing.TB, folder string) map[uint32][]string {
	t.Helper()
	flags := make(map[uint32][]string)
	s.open(t, folder, true, func(c *imapclient.Client) error {
		messages, err := c.Fetch(everything(), &imap.FetchOptions{UID: true, Flags: true}).Collect()
		for _, m := range messages {
			list := []string{}
			for _, flag := range m.Flags {
				if flag != `\Recent` {
					list = append(list, string(flag))
				}
			}
			flags[uint32(m.UID)] = list
		}
		return err
	})
	return flags
}

// Messages returns all messages of a folder by UID.
func (s *Server) Messages(t testing.TB, folder string) map[uint32][]byte {
	t.Helper()
	all := make(map[uint32][]byte)
	s.open(t, folder, true, func(c *imapclient.Client) error {
		whole := &imap.FetchItemBodySection{Peek: true}
		messages, err := c.Fetch(everything(), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
		for _, m := range messages {
			all[uint32(m.UID)] = m.FindBodySection(whole)
		}
		return err
	})
	return all
}

// SetFlags replaces the flags of a message.
func (s *Server) SetFlags(t testing.TB, folder string, uid uint32, flags ...string) {
	t.Helper()
	s.open(t, folder, false, func(c *imapclient.Client) error { return setFlags(c, imap.UIDSetNum(imap.UID(uid)), flags) })
}

func setFlags(c *imapclient.Client, set imap.UIDSet, flags []string) error {
	change := &imap.StoreFlags{Op: imap.StoreFlagsSet, Silent: true}
	for _, flag := range flags {
		change.Flags = append(change.Flags, imap.Flag(flag))
	}
	return c.Store(set, change, nil).Close()
}

// Expunge removes messages for good, and no others.
func (s *Server) Expunge(t testing.TB, folder string, uids ...uint32) {
	t.Helper()
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	s.open(t, folder, false, func(c *imapclient.Client) error {
		return errors.Join(setFlags(c, set, []string{`\Deleted`}), c.UIDExpunge(set).Close())
	})
}

// CreateFolder creates a folder.
func (s *Server) CreateFolder(t testing.TB, folder string) {
	t.Helper()
	s.do(t, func(c *imapclient.Client) error { return c.Create(folder, nil).Wait() })
}

// DeleteFolder removes a folder with its messages.
func (s *Server) DeleteFolder(t testing.TB, folder string) {
	t.Helper()
	s.do(t, func(c *imapclient.Client) error { return c.Delete(folder).Wait() })
}

// RenameFolder gives a folder another name.
func (s *Server) RenameFolder(t testing.TB, folder, name string) {
	t.Helper()
	s.do(t, func(c *imapclient.Client) error { return c.Rename(folder, name, nil).Wait() })
}

// Recreate deletes a folder and creates it again, with another UIDVALIDITY. INBOX
// cannot be recreated.
func (s *Server) Recreate(t testing.TB, folder string) {
	t.Helper()
	s.DeleteFolder(t, folder)
	s.CreateFolder(t, folder)
}

// SetRights restricts what the user may do with a folder, by the letters of
// RFC 4314: "lr" may see and read it, "lrs" may set \Seen too. Only Dovecot and
// Cyrus can.
func (s *Server) SetRights(t testing.TB, folder, rights string) {
	t.Helper()
	switch {
	case s.dovecot != nil:
		s.dovecot.setRights(t, folder, rights)
	case s.cyrus != nil:
		s.Grant(t, s.Username, folder, rights)
	default:
		t.Fatalf("a %s server has no rights to set", s.Kind)
	}
}

// Grant says what the user may do with a folder of another's, or of their own. With
// any right, they see it as "Other Users/owner/folder". Only Cyrus can.
func (s *Server) Grant(t testing.TB, owner, folder, rights string) {
	t.Helper()
	if s.cyrus == nil {
		t.Fatalf("a %s server shares no folders", s.Kind)
	}
	s.cyrus.grant(t, s, owner, folder, rights)
}

// Damage makes the messages of a folder that contain text unreadable: the server
// closes the connection when one is fetched. Only Dovecot can.
func (s *Server) Damage(t testing.TB, folder, text string) {
	t.Helper()
	if s.dovecot == nil {
		t.Fatalf("a %s server has no files to damage", s.Kind)
	}
	s.dovecot.damage(t, folder, text)
}

// EnsureFolder creates a folder unless it exists.
func (s *Server) EnsureFolder(t testing.TB, folder string) {
	t.Helper()
	s.do(t, func(c *imapclient.Client) error {
		found, err := c.List("", folder, nil).Collect()
		if err != nil || len(found) > 0 {
			return err
		}
		return c.Create(folder, nil).Wait()
	})
}
