package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/samples"
	"tlsbrief/internal/tlsrpt/read"
)

const reportJSON = `{"organization-name":"Sender","date-range":{"start-datetime":"2026-03-01T00:00:00Z","end-datetime":"2026-03-01T23:59:59Z"},
"contact-info":"tls@sender.example","report-id":"%s","policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},
"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]}`

func mailOf(id, domain string) []byte {
	return []byte("From: tls@" + domain + "\r\nDate: Mon, 02 Mar 2026 04:00:00 +0000\r\nMessage-ID: <" + id + "@" + domain + ">\r\n" +
		"Subject: Report Domain: example.com\r\nTLS-Report-Domain: example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json\r\n\r\n" +
		strings.ReplaceAll(fmt.Sprintf(reportJSON, id), "\n", "\r\n") + "\r\n")
}

// The whole way of one message, without a mailbox: what becomes of it, and what is known
// of its authenticity.
func TestIngest(t *testing.T) {
	t.Parallel()
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	signed := func(id, domain string) []byte {
		mail, err := key.Sign(mailOf(id, domain), samples.Signature{Domain: domain, Selector: "s", At: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		return mail
	}
	keys := func(_ context.Context, name string) ([]string, error) {
		switch {
		case strings.HasSuffix(name, ".silent.example"):
			return nil, errors.New("no answer")
		case strings.HasSuffix(name, ".gone.example"):
			return nil, dkim.ErrNoRecord
		case strings.HasSuffix(name, ".panic.example"):
			panic("index out of range")
		}
		return []string{key.Record("")}, nil
	}
	letter := []byte("From: a@example.net\r\nSubject: Lunch?\r\n\r\nAt noon.\r\n")
	for _, tt := range []struct {
		name     string
		data     []byte
		kind     ingest.Kind
		change   func(*ingest.Options)
		outcome  report.Outcome
		recorded string // authenticity and reason
	}{
		{name: "signed", data: signed("1", "sender.example"), outcome: report.Recorded, recorded: "pass"},
		{name: "not signed", data: mailOf("1", "sender.example"), outcome: report.Recorded, recorded: "none"},
		{name: "not signed, which is not checked", data: mailOf("1", "sender.example"), change: func(o *ingest.Options) { o.Keys = nil }, outcome: report.Recorded, recorded: "unchecked"},
		{name: "not signed, which is required", data: mailOf("1", "sender.example"), change: func(o *ingest.Options) { o.Require = true }, outcome: report.Rejected},
		{name: "the body changed", data: bytes.Replace(signed("1", "sender.example"), []byte(`"Sender"`), []byte(`"Sander"`), 1), outcome: report.Recorded, recorded: "fail body-hash"},
		{name: "DNS does not answer", data: signed("1", "silent.example"), outcome: report.Recorded, recorded: "unknown dns"},
		{name: "the key is gone", data: signed("1", "gone.example"), outcome: report.Recorded, recorded: "fail key-gone"},
		{name: "a fault while the key is looked up", data: signed("1", "panic.example"), outcome: report.Recorded, recorded: "unknown dns"},
		{name: "a fault while it is read", data: mailOf("1", "sender.example"), change: func(o *ingest.Options) {
			o.Examine = func(read.Found, time.Time) ingest.Case { panic("index out of range") }
		}, outcome: report.Rejected},
		{name: "about a domain of others", data: signed("1", "sender.example"), change: func(o *ingest.Options) { o.Domains = []string{"example.org"} }, outcome: report.Rejected},
		{name: "of a signer that is left out", data: signed("1", "sender.example"), change: func(o *ingest.Options) { o.IgnoreSigners = []string{"sender.example"} }, outcome: ingest.Ignored},
		{name: "a letter", data: letter, outcome: ingest.Ignored},
		{name: "a letter in a file", data: letter, kind: ingest.File, outcome: ingest.Ignored},
		{name: "a report's mail in a file", data: signed("1", "sender.example"), kind: ingest.File, outcome: report.Recorded, recorded: "pass"},
		{name: "the beginning of a report's mail", data: mailOf("1", "sender.example")[:300], kind: ingest.Beginning, outcome: report.Rejected},
		{name: "a report without its mail", data: []byte(fmt.Sprintf(reportJSON, "1")), kind: ingest.ReportFile, outcome: report.Recorded, recorded: "none"},
		{name: "no report at all", data: []byte("{"), kind: ingest.ReportFile, outcome: report.Rejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), db.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			o := ingest.Options{Recorder: d, Limits: read.DefaultLimits(), Keys: keys}
			if tt.change != nil {
				tt.change(&o)
			}
			in := ingest.New(o)
			from := ingest.Origin{Place: report.Place{Mailbox: "post", Folder: "a", UID: 1}, Kind: tt.kind}
			if got, err := in.Ingest(t.Context(), tt.data, from); err != nil || got != tt.outcome {
				t.Fatalf("Ingest = %q, %v; want %q", got, err, tt.outcome)
			}
			want := []string{}
			if tt.outcome == report.Recorded {
				want = append(want, "1 "+tt.recorded)
			}
			got := []string{}
			err = d.EachPolicy(t.Context(), report.Filter{}, func(row *report.PolicyRow) error {
				got = append(got, strings.TrimSpace(row.Report.ReportID+" "+string(row.Auth.Result)+" "+string(row.Auth.Reason)))
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("recorded: %q, %v; want %q", got, err, want)
			}
			if rejected, err := d.RejectedMessages(t.Context(), 0, 0); err != nil || len(rejected) == 1 != (tt.outcome == report.Rejected) {
				t.Errorf("rejected: %+v, %v", rejected, err)
			}
			if tt.outcome != report.Recorded {
				return
			}
			from.Place.UID++
			if got, err := in.Ingest(t.Context(), tt.data, from); err != nil || got != report.Duplicate {
				t.Errorf("once more: %q, %v; want a duplicate", got, err)
			}
		})
	}
}

// A message whose signer's key is being looked up when the process is told to stop is
// left for the next time.
func TestIngestThatIsStoppedRecordsNothing(t *testing.T) {
	t.Parallel()
	key, err := samples.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	mail, err := key.Sign(mailOf("1", "sender.example"), samples.Signature{Domain: "sender.example", Selector: "s", At: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, stop := context.WithCancel(t.Context())
	in := ingest.New(ingest.Options{Recorder: d, Limits: read.DefaultLimits(), Keys: func(ctx context.Context, _ string) ([]string, error) {
		stop()
		return nil, ctx.Err()
	}})
	if got, err := in.Ingest(ctx, mail, ingest.Origin{Place: report.Place{Mailbox: "post", Folder: "a"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Ingest = %q, %v; want that it was stopped", got, err)
	}
	if n, err := d.CountUnknown(t.Context()); err != nil || n != 0 {
		t.Errorf("%d messages are recorded, %v", n, err)
	}
}
