package imapbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

func TestAddFlag(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{`\Seen`, "$TLSRPT"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
				for n := range 3 {
					s.Append(t, "INBOX", []string{`\Flagged`}, time.Time{}, mail(n))
				}
				session := open(t, s)
				if _, err := session.Select(t.Context(), "INBOX"); err != nil {
					t.Fatal(err)
				}
				// The colleague's client removes one in between.
				s.Expunge(t, "INBOX", 2)
				done, gone, err := session.AddFlag(t.Context(), []uint32{3, 2, 1, 3, 0}, flag)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([][]uint32{{1, 3}, {2}}, [][]uint32{done, gone}); diff != "" {
					t.Errorf("done and gone (-want +got):\n%s", diff)
				}
				for uid, flags := range s.Flags(t, "INBOX") {
					slices.Sort(flags)
					want := []string{`\Flagged`, flag}
					slices.Sort(want)
					if diff := cmp.Diff(want, flags, ignoreCase()); diff != "" {
						t.Errorf("flags of UID %d (-want +got):\n%s", uid, diff)
					}
				}
				// Once more, as after a crash.
				done, _, err = session.AddFlag(t.Context(), []uint32{1, 3}, flag)
				if err != nil || len(done) != 2 {
					t.Errorf("AddFlag again = %v, %v; want both done", done, err)
				}
			})
		})
	}
}

func TestTrap15NothingIsMarkedUnderEXAMINE(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		uid := s.Append(t, "INBOX", nil, time.Time{}, mail(1))
		session := open(t, s)
		examine(t, session, "INBOX")
		done, gone, err := session.AddFlag(t.Context(), []uint32{uid}, `\Seen`)
		if !errors.Is(err, imapbox.ErrReadOnly) || len(done)+len(gone) != 0 || imapbox.Temporary(err) {
			t.Errorf("AddFlag = %v, %v, %v; want ErrReadOnly", done, gone, err)
		}
		done, gone, err = session.Move(t.Context(), []uint32{uid}, "Done")
		if !errors.Is(err, imapbox.ErrReadOnly) || len(done)+len(gone) != 0 {
			t.Errorf("Move = %v, %v, %v; want ErrReadOnly", done, gone, err)
		}
		if diff := cmp.Diff(map[uint32][]string{uid: {}}, s.Flags(t, "INBOX")); diff != "" {
			t.Errorf("INBOX (-want +got):\n%s", diff)
		}
	})
}

func TestTrap15AFolderThatMayNotBeWrittenIsReadAndNotMarked(t *testing.T) {
	t.Parallel()
	s := imaptest.Dovecot(t)
	s.CreateFolder(t, "Shared")
	uid := s.Append(t, "Shared", nil, time.Time{}, mail(1))
	s.SetRights(t, "Shared", "lr")
	session := open(t, s)
	examine(t, session, "Shared")
	if got := bodiesOf(t, session, 1<<20, uid); string(got[uid]) != string(mail(1)) {
		t.Errorf("body = %q", got[uid])
	}
	selected, err := session.Select(t.Context(), "Shared")
	if err != nil {
		t.Fatal(err)
	}
	if !selected.ReadOnly || selected.Keeps(`\Seen`) {
		t.Errorf("Select = %+v, want it to be read-only", selected)
	}
	if _, _, err := session.AddFlag(t.Context(), []uint32{uid}, `\Seen`); !errors.Is(err, imapbox.ErrReadOnly) {
		t.Errorf("AddFlag: %v, want ErrReadOnly", err)
	}
	// Some rights: \Seen only.
	s.SetRights(t, "Shared", "lrs")
	session = open(t, s)
	if selected, err = session.Select(t.Context(), "Shared"); err != nil {
		t.Fatal(err)
	}
	if selected.ReadOnly || !selected.Keeps(`\seen`) || selected.Keeps("$TLSRPT") {
		t.Errorf("Select = %+v, want it to keep \\Seen alone", selected)
	}
	if done, _, err := session.AddFlag(t.Context(), []uint32{uid}, `\Seen`); err != nil || len(done) != 1 {
		t.Errorf("AddFlag of \\Seen = %v, %v; want it done", done, err)
	}
	if _, _, err := session.AddFlag(t.Context(), []uint32{uid}, "$TLSRPT"); !errors.Is(err, imapbox.ErrReadOnly) {
		t.Errorf("AddFlag of a keyword: %v, want ErrReadOnly", err)
	}
}

