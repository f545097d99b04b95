package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
)

// corpusFiles returns the collected files of a kind, where they are present.
func corpusFiles(t *testing.T, pattern string) []string {
	t.Helper()
	dir := os.Getenv("TLSBRIEF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		if os.Getenv("TLSBRIEF_REQUIRE_CORPUS") != "" {
			t.Fatalf("TLSBRIEF_REQUIRE_CORPUS is set, and there is no %s in %s", pattern, dir)
		}
		t.Skip("the corpus of collected reports is not here")
	}
	return files
}

// Of hostile files, those that a plain reading can read too.
func TestExportAgreesWithTheHostileFile(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, file := range append(corpusFiles(t, "adversarial/*.json"), corpusFiles(t, "adversarial/*.json.gz")...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				continue
			}
			if data, err = io.ReadAll(z); err != nil || len(data) > 1<<20 {
				continue
			}
		}
		var plain struct {
			Range struct {
				Start string `json:"start-datetime"`
			} `json:"date-range"`
			Policies []struct {
				Summary struct {
					Successful float64 `json:"total-successful-session-count"`
				} `json:"summary"`
			} `json:"policies"`
		}
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if json.Unmarshal(data, &plain) != nil || plain.Range.Start == "" || len(plain.Policies) == 0 ||
			plain.Policies[0].Summary.Successful < 0 || plain.Policies[0].Summary.Successful > 1<<53-1 {
			continue // refused, as tlsrpt's own test of the corpus has it
		}
		compared++
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nowhere(), unchecked)
			r.must(t, "backfill", file)
			agrees(t, data, r.export(t))
		})
	}
	if compared < 8 {
		t.Errorf("only %d files could be compared", compared)
	}
}

// nowhere is a mailbox for tests that need none.
func nowhere() *imaptest.Server {
	return &imaptest.Server{Kind: "none", Host: "127.0.0.1", Port: 1, TLS: "none", Username: "u", Password: "p"}
}

// What export prints of a report file agrees with the file, field by field, as
// a plain reading with encoding/json has it.
func TestExportAgreesWithTheReportFile(t *testing.T) {
	t.Parallel()
	for _, file := range corpusFiles(t, "reports/*.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nowhere(), unchecked)
			r.must(t, "backfill", file)
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			agrees(t, data, r.export(t))
		})
	}
}

// The same for mails, delivered to a mailbox and polled.
func TestExportAgreesWithTheMail(t *testing.T) {
	t.Parallel()
	s := imaptest.Memory(t)
	r := newRig(t, s, unchecked)
	byID := map[string][]byte{}
	files := corpusFiles(t, "messages/*.eml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		s.Append(t, "INBOX", nil, time.Now(), data)
		report := attached(t, data)
		var named struct {
			ID    string            `json:"report-id"`
			Range map[string]string `json:"date-range"`
		}
		if err := json.Unmarshal(report, &named); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		byID[named.ID+strings.TrimSuffix(named.Range["start-datetime"], "Z")] = report
	}
	if got := r.poll(t, "poll"); got.Recorded+got.Duplicate != len(files) || got.Recorded != len(byID) {
		t.Errorf("%+v, want %d messages with %d reports", got, len(files), len(byID))
	}
	rows := map[string][]map[string]any{}
	for _, row := range r.export(t) {
		key := row["report_id"].(string) + strings.TrimSuffix(row["start_datetime"].(string), "Z")
		rows[key] = append(rows[key], row)
	}
	for id, report := range byID {
		t.Run(id, func(t *testing.T) { agrees(t, report, rows[id]) })
	}
}

// attached returns the report in a mail, by the standard library.
func attached(t *testing.T, data []byte) []byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return unwrap(t, m.Body, m.Header.Get("Content-Transfer-Encoding"))
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatalf("no report part: %v", err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "application/tlsrpt") {
			return unwrap(t, p, p.Header.Get("Content-Transfer-Encoding"))
		}
	}
}

func unwrap(t *testing.T, body io.Reader, encoding string) []byte {
	t.Helper()
	if strings.EqualFold(encoding, "base64") {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil && err != io.ErrUnexpectedEOF { // one of them lacks its last boundary
		t.Fatal(err)
	}
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// agrees compares the exported rows with the report's JSON, policy by policy.
func agrees(t *testing.T, data []byte, rows []map[string]any) {
	t.Helper()
	var report struct {
		Organization string `json:"organization-name"`
		Contact      any    `json:"contact-info"`
		ID           string `json:"report-id"`
		Range        struct {
			Start string `json:"start-datetime"`
			End   string `json:"end-datetime"`
		} `json:"date-range"`
		Policies []struct {
			Policy  map[string]any   `json:"policy"`
			Summary map[string]any   `json:"summary"`
			Details []map[string]any `json:"failure-details"`
		} `json:"policies"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(report.Policies) {
		t.Fatalf("%d rows for %d policies", len(rows), len(report.Policies))
	}
	for i, p := range report.Policies {
		want := map[string]any{
			"organization_name": report.Organization, "contact_info": text(report.Contact), "report_id": report.ID,
			"start_datetime": strings.TrimSuffix(report.Range.Start, "Z") + "Z", "end_datetime": strings.TrimSuffix(report.Range.End, "Z") + "Z",
			"policy_type":                    strings.ToLower(text(p.Policy["policy-type"])),
			"total_successful_session_count": number(p.Summary["total-successful-session-count"]),
			"total_failure_session_count":    number(p.Summary["total-failure-session-count"]),
		}
		if d := text(p.Policy["policy-domain"]); d != "" {
			want["policy_domain"] = strings.TrimSuffix(strings.ToLower(d), ".")
		}
		details := make([]any, 0, len(p.Details))
		for _, d := range p.Details {
			details = append(details, map[string]any{
				"result_type": text(d["result-type"]), "sending_mta_ip": text(d["sending-mta-ip"]),
				"receiving_mx_hostname": strings.TrimSuffix(strings.ToLower(text(d["receiving-mx-hostname"])), "."),
				"receiving_ip":          text(d["receiving-ip"]), "failed_session_count": number(d["failed-session-count"]),
			})
		}
		got := map[string]any{}
		for key := range want {
			got[key] = rows[i][key]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("policies[%d] (-mailed +exported):\n%s", i, diff)
		}
		for _, d := range rows[i]["failure_details"].([]any) {
			for _, freer := range []string{"receiving_mx_helo", "additional_information", "failure_reason_code"} {
				delete(d.(map[string]any), freer) // read from several keys; tlsrpt's own tests compare them
			}
		}
		if diff := cmp.Diff(details, rows[i]["failure_details"]); diff != "" {
			t.Errorf("policies[%d].failure-details (-mailed +exported):\n%s", i, diff)
		}
		if s, ok := p.Policy["policy-string"].([]any); ok && want["policy_type"] == "sts" {
			if diff := cmp.Diff(s, rows[i]["policy_string"]); diff != "" {
				t.Errorf("policies[%d].policy-string (-mailed +exported):\n%s", i, diff)
			}
		}
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) float64 {
	f, _ := v.(float64)
	return f
}
