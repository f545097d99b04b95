package poller_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller"
)

// Several mailboxes in the configuration may be folders of one account, of which
// the server takes few connections at a time.
func TestServersBoundOnConnectionsIsKeptTo(t *testing.T) {
	t.Parallel()
	const boxes, bound = 6, 2
	var mu sync.Mutex
	open, refused := 0, 0
	met := make(chan struct{})
	box := newScriptedBox(newReport(1))
	box.on("STATUS", func(*imaptest.Conn, imaptest.Command) bool {
		<-met // nobody is done before the bound has been met
		return false
	})
	box.on("LOGOUT", func(c *imaptest.Conn, cmd imaptest.Command) bool {
		mu.Lock()
		defer mu.Unlock()
		open--
		return false
	})
	s := box.startWith(t, "", func(c *imaptest.Conn, cmd imaptest.Command) {
		mu.Lock()
		defer mu.Unlock()
		if open < bound {
			open++
			c.OK(cmd)
			return
		}
		if refused++; refused == 1 {
			close(met)
		}
		c.No(cmd, "[LIMIT] Maximum number of connections from user+IP exceeded")
	})
	r := newRig(t, s, func(o *options) {
		o.Parallel, o.Mailboxes = boxes, nil
		for n := range boxes {
			m := mailboxOn(s, fmt.Sprint("box", n))
			m.After = poller.AfterNone // they all look at the same message
			o.Mailboxes = append(o.Mailboxes, m)
		}
	})
	r.poll(ingest.Totals{Examined: boxes, Recorded: 1, Duplicate: boxes - 1})
	mu.Lock()
	learned := refused
	mu.Unlock()
	r.poll(ingest.Totals{})
	mu.Lock()
	defer mu.Unlock()
	if refused > learned {
		t.Errorf("%d log-ins were refused at the second poll, want none: the bound is known", refused-learned)
	}
}

// A server that refuses every connection is not tried for ever.
func TestServerThatThrottlesEverybodyIsGivenUp(t *testing.T) {
	t.Parallel()
	const boxes = 5
	var mu sync.Mutex
	tries := 0
	s := newScriptedBox().startWith(t, "", func(c *imaptest.Conn, cmd imaptest.Command) {
		mu.Lock()
		tries++
		mu.Unlock()
		c.No(cmd, "[THROTTLED] come back later")
	})
	r := newRig(t, s, func(o *options) {
		o.Parallel, o.Mailboxes = boxes, nil
		for n := range boxes {
			o.Mailboxes = append(o.Mailboxes, mailboxOn(s, fmt.Sprint("box", n)))
		}
	})
	result, _ := r.pollFails("come back later")
	for _, c := range result.Mailboxes {
		if !strings.Contains(c.Error, "THROTTLED") {
			t.Errorf("%+v, want it to say that the server throttles", c)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(result.Mailboxes) != boxes || tries > boxes*boxes {
		t.Errorf("%d mailboxes told of after %d tries", len(result.Mailboxes), tries)
	}
}
