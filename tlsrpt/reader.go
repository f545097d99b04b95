package tlsrpt

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits bounds what a [Reader] takes in. They hold while it reads, not after.
// A limit of zero or less means the one of [DefaultLimits].
type Limits struct {
	MaxMessage  int64 // bytes of a mail message
	MaxReport   int64 // bytes of one report, decompressed; also of all reports of one zip file together
	MaxPolicies int   // policies of one report
	MaxFailures int   // failure details of one report, all policies together
}

// DefaultLimits returns the limits of DESIGN 6.
func DefaultLimits() Limits {
	return Limits{MaxMessage: 10 << 20, MaxReport: 64 << 20, MaxPolicies: 10_000, MaxFailures: 100_000}
}

// ReaderVersion rises whenever a Reader learns to read what it refused before,
// so that what an older one refused can be looked at again.
const ReaderVersion = 1

// Bounds that no sender comes near and no setting changes.
const (
	maxDepth      = 64        // levels of JSON
	maxString     = 64 << 10  // bytes of one string that is kept
	maxListItems  = 1_000_000 // policy strings and mx-hosts of one report
	maxDeviations = 100       // deviations listed one by one
	maxEntries    = 100       // reports in one zip file or JSON array
	maxUnknown    = 50        // unknown keys of one report that are compared with the known ones
	maxMIMEDepth  = 20
	maxMIMEParts  = 1000
	maxField      = 998 // runes of a header field that is kept
)

// A Reader reads TLS reports. It keeps its buffers from one report to the next
// and is therefore not for concurrent use; make one for each goroutine.
type Reader struct {
	limits Limits
	gzip   *gzip.Reader
	json   *jsontext.Decoder
	names  map[string]string // the known keys, to read them without allocating
	keys   []string          // the same as a list

	recognized bool // what was decoded since it was reset had the keys of a report
}

// NewReader returns a Reader that reads within the given limits.
func NewReader(l Limits) *Reader {
	d := DefaultLimits()
	if l.MaxMessage <= 0 {
		l.MaxMessage = d.MaxMessage
	}
	if l.MaxReport <= 0 {
		l.MaxReport = d.MaxReport
	}
	if l.MaxPolicies <= 0 {
		l.MaxPolicies = d.MaxPolicies
	}
	if l.MaxFailures <= 0 {
		l.MaxFailures = d.MaxFailures
	}
	keys, names := knownKeys(), make(map[string]string)
	for _, k := range keys {
		names[k] = k
	}
	return &Reader{limits: l, json: new(jsontext.Decoder), names: names, keys: keys}
}

// Decode reads one report as JSON (RFC 8460, section 4.4), already unpacked,
// until src ends. An error of src is returned wrapped; any other error wraps
// [ErrMalformed], and errors.As finds in it a [FieldError] that names the field
// and the rule.
//
// A policy without a policy-domain takes it from the report-id, where that
// shows one (Q11). ReadFile and ReadMail know more places to look.
func (rd *Reader) Decode(src io.Reader) (*Report, error) {
	size := 0
	if s, ok := src.(interface{ Len() int }); ok {
		size = s.Len()
	}
	raw, err := readBounded(src, rd.limits.MaxReport, size)
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	return rd.decode(raw, hints{})
}

// decode reads one report from raw, which it keeps: Report.JSON aliases it
// unless it had to be converted to UTF-8.
func (rd *Reader) decode(raw []byte, h hints) (*Report, error) {
	text, devs, err := toUTF8(raw, rd.limits.MaxReport)
	if err != nil {
		return nil, err
	}
	return rd.decodeText(text, devs, h)
}

// decodeText reads the first JSON value of text as a report.
func (rd *Reader) decodeText(text []byte, devs []Deviation, h hints) (*Report, error) {
	rd.json.Reset(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	d := decoder{json: rd.json, names: rd.names, keys: rd.keys, limits: rd.limits, hints: h, report: new(Report), policy: -1, detail: -1}
	d.deviations = append(d.deviations, devs...)
	defer rd.json.Reset(bytes.NewBuffer(nil)) // or the Reader would hold the last report
	err := d.read()
	rd.recognized = rd.recognized || d.known >= 3
	if err != nil {
		return nil, err
	}
	end := rd.json.InputOffset()
	if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 {
		d.noteAt("json", ruleJSON, "something follows the report; only the first JSON document was read")
	}
	d.report.JSON = bytes.TrimLeft(text[:end:end], " \t\r\n")
	d.report.Deviations = d.listed()
	return d.report, nil
}

// readBounded reads src to its end, which must come within limit bytes. A good
// guess of the size saves copying.
func readBounded(src io.Reader, limit int64, size int) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, int(min(int64(size), limit))+bytes.MinRead+1))
	n, err := buf.ReadFrom(io.LimitReader(src, limit+1))
	switch {
	case n > limit:
		return nil, tooLarge(limit)
	case err != nil:
		return buf.Bytes(), err
	}
	return buf.Bytes(), nil
}

// tooLarge is the error for a report over MaxReport.
func tooLarge(limit int64) error {
	return fault("report", ruleBounds, "larger than %d bytes unpacked, the limit reports.max_report", limit)
}
