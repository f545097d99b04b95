package poller_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
)

// A server that ends the session when the token expires, and then takes another
// one only, costs a poll and no report.
func TestTokenThatExpiresInMidSessionIsReplaced(t *testing.T) {
	t.Parallel()
	box := newScriptedBox(newReport(1), newReport(2))
	var mu sync.Mutex
	good, ends := "token-1", true
	server := box.startWith(t, "IMAP4rev1 SASL-IR AUTH=XOAUTH2", func(c *imaptest.Conn, cmd imaptest.Command) {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(fromBase64(t, cmd.Args), "Bearer "+good+"\x01") {
			c.OK(cmd)
		} else {
			c.No(cmd, "AUTHENTICATE failed.")
		}
	})
	box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		mu.Lock()
		defer mu.Unlock()
		if !ends || !strings.Contains(cmd.Args, "BODY.PEEK[]") {
			return false
		}
		good, ends = "token-2", false
		c.Send("* BYE Session invalidated - AccessTokenExpired")
		c.Close()
		return true
	})
	var asked []string
	r := newRig(t, server, func(o *options) {
		o.Mailboxes[0].IMAP.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: server.Username}, nil
		}
		o.Mailboxes[0].IMAP.Token = func(_ context.Context, refused string) (string, error) {
			asked = append(asked, refused)
			if slices.Contains(asked, "token-1") {
				return "token-2", nil
			}
			return "token-1", nil
		}
	})
	result, _ := r.p.Poll(t.Context(), "")
	again, err := r.p.Poll(t.Context(), "")
	if err != nil || result.Totals.Recorded+again.Totals.Recorded != 2 {
		t.Errorf("recorded %d and then %d, %v; want 2 in all", result.Totals.Recorded, again.Totals.Recorded, err)
	}
	if !slices.Contains(asked, "token-1") {
		t.Errorf("no other token was asked for: %q", asked)
	}
}
