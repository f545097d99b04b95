package poller_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/testing/imaptest"
)

// M-E10: a report on days far ahead is rejected, and read when its day has come.
func TestAReportOnDaysToComeIsReadWhenItsDayHasCome(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	ahead := strings.ReplaceAll(reportJSON(1, "example.com"), "2020-01-01T", "2020-01-05T")
	both := strings.Replace(string(reportOf(2, ahead)), "--b--\r\n", // and one that is not
		"--b\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+packed(reportJSON(3, "example.com"))+"--b--\r\n", 1)
	deliver(t, s, "INBOX", reportOf(1, ahead), []byte(strings.ReplaceAll(both, "report-1", "report-2")))
	var clock atomic.Int64
	clock.Store(time.Date(2020, 1, 2, 12, 0, 0, 0, time.UTC).Unix())
	r := newRig(t, s, func(o *options) { o.Reading.Now = func() time.Time { return time.Unix(clock.Load(), 0) } })
	r.poll(ingest.Totals{Examined: 2, Recorded: 1, Rejected: 1})
	r.want(id(3))
	if all := r.rejected(); len(all) != 2 || all[0].Text != "reports on 2020-01-05, which has not begun yet" {
		t.Fatalf("rejected: %+v, want both for the day that has not begun", all)
	}
	clock.Store(time.Date(2020, 1, 5, 1, 0, 0, 0, time.UTC).Unix())
	r.poll(ingest.Totals{Recorded: 1, Duplicate: 1}) // of the second message it is the same report
	r.want(id(1), id(3))
	if all := r.rejected(); len(all) != 0 {
		t.Errorf("rejected: %+v, want nothing any more", all)
	}
	r.poll(ingest.Totals{})
}
