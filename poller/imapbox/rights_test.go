package imapbox_test

import (
	"errors"
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

func TestRightsThatTheServerTells(t *testing.T) {
	t.Parallel()
	const needT, needE = `"t" (to set \Deleted)`, `"e" (to expunge)`
	tests := []struct {
		name, capabilities, answer string // to MYRIGHTS, but for the folder
		want                       string
	}{
		{"none asked", "UIDPLUS", "lr", ""},
		{"all there", "UIDPLUS ACL RIGHTS=kxte", "lrswite", ""},
		{"one lacks", "UIDPLUS ACL RIGHTS=kxte", "lrswit", `the account lacks the right ` + needE + ` in folder "INBOX", where it has "lrswit"`},
		{"two lack", "UIDPLUS ACL RIGHTS=kxte", "lr", `the account lacks the rights ` + needT + ` and ` + needE + ` in folder "INBOX", where it has "lr"`},
		{"MOVE takes one", "UIDPLUS MOVE ACL RIGHTS=kxte", "lr", `the account lacks the right ` + needE + ` in folder "INBOX", where it has "lr"`},
		{"RFC 2086 has one letter for both", "UIDPLUS ACL", "lrswid", ""},
		{"RFC 4314 has not", "UIDPLUS ACL RIGHTS=kxte", "lrswid", `the account lacks the rights ` + needT + ` and ` + needE + ` in folder "INBOX", where it has "lrswid"`},
		{"refused", "UIDPLUS ACL RIGHTS=kxte", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR " + tt.capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
					"MYRIGHTS": func(c *imaptest.Conn, cmd imaptest.Command) {
						if tt.answer == "" {
							c.No(cmd, "not for you")
							return
						}
						c.Send("* MYRIGHTS " + cmd.Args + " " + tt.answer)
						c.OK(cmd)
					},
					"LIST": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send(`* LIST () "/" INBOX`)
						c.OK(cmd)
					},
				}})
			})
			session := openFor(t, s, "MYRIGHTS", testWait)
			if got := session.LacksToMove(t.Context(), "INBOX", "Done"); got != tt.want {
				t.Errorf("LacksToMove = %q, want %q", got, tt.want)
			}
			if session.Broken() {
				t.Error("the session is broken")
			}
		})
	}
}

// M-G6: a folder that may not be opened is told with the right that is missing, and
// whose it is.
func TestAFolderThatMayNotBeOpenedNamesTheRight(t *testing.T) {
	t.Parallel()
	const status, examine, sel = "STATUS", "EXAMINE", "SELECT"
	for _, tt := range []struct {
		name, reply, rights string
		denied              bool
	}{
		{"by a code", "NO [NOPERM] no", "", true},
		{"by a code, and the rights are told", "NO [NOPERM] no", "l", true},
		{"in words", "NO Permission denied", "", true},
		{"for another reason", "NO [SERVERBUG] Permission denied", "", false},
		{"a fault of ours", "BAD Permission denied", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refuse := func(c *imaptest.Conn, cmd imaptest.Command) { c.Send(cmd.Tag + " " + tt.reply) }
			capabilities := "IMAP4rev1 AUTH=PLAIN SASL-IR"
			if tt.rights != "" {
				capabilities += " ACL RIGHTS=kxte"
			}
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
					status: refuse, examine: refuse, sel: refuse,
					"MYRIGHTS": func(c *imaptest.Conn, cmd imaptest.Command) {
						c.Send("* MYRIGHTS " + cmd.Args + " " + tt.rights)
						c.OK(cmd)
					},
				}})
			})
			session := open(t, s)
			for step, call := range map[string]func() error{
				status:  func() error { _, err := session.Status(t.Context(), "Shared/reports"); return err },
				examine: func() error { _, err := session.Examine(t.Context(), "Shared/reports"); return err },
				sel:     func() error { _, err := session.Select(t.Context(), "Shared/reports"); return err },
			} {
				err := call()
				if errors.Is(err, imapbox.ErrMayNotOpen) != tt.denied || !strings.Contains(err.Error(), tt.reply) {
					t.Errorf("%s: %v; is ErrMayNotOpen: %t, want %t with the server's words", step, err, !tt.denied, tt.denied)
				}
				if !tt.denied {
					continue
				}
				want := []string{`folder "Shared/reports"`, `user "` + s.Username + `"`, `right "r"`, "to read"}
				if step == sel {
					want = []string{`user "` + s.Username + `"`, `right "s"`, `"w"`, "to mark", `after = "none"`}
				} else if tt.rights != "" {
					want = append(want, `where it has "l"`)
				}
				for _, part := range want {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %v; want %q in it", step, err, part)
					}
				}
				if code := strings.Contains(tt.reply, "NOPERM"); errors.Is(err, imapbox.ErrReadOnly) != code {
					t.Errorf("%s: %v is ErrReadOnly: %t", step, err, !code)
				}
			}
		})
	}
}
