package poller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

func TestOtherPeoplesMailIsNeitherFetchedNorChanged(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", letter(1), withAttachment(2, 5<<20), poison(3), poisonMixed(4), newReport(5), forwarded(withAttachment(6, 1<<20)), letter(7))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.poll(ingest.Totals{Examined: 7, Recorded: 1, Ignored: 6})
		if toClient, _ := proxy.Bytes(); toClient > 64<<10 {
			t.Errorf("the poll moved %d bytes, though the one report has %d", toClient, len(newReport(5)))
		}
		wantFlags(t, s, "INBOX", map[uint32][]string{
			1: unseen(), 2: unseen(), 3: unseen(), 4: unseen(), 5: seen(), 6: unseen(), 7: unseen(),
		})
		for _, line := range proxy.Commands() {
			if strings.Contains(line, "BODY[") || strings.Contains(line, "BODYSTRUCTURE") || strings.Contains(line, "ENVELOPE") || strings.Contains(line, "RFC822 ") {
				t.Errorf("the poll sent %q", line)
			}
		}
		if all := r.rejected(); len(all) > 0 {
			t.Errorf("rejected: %+v, want nothing", all)
		}
	})
}

func TestMailIsReadUnderEXAMINEAndSelectedOnlyToMark(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1))
		proxy := imaptest.NewProxy(t, s)
		r := newRig(t, s.Via(proxy))
		r.poll(ingest.Totals{Examined: 1, Recorded: 1})
		all := names(proxy.Commands())
		read, mark := slices.Index(all, "EXAMINE"), slices.Index(all, "SELECT")
		store, fetch := slices.Index(all, "UID STORE"), slices.Index(all, "UID FETCH")
		if read < 0 || fetch < read || mark < fetch || store < mark || strings.Count(strings.Join(all, " "), "SELECT") != 1 {
			t.Errorf("commands = %q, want EXAMINE, UID FETCH, then one SELECT and UID STORE", all)
		}
		before := len(proxy.Commands())
		deliver(t, s, "INBOX", letter(2))
		r.poll(ingest.Totals{Examined: 1, Ignored: 1})
		if all := names(proxy.Commands()[before:]); slices.Contains(all, "SELECT") {
			t.Errorf("commands of a poll with nothing to mark = %q, want no SELECT", all)
		}
	})
}

func TestReportIsFoundByItsPartsHowEverItIsWrapped(t *testing.T) {
	t.Parallel()
	mails := map[string][]byte{
		"attachment of a mail without a hint": mixedReport(1),
		"the message itself":                  loneReport(1),
		"forwarded":                           forwarded(newReport(1)),
		"forwarded without a hint":            forwarded(mixedReport(1)),
		"forwarded twice":                     forwarded(forwarded(newReport(1))),
		"forwarded, and the message itself":   forwarded(loneReport(1)),
	}
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for name, mail := range mails {
			t.Run(name, func(t *testing.T) {
				folder := "box " + strings.ReplaceAll(name, ",", "")
				s.CreateFolder(t, folder)
				deliver(t, s, folder, mail)
				r := newRig(t, s, folders(folder))
				r.poll(ingest.Totals{Examined: 1, Recorded: 1})
				r.want(id(1))
				wantFlags(t, s, folder, map[uint32][]string{1: seen()})
			})
		}
	})
}

// A mail with more containers than anybody's has costs a bounded number of round
// trips.
func TestPartsAreLookedForWithinBounds(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deep := letter(1)
		for range 12 {
			deep = forwarded(deep)
		}
		// Eight containers of eight containers each.
		part := "Content-Type: text/plain\r\n\r\nx\r\n"
		for level := range 3 {
			part = fmt.Sprintf("Content-Type: multipart/mixed; boundary=w%d\r\n\r\n", level) +
				strings.Repeat(fmt.Sprintf("--w%d\r\n%s", level, part), 8) + fmt.Sprintf("--w%d--\r\n", level)
		}
		deliver(t, s, "INBOX", deep, []byte(head(2, "a@example.net", "wide")+part))
		proxy := imaptest.NewProxy(t, s)
		newRig(t, s.Via(proxy)).poll(ingest.Totals{Examined: 2, Ignored: 2})
		if n := len(proxy.Commands()); n > 45 {
			t.Errorf("the poll took %d commands for two messages", n)
		}
	})
}
