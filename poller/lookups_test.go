package poller_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/samples"
)

// 1,000 reports signed by 40 senders cost about 40 look-ups.
func TestKeyIsLookedUpOnceForAllMailsItSigned(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many mails")
	}
	t.Parallel()
	const mails, senders = 1_000, 40
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	server := dnstest.New(t)
	path := filepath.Join(t.TempDir(), "reports.mbox")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	for n := range mails {
		domain := fmt.Sprintf("sender%d.example", n%senders)
		server.SetTXT("s._domainkey."+domain, key.Record(""))
		signed, err := key.Sign(bytes.ReplaceAll(newReport(n), []byte(signer), []byte(domain)),
			samples.Signature{Domain: domain, Selector: "s", At: reportDay.Add(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "From reports@%s Mon Mar  2 04:00:00 2026\r\n%s\r\n", domain, signed)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, imaptest.Memory(t), authenticate(keysFrom(server), ingest.Vouching{}))
	result, err := r.backfillFiles([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	if result.Totals.Recorded != mails {
		t.Fatalf("%+v, want %d recorded", result.Totals, mails)
	}
	if asked := server.Total(); asked < senders || asked > senders+5 {
		t.Errorf("%d look-ups for %d senders", asked, senders)
	}
}