func TestTrap15OKIsNotEnough(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, store string // what the server says to STORE
		flags       string // and to FETCH for UID 1; UID 2 has the flag
		temporary   bool
	}{
		{name: "ignored", store: "OK Store ignored", flags: `\Flagged`},
		{name: "refused", store: "NO [NOPERM] not yours", flags: ``},
		{name: "refused for now", store: "NO [INUSE] locked", flags: ``, temporary: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
					"UID STORE": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " " + tt.store) },
					"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send("* 1 FETCH (UID 1 FLAGS ("+tt.flags+"))", `* 2 FETCH (UID 2 FLAGS (\SEEN))`)
						c.OK(cmd)
					},
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH 1"); c.OK(cmd) },
				}})
			})
			session := openFor(t, s, "UID STORE", testWait)
			done, gone, err := session.AddFlag(t.Context(), []uint32{1, 2, 3}, `\Seen`)
			if diff := cmp.Diff([][]uint32{{2}, {3}}, [][]uint32{done, gone}); diff != "" {
				t.Errorf("done and gone (-want +got):\n%s", diff)
			}
			if err == nil || errors.Is(err, imapbox.ErrReadOnly) == tt.temporary || imapbox.Temporary(err) != tt.temporary {
				t.Errorf("AddFlag: %v; want an error, temporary: %t", err, tt.temporary)
			}
		})
	}
}

func TestAddFlagRefusesWhatIsNoFlag(t *testing.T) {
	t.Parallel()
	session := openFor(t, imaptest.Memory(t), "UID STORE", testWait)
	for _, flag := range []string{"", `\`, "a b", "a]", "ä", "a\r\nb", `\Se"en`, "(x)"} {
		if _, _, err := session.AddFlag(t.Context(), []uint32{1}, flag); err == nil || session.Broken() {
			t.Errorf("AddFlag(%q): %v; want an error and a session that lives", flag, err)
		}
	}
}

// moveServers are servers that move in different ways.
func moveServers(t *testing.T, test func(t *testing.T, s *imaptest.Server)) {
	for name, start := range map[string]func(t *testing.T) *imaptest.Server{
		"dovecot": func(t *testing.T) *imaptest.Server { return imaptest.Dovecot(t) },
		"dovecot UIDPLUS": func(t *testing.T) *imaptest.Server {
			return imaptest.Dovecot(t, imaptest.WithDovecotConfig("imap_capability = IMAP4rev1 SASL-IR UIDPLUS UNSELECT LITERAL+"))
		},
		"memory":         func(t *testing.T) *imaptest.Server { return imaptest.Memory(t) },
		"memory UIDPLUS": func(t *testing.T) *imaptest.Server { return imaptest.Memory(t, imaptest.WithCapabilities("UIDPLUS")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

func TestTrap6MoveTakesOnlyWhatItIsGiven(t *testing.T) {
	t.Parallel()
	moveServers(t, func(t *testing.T, s *imaptest.Server) {
		for n := 1; n <= 5; n++ {
			s.Append(t, "INBOX", nil, time.Time{}, mail(n))
		}
		s.SetFlags(t, "INBOX", 5, `\Deleted`) // by a colleague, who may think again
		session := open(t, s)
		if _, err := session.Select(t.Context(), "INBOX"); err != nil {
			t.Fatal(err)
		}
		done, gone, err := session.Move(t.Context(), []uint32{2, 4, 77}, "Reports")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]uint32{{2, 4}, {77}}, [][]uint32{done, gone}); diff != "" {
			t.Errorf("done and gone (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[uint32][]string{1: {}, 3: {}, 5: {`\Deleted`}}, s.Flags(t, "INBOX"), ignoreCase()); diff != "" {
			t.Errorf("INBOX (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[uint32][]byte{1: mail(2), 2: mail(4)}, s.Messages(t, "Reports")); diff != "" {
			t.Errorf("Reports (-want +got):\n%s", diff)
		}
		for _, flags := range s.Flags(t, "Reports") {
			if slices.Contains(flags, `\Deleted`) {
				t.Error("a moved message is marked as deleted")
			}
		}
		if _, _, err := session.Move(t.Context(), []uint32{1}, "inbox"); err == nil {
			t.Error("Move into the same folder: no error")
		}
	})
}

func TestTrap6AFailedCopyDeletesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, capabilities string
		on                 map[string]string // replies to commands
		want               error
	}{
		{name: "no MOVE and no UIDPLUS", capabilities: "IMAP4rev1", want: imapbox.ErrNoMove},
		{name: "COPY refused", capabilities: "IMAP4rev1 UIDPLUS", on: map[string]string{"UID COPY": "NO [OVERQUOTA] full"}},
		{name: "COPY refused, CREATE refused", capabilities: "IMAP4rev1 UIDPLUS",
			on: map[string]string{"UID COPY": "NO [TRYCREATE] none", "CREATE": "NO [CANNOT] no"}},
		{name: "COPY refused after CREATE", capabilities: "IMAP4rev1 UIDPLUS", on: map[string]string{"UID COPY": "NO [TRYCREATE] none"}, want: imapbox.ErrNoFolder},
		{name: "COPY that does not say what it copied", capabilities: "IMAP4rev1 UIDPLUS", on: map[string]string{"UID COPY": "OK done"}, want: imapbox.ErrNoMove},
		{name: "COPY of other messages", capabilities: "IMAP4rev1 UIDPLUS", on: map[string]string{"UID COPY": "OK [COPYUID 7 5:6 1:2] done"}, want: imapbox.ErrNoMove},
		{name: "MOVE refused", capabilities: "IMAP4rev1 MOVE", on: map[string]string{"UID MOVE": "NO [OVERQUOTA] full"}},
		{name: "MOVE that does nothing", capabilities: "IMAP4rev1 MOVE UIDPLUS", on: map[string]string{"UID MOVE": "OK done"}, want: imapbox.ErrReadOnly},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			on := map[string]func(*imaptest.Conn, imaptest.Command){
				"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH 1 2"); c.OK(cmd) },
				"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
					c.Send("* 1 FETCH (UID 1 FLAGS ())", "* 2 FETCH (UID 2 FLAGS ())")
					c.OK(cmd)
				},
			}
			for name, reply := range tt.on {
				on[name] = func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " " + reply) }
			}
			s := imaptest.Scripted(t, func(c *imaptest.Conn) { c.Play(imaptest.Play{Capabilities: tt.capabilities, On: on}) })
			proxy := imaptest.NewProxy(t, s)
			session := openFor(t, s.Via(proxy), "UID STORE", testWait)
			done, gone, err := session.Move(t.Context(), []uint32{1, 2}, "Reports")
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || len(done)+len(gone) > 0 {
				t.Errorf("Move = %v, %v, %v; want nothing done and %v", done, gone, err, tt.want)
			}
			for _, line := range proxy.Commands() {
				for _, bad := range []string{"STORE", "EXPUNGE", "CLOSE"} {
					if strings.Contains(line, bad) {
						t.Errorf("sent %q although nothing had been copied", line)
					}
				}
			}
		})
	}
}

