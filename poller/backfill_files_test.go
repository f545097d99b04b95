package poller_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// M-E4: of a message that DNS does not answer for, what a key is held against is
// kept, not the message.
func TestLittleIsKeptOfLargeMessagesThatDNSDoesNotAnswerFor(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: large mails")
	}
	t.Parallel()
	const mails, most = 3, 2 << 10
	dir := t.TempDir()
	padding := bytes.Repeat([]byte("This line only makes the message large, and that is all there is to it.\r\n"), 9<<20/74)
	keys := newSwitchedKeys(t)
	for n := 1; n <= mails; n++ {
		mail := keys.sign(bytes.Replace(newReport(n), []byte(middle), padding, 1))
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(n)+".eml"), mail, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, imaptest.Memory(t), authenticate(keys.lookup, ingest.Vouching{}))
	result, err := r.backfillFiles([]string{dir})
	if err != nil || result.Totals.Recorded != mails {
		t.Fatalf("backfill.Files: %+v, %v; want %d recorded", result.Totals, err, mails)
	}
	unknown, err := r.db.UnknownMessages(t.Context())
	if err != nil || len(unknown) != mails {
		t.Fatalf("%d messages are to be tried again, %v; want %d", len(unknown), err, mails)
	}
	for _, u := range unknown {
		if len(u.Raw) > 0 || len(u.Kept) == 0 || len(u.Kept) > most {
			t.Errorf("%d bytes of the message and %d more are kept, want none and at most %d", len(u.Raw), len(u.Kept), most)
		}
	}
	keys.set("pass")
	r.change()
	r.retryUnknown()
	r.want(id(1)+" pass", id(2)+" pass", id(3)+" pass")
}
