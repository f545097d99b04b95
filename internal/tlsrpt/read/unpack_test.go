package read

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"tlsbrief/internal/testing/race"
	"tlsbrief/internal/tlsrpt"
)

func gzipOf(t testing.TB, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zlibOf(t testing.TB, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipOf packs pairs of name and content.
func zipOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func utf16Of(s string, order binary.AppendByteOrder, bom bool) []byte {
	var b []byte
	if bom {
		b = order.AppendUint16(b, 0xFEFF)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// changed returns data with the byte at i, from the end where negative, changed.
func changed(data []byte, i int) []byte {
	data = bytes.Clone(data)
	if i < 0 {
		i += len(data)
	}
	data[i] ^= 0xFF
	return data
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	packed := gzipOf(t, minimal)
	second := strings.Replace(minimal, `"r-1"`, `"r-2"`, 1)
	bad := strings.Replace(minimal, partStart, `"never"`, 1)
	noDomain := strings.Replace(minimal, partDomain, "", 1)
	tests := []struct {
		name, file string
		data       []byte
		ids        string // of the reports read
		dev        string // a deviation of the first; "" for none
		err        string // in the error; "" for none
		noReport   bool
	}{
		{"plain", "", []byte(minimal), "r-1", "", "", false},
		{"gzip", "", packed, "r-1", "", "", false},
		{"gzip by name only", "x.json.gz", []byte(minimal), "r-1", "", "", false},
		{"zlib", "", zlibOf(t, minimal), "r-1", "zlib: packed with zlib", "", false},
		{"zip", "", zipOf(t, "a/../b.json", minimal), "r-1", "zip: packed with zip", "", false},
		{"zip of several", "", zipOf(t, "1.json", minimal, "readme.txt", "hello", "2.JSON", second), "r-1 r-2", "zip:", "", false},
		{"zip with a bad one", "", zipOf(t, "1.json", bad, "2.json", second), "r-2", "zip:", "zip entry 0: date-range.start-datetime", false},
		{"zip without json", "", zipOf(t, "dmarc.xml", "<x/>"), "", "", "a zip file without a .json file", true},
		{"zip cut short", "", zipOf(t, "1.json", minimal)[:100], "", "", "zip: not a valid zip file", false},
		{"zip of zip", "", zipOf(t, "1.json", string(zipOf(t, "2.json", minimal))), "", "", "packed more than once", false},
		{"gzip of two members", "", concat(gzipOf(t, minimal[:100]), gzipOf(t, minimal[100:])), "r-1", "", "", false},
		{"gzip with garbage after it", "", concat(packed, []byte("\r\n--boundary--")), "r-1", "gzip: damaged", "", false},
		{"gzip with zeros after it", "", concat(packed, make([]byte, 40)), "r-1", "gzip: damaged", "", false},
		{"gzip with a bad checksum", "", changed(packed, -5), "r-1", "gzip: damaged", "", false},
		{"gzip with a bad size", "", changed(packed, -1), "r-1", "gzip: damaged", "", false},
		{"gzip without trailer", "", packed[:len(packed)-8], "r-1", "gzip: damaged (unexpected EOF), but the report is whole", "", false},
		{"gzip cut in the trailer", "", packed[:len(packed)-3], "r-1", "gzip: damaged", "", false},
		{"gzip cut short", "", packed[:len(packed)/2], "", "", "gzip: damaged (unexpected EOF), and what can be unpacked is no whole report", false},
		{"gzip header alone", "", packed[:10], "", "", "gzip: unexpected EOF", false},
		{"gzip magic alone", "", packed[:2], "", "", "gzip: unexpected EOF", false},
		{"gzip twice", "", gzipOf(t, string(packed)), "", "", "gzip: packed more than once", false},
		{"gzip of XML", "", gzipOf(t, "<?xml version='1.0'?><feedback/>"), "", "", "XML, as DMARC reports are", true},
		{"XML", "", []byte("\n <feedback/>"), "", "", "XML, as DMARC reports are", true},
		{"text", "", []byte("Dear all,"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins like null", "", []byte("not gzip"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins like null, packed", "", gzipOf(t, "not gzip"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with true", "", []byte("true story"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with a number", "", []byte("2026 was a year"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with a quotation mark", "", []byte(`"str`), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with a quotation", "", []byte(`"str" she said`), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with a bracket", "", []byte("[x"), "", "", "neither JSON nor packed JSON", true},
		{"text that begins with a word in brackets", "", []byte("[null and void] Dear all,"), "", "", "neither JSON nor packed JSON", true},
		{"text in UTF-8", "", []byte("\u00c4rger"), "", "", "neither JSON nor packed JSON", true},
		{"null", "", []byte(" null\n"), "", "", "json: null where a report is due", false},
		{"true", "", []byte("true"), "", "", "json: true or false where a report is due", false},
		{"a string", "", gzipOf(t, `"str"`), "", "", "json: a string where a report is due", false},
		{"a list of something else", "", []byte("[7]"), "", "", "element 0: json: a number where a report is due", false},
		{"a list cut short at its beginning", "", []byte(" ["), "", "", "json: element 0: at byte 1: unexpected EOF", false},
		{"a list with garbage in it", "", []byte("[" + minimal + ",x]"), "r-1", "json: a list", "element 1: at byte ", false},
		{"an object with garbage in it", "", []byte("{x}"), "", "", "json: at byte 1: invalid character 'x'", false},
		{"empty", "", nil, "", "", "empty", true},
		{"gzip of nothing", "", gzipOf(t, ""), "", "", "empty", true},
		{"a list of reports", "", []byte(" [" + minimal + ",\n" + second + "]"), "r-1 r-2", "json: a list of reports where one is due", "", false},
		{"a list with a bad one", "", []byte("[" + minimal + "," + bad + "]"), "r-1", "json: a list", "element 1: date-range.start-datetime", false},
		{"a list cut short", "", []byte("[" + minimal + ","), "r-1", "json: a list", "element 1: at byte 643: unexpected EOF", false},
		{"an empty list", "", []byte("[]"), "", "", "an empty list", true},
		{"UTF-8 with a byte order mark", "", concat(utf8BOM(), []byte(minimal)), "r-1", "json: a byte order mark", "", false},
		{"UTF-16LE with a mark", "", utf16Of(minimal, binary.LittleEndian, true), "r-1", "utf-16", "", false},
		{"UTF-16LE", "", utf16Of(minimal, binary.LittleEndian, false), "r-1", "utf-16", "", false},
		{"UTF-16BE with a mark", "", utf16Of(minimal, binary.BigEndian, true), "r-1", "utf-16", "", false},
		{"UTF-16BE, packed", "", gzipOf(t, string(utf16Of(minimal, binary.BigEndian, false))), "r-1", "utf-16", "", false},
		{"invalid UTF-8", "", []byte(strings.Replace(minimal, "Sender Ltd", "Sender \xff\xfe Ltd", 1)), "r-1", "json: not valid UTF-8", "", false},
		{"Q11 domain by file name", "dir/s.example!Example.com!1!2.json", []byte(noDomain), "r-1", "example.com is taken from the file name", "", false},
		{"Q11 domain by the name in the zip", "reports.zip", zipOf(t, "s.example!example.com!1!2.json", noDomain), "r-1", "zip:", "", false},
		{"Q11 no domain", "report.json", []byte(noDomain), "", "", "no policy is left", false},
	}
	shared := NewReader(Limits{}) // one Reader for all: nothing of one file may be left for the next
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reports, err := shared.ReadFile(tt.file, tt.data)
			var ids []string
			for _, r := range reports {
				ids = append(ids, r.ReportID)
			}
			if got := strings.Join(ids, " "); got != tt.ids {
				t.Errorf("reports %q, want %q (error %v)", got, tt.ids, err)
			}
			if (err != nil) != (tt.err != "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !errors.Is(err, tlsrpt.ErrMalformed)) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			if errors.Is(err, tlsrpt.ErrNoReport) != tt.noReport {
				t.Errorf("error %v is ErrNoReport: %v, want %v", err, !tt.noReport, tt.noReport)
			}
			if len(reports) > 0 {
				if dev := deviations(reports[0]); !strings.Contains(dev, tt.dev) || tt.dev == "" && dev != "" {
					t.Errorf("deviations %q, want %q", dev, tt.dev)
				}
			}
		})
	}
}

// Report.JSON is the report's own text: unpacked, UTF-8, no mark.
func TestReportJSONIsTheText(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"gzip":   gzipOf(t, minimal+"\n"),
		"mark":   concat(utf8BOM(), []byte(minimal)),
		"utf-16": utf16Of(minimal, binary.LittleEndian, true),
		"zip":    zipOf(t, "a.json", "\n"+minimal),
		"list":   []byte("[" + minimal + " , " + strings.ToUpper(minimal) + "]"),
	} {
		reports, err := NewReader(Limits{}).ReadFile("", data)
		if len(reports) == 0 || string(reports[0].JSON) != minimal {
			t.Errorf("%s: %v, JSON is not what was read", name, err)
		}
	}
}

// entries returns n policies, or n failure details in one policy.
func entries(t *testing.T, policies, failures int) string {
	t.Helper()
	detail := `{"result-type":"certificate-expired","failed-session-count":1}`
	policy := `{"policy":{"policy-type":"sts","policy-domain":"example.com"},"summary":{"total-successful-session-count":1,"total-failure-session-count":1},"failure-details":[` +
		strings.TrimSuffix(strings.Repeat(detail+",", failures), ",") + `]}`
	head, _, _ := strings.Cut(minimal, `"policies":[`)
	return head + `"policies":[` + strings.TrimSuffix(strings.Repeat(policy+",", policies), ",") + `]}`
}

// Every bound refuses what is over it, names itself, and lets pass what is not.
func TestBounds(t *testing.T) {
	t.Parallel()
	nested := func(n int) string {
		return strings.Replace(minimal, partContact, partContact+`"x":`+strings.Repeat("[", n)+strings.Repeat("]", n)+",", 1)
	}
	tests := []struct {
		name   string
		limits Limits
		data   []byte
		want   string // in the error; "" for none
	}{
		{"policies", Limits{MaxPolicies: 3}, []byte(entries(t, 3, 1)), ""},
		{"one policy too many", Limits{MaxPolicies: 3}, []byte(entries(t, 4, 1)), "policies: more than 3 in one message or file, the limit reports.max_policies"},
		{"failures", Limits{MaxFailures: 6}, []byte(entries(t, 2, 3)), ""},
		{"one failure too many, all policies together", Limits{MaxFailures: 5}, []byte(entries(t, 2, 3)), "more than 5 in one message or file, the limit reports.max_failures"},
		{"bytes", Limits{MaxReport: int64(len(minimal))}, []byte(minimal), ""},
		{"one byte too many, packed", Limits{MaxReport: int64(len(minimal)) - 1}, gzipOf(t, minimal), "the limit reports.max_report"},
		{"bytes in a zip file, together", Limits{MaxReport: int64(len(minimal)) * 3 / 2}, zipOf(t, "1.json", minimal, "2.json", minimal), "the limit reports.max_report"},
		{"bytes as UTF-8", Limits{MaxReport: int64(len(minimal))}, []byte(strings.Replace(minimal, "Sender Ltd", "Sender\xffLtd", 1)), "the limit reports.max_report"},
		{"bytes from UTF-16", Limits{MaxReport: int64(len(minimal)) - 1}, utf16Of(minimal, binary.LittleEndian, true), "the limit reports.max_report"},
		{"depth", Limits{}, []byte(nested(62)), ""},
		{"too deep", Limits{}, []byte(nested(64)), "nested more than 64 levels deep"},
		{"absurdly deep", Limits{}, []byte(nested(100_000)), "nested more than 64 levels deep"},
		{"too long a string, not kept", Limits{}, []byte(strings.Replace(minimal, partContact, partContact+`"x":"`+strings.Repeat("x", maxString+1)+`",`, 1)), ""},
		{"reports in a list", Limits{}, []byte("[" + strings.Repeat(minimal+",", maxEntries) + minimal + "]"), "more than 100 reports in one list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := NewReader(tt.limits).ReadFile("", tt.data)
			if (err != nil) != (tt.want != "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !errors.Is(err, tlsrpt.ErrMalformed)) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("zip entries", func(t *testing.T) {
		t.Parallel()
		var pairs []string
		for i := range 1000 {
			pairs = append(pairs, fmt.Sprintf("%d.json", i), "{}")
		}
		for _, n := range []int{2 * (maxEntries + 1), len(pairs)} {
			if _, err := NewReader(Limits{}).ReadFile("", zipOf(t, pairs[:n]...)); err == nil || !strings.Contains(err.Error(), "zip: more than 100 entries") {
				t.Errorf("%d entries: %v", n/2, err)
			}
		}
	})
}

// A thousand deviations are not a thousand lines, but none is lost track of.
func TestDeviationsAreBounded(t *testing.T) {
	t.Parallel()
	src := strings.ReplaceAll(entries(t, 500, 1), `"failed-session-count":1`, `"failed-session-count":"1"`)
	src = strings.Replace(src, `"total-successful-session-count":1}`, `"total-successful-session-count":-1}`, 1)
	src = strings.TrimSuffix(src, "]}") + `,{"policy":{"policy-domain":"last.example","policy-type":"sts"},"summary":{"total-successful-session-count":-7}}]}`
	r, err := NewReader(Limits{}).Decode(strings.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Deviations); n > 2*maxDeviations+1 {
		t.Errorf("%d deviations", n)
	}
	dev := deviations(r)
	for _, want := range []string{"more deviations, not listed", "policies[500].summary.total-successful-session-count: -7 is negative; the policy is set aside"} {
		if !strings.Contains(dev, want) {
			t.Errorf("deviations lack %q", want)
		}
	}
}

// Reading the largest report takes the memory of its text, and not a multiple.
func TestPeakMemoryIsThatOfTheReport(t *testing.T) {
	race.SkipMemory(t)
	const size = 32 << 20
	packed := gzipOf(t, strings.Replace(minimal, partContact, partContact+strings.Repeat(" ", size-len(minimal)), 1))
	rd := NewReader(Limits{})
	if _, err := rd.ReadFile("", gzipOf(t, minimal)); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	reports, err := rd.ReadFile("", packed)
	runtime.ReadMemStats(&after)
	if err != nil || len(reports[0].JSON) != size {
		t.Fatalf("JSON of %d bytes, %v", len(reports[0].JSON), err)
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > size+1<<20 {
		t.Errorf("allocated %d bytes for a report of %d", total, size)
	}
}

// A gzip trailer may lie about the size.
func TestGzipSizeLies(t *testing.T) {
	t.Parallel()
	packed := gzipOf(t, minimal)
	for _, size := range []uint32{0, 1, 1 << 20, 1<<32 - 1} {
		data := bytes.Clone(packed)
		binary.LittleEndian.PutUint32(data[len(data)-4:], size)
		if reports, err := NewReader(Limits{}).ReadFile("", data); err != nil || len(reports) != 1 {
			t.Errorf("size %d: %v", size, err)
		}
		if got := gzipSize(data); got > 1032*len(data) {
			t.Errorf("gzipSize = %d for %d bytes", got, len(data))
		}
	}
}

type failingReader struct{}

var errBroken = errors.New("broken pipe")

func (failingReader) Read([]byte) (int, error) { return 0, errBroken }

// An error of the source is no fault of the report: a retry may cure it.
func TestDecodeTellsReadErrors(t *testing.T) {
	t.Parallel()
	_, err := NewReader(Limits{}).Decode(io.MultiReader(strings.NewReader(minimal[:50]), failingReader{}))
	if !errors.Is(err, errBroken) || errors.Is(err, tlsrpt.ErrMalformed) {
		t.Errorf("error = %v, want the source's", err)
	}
}
