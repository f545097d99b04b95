package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/miekg/dns"

	"tlsbrief/internal/dnstest"
	"tlsbrief/internal/imaptest"
	"tlsbrief/internal/samples"
)

// mostMemory is what the program may take for any message of the allowed size,
// in bytes of resident memory: itself, the message, and what it unpacks to.
const mostMemory = 128 << 20

// Whatever a stranger mails in within the size allowed, reading and recording it
// takes no more memory than promised. The signature's key can't be looked up, so
// that the message is kept for another try on top.
func TestPeakMemoryOfAnyMessage(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	pad := strings.Repeat(" ", 61*mib)
	for _, tt := range []struct {
		name  string
		parts [][]byte // each a packed report
		n     int      // how often
	}{
		{"padded with blanks", [][]byte{packed(t, hostile(pad, `"version: STSv1"`, 1, 0))}, 1},
		{"sixty that unpack to the limit each", [][]byte{packed(t, hostile(pad, `"x"`, 1, 0))}, 60},
		{"blanks and no report", [][]byte{packed(t, pad)}, 60},
		{"one long string", [][]byte{packed(t, hostile(`"x":"`+strings.Repeat("a", 61*mib)+`",`, `"x"`, 1, 0))}, 1},
		{"UTF-16 that doubles what it takes", [][]byte{packed(t, utf16Text(hostile(pad[:30*mib], `"x"`, 1, 0)))}, 1},
		{"bytes that are no UTF-8, mended to three times their size", [][]byte{packed(t, hostile(`"x":"`+strings.Repeat("\xff", 20*mib)+`",`, `"x"`, 1, 0))}, 1},
		{"as many policy strings as are read", [][]byte{packed(t, hostile("", strings.Repeat(`"`+strings.Repeat("abcde", 10)+`",`, 999_000)+`"x"`, 1, 0))}, 1},
		{"as many policies", [][]byte{packed(t, hostile("", `"x"`, 9_999, 10))}, 1},
		{"as many failure details", [][]byte{packed(t, hostile("", `"x"`, 1, 99_999))}, 1},
		{"what cannot be packed", [][]byte{noiseBytes(7 * mib)}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := imaptest.Memory(t)
			keys := dnstest.New(t)
			keys.Fail("s._domainkey.reports.example", dns.RcodeServerFailure)
			key, err := samples.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			var parts [][]byte
			for range tt.n {
				parts = append(parts, tt.parts...)
			}
			data, err := key.Sign(reportMail(parts), samples.Signature{Domain: "reports.example", Selector: "s", At: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > 10*mib {
				t.Fatalf("the mail is %d bytes, which is not allowed", len(data))
			}
			s.Append(t, "INBOX", nil, time.Now(), data)
			r := newRig(t, s, fmt.Sprintf("[dns]\nserver = %q\n", keys.Addr()))
			out, peak := r.peak(t, "poll", "--json")
			if got := totals(t, out); got.Recorded+got.Rejected != 1 {
				t.Errorf("%+v, want one message recorded or rejected", got)
			}
			if peak > mostMemory {
				t.Errorf("%d MiB of memory, want no more than %d", peak/mib, mostMemory/mib)
			}
			t.Logf("%d MiB", peak/mib)
		})
	}
}

// peak runs tlsbrief as a process of its own and returns what it prints and the
// most memory it had resident, in bytes.
func (r *rig) peak(t *testing.T, args ...string) (stdout string, peak int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "status")
	cmd := r.command(t.Context(), args...)
	cmd.Env = append(cmd.Env, statusFile+"="+file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tlsbrief %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	status, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kib, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return string(out), kib << 10
		}
	}
	t.Fatalf("no VmHWM in %q", status)
	return "", 0
}

// hostile is a report with something in front of its first key, with so many
// policies of so many failure details each.
func hostile(front, policyStrings string, policies, details int) string {
	detail := `{"result-type":"validation-failure","failed-session-count":1,"receiving-mx-hostname":"mx.example.com"}`
	policy := `{"policy":{"policy-type":"sts","policy-domain":"example.com","policy-string":[` + policyStrings + `]},` +
		`"summary":{"total-successful-session-count":1,"total-failure-session-count":1},"failure-details":[` + commas(detail, details) + `]}`
	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	return `{` + front + `"organization-name":"x","date-range":{"start-datetime":"` + day + `T00:00:00Z","end-datetime":"` + day + `T23:59:59Z"},` +
		`"contact-info":"a@reports.example","report-id":"1","policies":[` + commas(policy, policies) + `]}`
}

// commas writes the same so many times, with commas between.
func commas(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func utf16Text(s string) string {
	units := utf16.Encode([]rune("\ufeff" + s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// noiseBytes are a gzip header and bytes without any pattern to pack.
func noiseBytes(n int) []byte {
	b := append(make([]byte, 0, n), 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3)
	for x := uint64(1); len(b) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

// reportMail is a mail with the parts as reports.
func reportMail(parts [][]byte) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@reports.example\r\nSubject: Report Domain: example.com\r\nTLS-Report-Domain: example.com\r\nTLS-Report-Submitter: reports.example\r\n" +
		"Message-ID: <1@reports.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n")
	for _, p := range parts {
		b.WriteString("--b\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		for text := base64.StdEncoding.EncodeToString(p); len(text) > 0; {
			n := min(76, len(text))
			b.WriteString(text[:n] + "\r\n")
			text = text[n:]
		}
	}
	b.WriteString("--b--\r\n")
	return b.Bytes()
}
