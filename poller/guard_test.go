package poller_test

import (
	"context"
	"strings"
	"testing"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
)

func TestFaultOfOursRejectsTheMessageAndStopsNothing(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		deliver(t, s, "INBOX", newReport(1), newReport(2), newReport(3))
		r := newRig(t, s, judging(func(f read.Found) report.Authenticity {
			if f.Report.ReportID == id(2) {
				panic("index out of range")
			}
			return report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}
		}))
		r.poll(ingest.Totals{Examined: 3, Recorded: 2, Rejected: 1})
		r.want(id(1)+" pass", id(3)+" pass")
		r.wantRejected(2, "internal fault: index out of range")
		if got := r.rejected()[0]; got.From == "" || got.MessageID == "" || got.ReceivedAt.IsZero() {
			t.Errorf("the rejected message is named %+v, want From, Message-ID and time", got)
		}
		if log := r.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "guard_test.go") {
			t.Errorf("the log has no stack at error level:\n%s", log)
		}
		r.poll(ingest.Totals{})
	})
}

func TestFaultInOneMailboxStopsNoOther(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	deliver(t, s, "INBOX", newReport(1))
	unlocked := false
	r := newRig(t, s, func(o *options) {
		broken := mailboxOn(s, "broken")
		broken.IMAP.Auth = func(context.Context) (netclient.Credentials, error) { panic("no such thing") }
		o.Mailboxes = append([]poller.Mailbox{broken}, o.Mailboxes...)
		o.Lock = func(_ context.Context, name string) (func(), error) {
			return func() { unlocked = unlocked || name == "broken" }, nil
		}
		o.Parallel = 1
	})
	result, _ := r.pollFails(`mailbox "broken"`, "internal fault: no such thing")
	r.want(id(1))
	if n := len(result.Mailboxes); n != 2 {
		t.Errorf("%d folders are counted, want both", n)
	}
	if !unlocked {
		t.Error("the lock was not released")
	}
	f, err := r.db.Folder(t.Context(), "broken", "INBOX")
	if err != nil || f.FailingSince.IsZero() {
		t.Errorf("what is remembered: %+v, %v; want a failed poll", f, err)
	}
}