func TestTrap6OnlyWhatIsCopiedAndFlaggedIsExpunged(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		flagged := false
		c.Play(imaptest.Play{Capabilities: "IMAP4rev1 UIDPLUS", On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID COPY":  func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " OK [COPYUID 9 1 1] one of them") },
			"UID STORE": func(c *imaptest.Conn, cmd imaptest.Command) { flagged = true; c.OK(cmd) },
			"UID FETCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				flags := ""
				if flagged {
					flags = `\Deleted`
				}
				c.Send(fmt.Sprintf("* 1 FETCH (UID 1 FLAGS (%s))", flags), "* 2 FETCH (UID 2 FLAGS ())", `* 3 FETCH (UID 3 FLAGS (\Deleted))`)
				c.OK(cmd)
			},
		}})
	})
	proxy := imaptest.NewProxy(t, s)
	session := openFor(t, s.Via(proxy), "UID STORE", testWait)
	done, gone, err := session.Move(t.Context(), []uint32{1, 2, 3, 4}, "Reports")
	if diff := cmp.Diff([][]uint32{{1}, {3, 4}}, [][]uint32{done, gone}); diff != "" { // 3 is somebody else's to delete
		t.Errorf("done and gone (-want +got):\n%s", diff)
	}
	if err != nil {
		t.Errorf("Move: %v", err)
	}
	var changes []string
	for _, line := range proxy.Commands() {
		_, command, _ := strings.Cut(line, " ")
		if strings.HasPrefix(command, "UID COPY") || strings.Contains(command, "STORE") || strings.Contains(command, "EXPUNGE") {
			changes = append(changes, command)
		}
	}
	want := []string{`UID COPY 1:2 "Reports"`, `UID STORE 1 +FLAGS.SILENT (\Deleted tlsbrief-moved)`, "UID EXPUNGE 1"}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// Killed after the copy was made and the original marked as deleted, but before
