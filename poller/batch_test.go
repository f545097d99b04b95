package poller_test

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tlsbrief/db"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// Where the server tells no sizes, or wrong ones, what is held is bounded all the
// same: what came by then is recorded before more is asked for.
func TestBodiesOfUntoldSizeAreNotAllHeldAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: large mails")
	}
	t.Parallel()
	for _, tt := range []struct{ name, size string }{{"none", ""}, {"wrong", " RFC822.SIZE 100"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const mails, each = 24, 2 << 20
			var all [][]byte
			for n := range mails {
				all = append(all, append(newReport(n+1), []byte(strings.Repeat("x", each))...))
			}
			box := newScriptedBox(all...)
			size := regexp.MustCompile(` RFC822\.SIZE \d+`)
			var path string
			var mu sync.Mutex
			before := []int64{} // messages recorded when bodies were asked for
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				if strings.Contains(cmd.Args, "BODY.PEEK[]") {
					mu.Lock()
					d, err := db.Open(t.Context(), path, db.Options{})
					if err != nil {
						t.Error(err)
						return false
					}
					n, err := d.LastMessage(t.Context())
					if err = errors.Join(err, d.Close()); err != nil {
						t.Error(err)
					}
					before = append(before, n)
					mu.Unlock()
				}
				for _, uid := range box.wantedUIDs(cmd) {
					c.Raw(size.ReplaceAllString(box.response(uid, cmd.Args, ""), tt.size))
				}
				c.OK(cmd)
				return true
			})
			r := newRig(t, box.start(t))
			path = r.path
			r.poll(ingest.Totals{Examined: mails, Recorded: mails})
			if last := before[len(before)-1]; last < mails/4 {
				t.Errorf("%v messages were recorded when bodies were asked for, want fewer to be held", before)
			}
		})
	}
}
