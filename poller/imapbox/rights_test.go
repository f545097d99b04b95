package imapbox_test

import (
	"testing"

	"tlsbrief/internal/imaptest"
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
