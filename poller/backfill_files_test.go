package poller_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/imaptest"
	"tlsbrief/poller"
	"tlsbrief/tlsrpt"
)

// Messages that DNS did not answer for are held whole until they are recorded.
func TestBackfillOfFilesHoldsFewWholeMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	padding := bytes.Repeat([]byte("This line only makes the message large, and that is all there is to it.\r\n"), 9<<20/74)
	for n := 1; n <= 3; n++ {
		mail := bytes.Replace(report(n), []byte(middle), padding, 1)
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(n)+".eml"), mail, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var r *rig
	held, judged := 0, 0
	r = newRig(t, imaptest.Memory(t), authenticate(func(ctx context.Context, _ tlsrpt.Found, _ time.Time) db.Authenticity {
		recorded, err := r.db.UnknownMessages(ctx)
		if err != nil {
			t.Error(err)
		}
		judged++
		held = max(held, judged-len(recorded))
		return db.Authenticity{Result: db.AuthUnknown, Domain: "sender.example", Reason: "dns"}
	}))
	result, err := r.p.BackfillFiles(t.Context(), []string{dir}, poller.Backfill{})
	if err != nil || result.Totals.Recorded != 3 {
		t.Fatalf("BackfillFiles: %+v, %v; want 3 recorded", result.Totals, err)
	}
	if held > 2 {
		t.Errorf("%d messages of 9 MiB were held at once, want at most 2", held)
	}
}
