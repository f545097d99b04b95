package imapbox_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// A namesServer offers capabilities and keeps what names it was sent. Until UTF-8 is
// enabled it speaks modified UTF-7, or, where it says UTF8=ONLY, nothing at all.
type namesServer struct {
	capabilities string
	folders      map[string]string // name in the list: by encoding, "7" and "8"
	refuse       bool              // answers ENABLE with NO
	mute         bool              // answers ENABLE with OK, and enables nothing

	mu   sync.Mutex
	sent []string
}

func (n *namesServer) start(t *testing.T) *imaptest.Server {
	t.Helper()
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		utf8 := !strings.Contains(n.capabilities, "IMAP4rev1")
		name := func(then func(c *imaptest.Conn, cmd imaptest.Command)) func(c *imaptest.Conn, cmd imaptest.Command) {
			return func(c *imaptest.Conn, cmd imaptest.Command) {
				n.mu.Lock()
				args, _, _ := strings.Cut(cmd.Args, " (")
				n.sent = append(n.sent, cmd.Name+" "+args)
				n.mu.Unlock()
				if !utf8 && strings.Contains(n.capabilities, "UTF8=ONLY") {
					c.Send(cmd.Tag + " NO [CANNOT] enable UTF8=ACCEPT first")
					return
				}
				then(c, cmd)
				c.OK(cmd)
			}
		}
		c.Play(imaptest.Play{Capabilities: "AUTH=PLAIN SASL-IR " + n.capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
			"ENABLE": func(c *imaptest.Conn, cmd imaptest.Command) {
				n.mu.Lock()
				n.sent = append(n.sent, cmd.Name+" "+cmd.Args)
				n.mu.Unlock()
				if n.refuse {
					c.No(cmd, "not here")
					return
				}
				if utf8 = !n.mute; utf8 {
					c.Send("* ENABLED " + cmd.Args)
				}
				c.OK(cmd)
			},
			"LIST": name(func(c *imaptest.Conn, _ imaptest.Command) {
				encoding := "7"
				if utf8 {
					encoding = "8"
				}
				c.Send(`* LIST () "/" INBOX`, `* LIST () "/" "`+n.folders[encoding]+`"`)
			}),
			"STATUS": name(func(c *imaptest.Conn, cmd imaptest.Command) {
				end := strings.LastIndex(cmd.Args, " (")
				c.Send("* STATUS " + cmd.Args[:end] + " (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3)")
			}),
			"EXAMINE": name(func(c *imaptest.Conn, _ imaptest.Command) {
				c.Send("* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok")
			}),
		}})
	})
}

func TestNamesAreSentAsTheServerReadsThem(t *testing.T) {
	t.Parallel()
	const folder = "Berichte/报告"
	folders := map[string]string{"7": "Berichte/&YqVUSg-", "8": folder}
	tests := []struct{ name, capabilities, enable, sent string }{
		{"rev1", "IMAP4rev1", "", folders["7"]},
		{"UTF-8 offered", "IMAP4rev1 ENABLE UTF8=ACCEPT", "", folders["7"]},
		{"UTF-8 alone", "IMAP4rev1 ENABLE UTF8=ONLY", "ENABLE UTF8=ACCEPT", folders["8"]},
		{"rev2 offered", "IMAP4rev1 IMAP4rev2 ENABLE", "", folders["7"]},
		{"rev2 alone", "IMAP4rev2", "", folders["8"]},
		{"all at once", "IMAP4rev1 IMAP4rev2 ENABLE UTF8=ONLY", "ENABLE UTF8=ACCEPT", folders["8"]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := &namesServer{capabilities: tt.capabilities, folders: folders}
			session := open(t, n.start(t))
			got, err := session.Folders(t.Context())
			if diff := cmp.Diff([]string{folder, "INBOX"}, got); diff != "" || err != nil {
				t.Errorf("Folders, %v (-want +got):\n%s", err, diff)
			}
			if _, err := session.Status(t.Context(), folder); err != nil {
				t.Error(err)
			}
			examine(t, session, folder)
			want := []string{`LIST "" "*"`, `STATUS "` + tt.sent + `"`, `EXAMINE "` + tt.sent + `"`}
			if tt.enable != "" {
				want = append([]string{tt.enable}, want...)
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			if diff := cmp.Diff(want, n.sent); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if strings.Contains(tt.capabilities, "IMAP4rev2") && !session.Has("MOVE") {
				t.Error("IMAP4rev2 has MOVE, and the session does not know")
			}
		})
	}
}

func TestServerThatTakesUTF8AloneAndDoesNotEnableIt(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]*namesServer{
		"refused": {capabilities: "IMAP4rev1 ENABLE UTF8=ONLY", refuse: true},
		"ignored": {capabilities: "IMAP4rev1 ENABLE UTF8=ONLY", mute: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := imapbox.Open(t.Context(), optionsFor(n.start(t)))
			var step *imapbox.StepError
			if !errors.As(err, &step) || step.Step != "enable" || !strings.Contains(err.Error(), "UTF8=ONLY") {
				t.Errorf("Open: %v, want it to be about enabling UTF-8", err)
			}
		})
	}
}

// go-imap writes and reads "&" as modified UTF-7 does even where names are UTF-8.
func TestAmpersandInANameThatIsUTF8IsRefusedInClearWords(t *testing.T) {
	t.Parallel()
	for _, capabilities := range []string{"IMAP4rev1 ENABLE UTF8=ONLY", "IMAP4rev2"} {
		t.Run(capabilities, func(t *testing.T) {
			t.Parallel()
			n := &namesServer{capabilities: capabilities, folders: map[string]string{"8": "R&D"}}
			session := open(t, n.start(t))
			_, statusErr := session.Status(t.Context(), "R&D")
			_, examineErr := session.Examine(t.Context(), "R&D")
			_, selectErr := session.Select(t.Context(), "INBOX")
			_, _, moveErr := session.Move(t.Context(), []uint32{1}, "R&D")
			// The others are found without it.
			got, err := session.Folders(t.Context())
			if diff := cmp.Diff([]string{"INBOX"}, got); diff != "" || err != nil {
				t.Errorf("Folders, %v (-want +got):\n%s", err, diff)
			}
			if selectErr != nil {
				t.Error(selectErr)
			}
			for what, err := range map[string]error{"Status": statusErr, "Examine": examineErr, "Move": moveErr} {
				if err == nil || !strings.Contains(err.Error(), `"&"`) || !strings.Contains(err.Error(), "rename") {
					t.Errorf("%s: %v, want it to be about the ampersand", what, err)
				}
			}
		})
	}
	// Elsewhere it is a letter like others.
	n := &namesServer{capabilities: "IMAP4rev1 IMAP4rev2 UTF8=ACCEPT", folders: map[string]string{"7": "R&-D"}}
	session := open(t, n.start(t))
	got, err := session.Folders(t.Context())
	if diff := cmp.Diff([]string{"INBOX", "R&D"}, got); diff != "" || err != nil {
		t.Errorf("Folders, %v (-want +got):\n%s", err, diff)
	}
	examine(t, session, "R&D")
}