// it was expunged.
func TestAMoveThatWasCutShortIsFinished(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *imaptest.Server{
		"dovecot": func(t *testing.T) *imaptest.Server {
			return imaptest.Dovecot(t, imaptest.WithDovecotConfig("imap_capability = IMAP4rev1 SASL-IR UIDPLUS UNSELECT LITERAL+"))
		},
		"memory": func(t *testing.T) *imaptest.Server { return imaptest.Memory(t, imaptest.WithCapabilities("UIDPLUS")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			for n := 1; n <= 3; n++ {
				s.Append(t, "INBOX", nil, time.Time{}, mail(n))
			}
			proxy := imaptest.NewProxy(t, s)
			proxy.OnCommand(func(line string) imaptest.Action {
				if strings.Contains(line, "UID EXPUNGE") {
					return imaptest.CutBefore
				}
				return imaptest.Forward
			})
			session := open(t, s.Via(proxy))
			if _, err := session.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			if _, _, err := session.Move(t.Context(), []uint32{1, 2}, "Reports"); err == nil {
				t.Fatal("Move: no error although it was cut short")
			}
			s.SetFlags(t, "INBOX", 2) // a colleague wants to keep it there
			session = open(t, s)
			if _, err := session.Select(t.Context(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			done, gone, err := session.Move(t.Context(), []uint32{1, 3}, "Reports")
			if diff := cmp.Diff([][]uint32{{1, 3}, nil}, [][]uint32{done, gone}); err != nil || diff != "" {
				t.Errorf("Move, %v; done and gone (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff(map[uint32][]byte{1: mail(1), 2: mail(2), 3: mail(3)}, s.Messages(t, "Reports")); diff != "" {
				t.Errorf("Reports (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[uint32][]byte{2: mail(2)}, s.Messages(t, "INBOX")); diff != "" {
				t.Errorf("INBOX (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMessageWithoutFlagsInTheAnswerIsNotGone(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: "IMAP4rev1 UIDPLUS", On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH 1 2"); c.OK(cmd) },
			"UID FETCH":  func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* 1 FETCH (UID 1)"); c.OK(cmd) },
		}})
	})
	session := openFor(t, s, "UID STORE", testWait)
	done, gone, err := session.Move(t.Context(), []uint32{1, 2, 3}, "Reports")
	if diff := cmp.Diff([][]uint32{nil, {3}}, [][]uint32{done, gone}); err == nil || diff != "" {
		t.Errorf("Move, %v; done and gone (-want +got):\n%s", err, diff)
	}
}

func TestSpecialUseAndFolders(t *testing.T) {
	t.Parallel()
	t.Run("dovecot", func(t *testing.T) {
		t.Parallel()
		s := imaptest.Dovecot(t)
		s.CreateFolder(t, "Böse/Tür & Tor")
		session := open(t, s)
		folder, found, err := session.SpecialUse(t.Context(), `\junk`)
		if folder != "Spam" || !found || err != nil {
			t.Errorf(`SpecialUse(\junk) = %q, %t, %v; want "Spam"`, folder, found, err)
		}
		if folder, found, err = session.SpecialUse(t.Context(), `\Archive`); folder != "" || found || err != nil {
			t.Errorf(`SpecialUse(\Archive) = %q, %t, %v; want none`, folder, found, err)
		}
		folders, err := session.Folders(t.Context())
		if diff := cmp.Diff([]string{"Böse", "Böse/Tür & Tor", "INBOX", "Spam"}, folders); diff != "" && err == nil {
			// The parent may be listed as one that can't be opened.
			if diff := cmp.Diff([]string{"Böse/Tür & Tor", "INBOX", "Spam"}, folders); diff != "" {
				t.Errorf("Folders, %v (-want +got):\n%s", err, diff)
			}
		}
		examine(t, session, "Böse/Tür & Tor")
	})
	for _, tt := range []struct {
		name, capabilities, list, want string
	}{
		{"offered, without LIST-EXTENDED", "IMAP4rev1 SPECIAL-USE", `* LIST (\HasNoChildren \Junk) "/" "Junk Email"`, "Junk Email"},
		{"not offered, told all the same", "IMAP4rev1", `* LIST (\HasNoChildren \Junk) "/" "Junk Email"`, "Junk Email"},
		{"not told", "IMAP4rev1", `* LIST (\HasNoChildren) "/" "Junk"`, ""},
		{"one that can't be opened", "IMAP4rev1", `* LIST (\NoSelect \Junk) "/" "Junk"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := open(t, imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: tt.capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
					"LIST": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(tt.list); c.OK(cmd) },
				}})
			}))
			folder, found, err := session.SpecialUse(t.Context(), `\Junk`)
			if folder != tt.want || found != (tt.want != "") || err != nil {
				t.Errorf("SpecialUse = %q, %t, %v; want %q", folder, found, err, tt.want)
			}
		})
	}
}
