package imapbox_test

import (
	"strings"
	"testing"

	"tlsbrief/internal/testing/imaptest"
)

func TestRefusedMoveIsSaidWithWhereItWasToGo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ capability, command, want string }{
		{"MOVE", "UID MOVE", `folder "INBOX": move: to "Full": the server said NO [OVERQUOTA] it is full`},
		{"UIDPLUS", "UID COPY", `folder "INBOX": copy: to "Full": the server said NO [OVERQUOTA] it is full`},
	} {
		t.Run(tt.command, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR " + tt.capability, On: map[string]func(*imaptest.Conn, imaptest.Command){
					tt.command:   func(c *imaptest.Conn, cmd imaptest.Command) { c.No(cmd, "[OVERQUOTA] it is full") },
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* SEARCH 1"); c.OK(cmd) },
					"UID FETCH":  func(c *imaptest.Conn, cmd imaptest.Command) { c.Send("* 1 FETCH (UID 1 FLAGS ())"); c.OK(cmd) },
				}})
			})
			session := openFor(t, s, tt.command, testWait)
			done, gone, err := session.Move(t.Context(), []uint32{1}, "Full")
			if len(done)+len(gone) > 0 || err == nil || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("Move = %v, %v, %v; want %s", done, gone, err, tt.want)
			}
		})
	}
}
