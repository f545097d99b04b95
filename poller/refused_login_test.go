package poller_test

import (
	"context"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
)

// A daemon does not log in at every poll to a mailbox that refuses it; a command
// does, and the record of the folder keeps saying what is wrong.
func TestMailboxThatRefusesTheLoginIsLeftAloneByADaemon(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	proxy := imaptest.NewProxy(t, s)
	wrong := func(o *options) {
		o.Mailboxes[0].IMAP.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: s.Username, Password: "wrong"}, nil
		}
	}
	for _, tt := range []struct {
		name    string
		backoff bool
		tries   int
	}{{"a command", false, 2}, {"a daemon", true, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, s.Via(proxy), wrong, func(o *options) { o.Backoff = tt.backoff })
			before := proxy.Connections()
			r.pollFails("login")
			if _, err := r.p.Poll(t.Context(), ""); (err != nil) == tt.backoff {
				t.Errorf("second poll: %v", err)
			}
			if got := proxy.Connections() - before; got != tt.tries {
				t.Errorf("%d connections for two polls, want %d", got, tt.tries)
			}
			if f := r.folder("INBOX"); f.LastError == "" || f.FailingSince.IsZero() {
				t.Errorf("the folder's record does not say that it cannot be read: %+v", f)
			}
		})
	}
}
