package imapbox_test

import (
	"testing"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// BenchmarkReading looks at a folder of 2,000 messages and downloads them, as a
// backfill does.
func BenchmarkReading(b *testing.B) {
	const messages = 2000
	s := imaptest.Dovecot(b)
	s.Fill(b, "INBOX", messages, mail)
	session := open(b, s)
	var bytes int64
	for b.Loop() {
		before := session.BytesRead()
		status := examine(b, session, "INBOX")
		uids, err := session.Range(b.Context(), 1, status.UIDNext, messages)
		if err != nil {
			b.Fatal(err)
		}
		headers, err := session.Headers(b.Context(), uids)
		if err != nil || len(headers) != messages {
			b.Fatalf("Headers: %d, %v", len(headers), err)
		}
		bodies := 0
		err = session.Bodies(b.Context(), uids, 10<<20, func(imapbox.Body) error { bodies++; return nil })
		if err != nil || bodies != messages {
			b.Fatalf("Bodies: %d, %v", bodies, err)
		}
		bytes = session.BytesRead() - before
	}
	b.ReportMetric(float64(bytes)/messages, "bytes/message")
}
