package bench

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

// BenchmarkBackfill reads a mailbox in this process, to be profiled.
func BenchmarkBackfill(b *testing.B) {
	const reports = 20000
	s := imaptest.Dovecot(b)
	s.Fill(b, "INBOX", reports, func(uid int) []byte { return report(b, uid, nil) })
	for b.Loop() {
		d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "tlsrpt.db"), db.Options{})
		if err != nil {
			b.Fatal(err)
		}
		p := pollerOn(d, s)
		result, err := p.Backfill(b.Context(), poller.Backfill{})
		if err != nil || result.Totals.Recorded != reports {
			b.Fatalf("%+v, %v", result.Totals, err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(reports)*float64(b.N)/b.Elapsed().Seconds(), "reports/s")
}

func pollerOn(d *db.DB, s *imaptest.Server) *poller.Poller {
	return poller.New(poller.Options{
		Store: d, Ingest: ingest.New(ingest.Options{Recorder: d, Limits: read.DefaultLimits()}),
		Mailboxes: []poller.Mailbox{{
			Name: "reports", Folders: []string{"INBOX"}, After: poller.AfterSeen,
			IMAP: imapbox.Options{
				Name: "reports", Host: s.Host, Port: s.Port, TLS: netclient.TLSMode(s.TLS), Timeout: time.Minute,
				Auth: func(context.Context) (netclient.Credentials, error) {
					return netclient.Credentials{Username: s.Username, Password: s.Password}, nil
				},
			},
		}},
	})
}
