package read

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/tlsrpt"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// Each testdata/golden/NAME.json decodes to what NAME.golden says.
func TestGolden(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(inputs) < 5 {
		t.Fatalf("inputs %v, %v", inputs, err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(input), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			r, err := NewReader(Limits{}).Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if want := bytes.TrimSpace(data); !bytes.Equal(r.JSON, want) {
				t.Errorf("JSON differs from the file (-want +got):\n%s", cmp.Diff(string(want), string(r.JSON)))
			}
			golden(t, strings.TrimSuffix(input, ".json")+".golden", dump(t, r))
		})
	}
}

// dump writes a report down for people to read and for cmp.
func dump(t *testing.T, r *tlsrpt.Report) string {
	t.Helper()
	lines := make([]string, 0, len(r.Deviations))
	for _, d := range r.Deviations {
		lines = append(lines, d.String())
	}
	shown := *r
	shown.JSON, shown.Deviations = nil, nil
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(struct {
		Report     tlsrpt.Report
		Deviations []string
	}{shown, lines}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test ./tlsrpt -update and read the diff)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestForwardedMail(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/mail-forwarded.eml")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"as it is": data, "as IMAP hands it out": bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))} {
		m, err := NewReader(Limits{}).ReadMail(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f := m.Found[0]
		want := Envelope{
			From: "tls-reports@courier.example", FromDomain: "courier.example",
			Subject:   "Report Domain: harbour.example Submitter: courier.example Report-ID: <c-1>",
			MessageID: "c-1@courier.example", Submitter: "courier.example", SubmitterIn: "tls-report-submitter", PolicyDomain: "harbour.example",
			Received: time.Date(2026, 3, 2, 1, 0, 1, 0, time.UTC),
		}
		if diff := cmp.Diff(want, f.Envelope); diff != "" || !f.Forwarded {
			t.Errorf("%s: forwarded %v (-want +got):\n%s", name, f.Forwarded, diff)
		}
		if m.Envelope.Subject != "Fwd: Grüße" || m.Envelope.FromDomain != "harbour.example" {
			t.Errorf("%s: outer envelope %+v", name, m.Envelope)
		}
		if !bytes.HasPrefix(f.Message, []byte("Received: from mail.courier.example")) || !bytes.HasSuffix(bytes.TrimSpace(f.Message), []byte("--inner")) {
			t.Errorf("%s: the inner message is %q", name, f.Message)
		}
		if r := f.Report; r.Policies[0].Domain != "harbour.example" || !strings.Contains(deviations(r), "the last boundary is missing") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
