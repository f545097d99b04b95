// Package read reads SMTP TLS reports, RFC 8460.
//
// A [Reader] reads reports from their JSON ([Reader.Decode], section 4.4), from
// files however packed ([Reader.ReadFile]) and from mails ([Reader.ReadMail],
// section 5.3). [ClassifyHeader] and [ClassifyPart] tell from header fields
// alone which mail can be a report, so that other people's mail need not be
// fetched.
//
// # Trust
//
// The sender chooses every byte. This package bounds what it reads, in bytes,
// unpacked bytes, depth, parts and items ([Limits]), while it reads; it checks
// counts and dates; and every string it hands out is valid UTF-8 of bounded
// length. It does not know whether a report is genuine: section 3 leaves that to
// a DKIM signature, and [Found] names the message that must bear it.
//
// # Tolerance
//
// What real senders get wrong is read as RFC 8460 means it and listed in
// [tlsrpt.Report.Deviations]; the quirks are cited as Q1 to Q34. A fault of one
// value costs as little as can be: an unknown type is kept, a failure detail or a
// policy with an impossible count is set aside, and only a report without
// identity, date or any policy left is an error. Such errors wrap
// [tlsrpt.ErrMalformed], and a [tlsrpt.FieldError] in them names the field and
// the rule.
package read

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tlsbrief/internal/tlsrpt"
)

// Limits bounds what a [Reader] takes in. They hold while it reads, not after.
// Those of reports hold for all reports of one message or file together, since
// anybody can put many into one. A limit of zero or less means the one of
// [DefaultLimits].
type Limits struct {
	MaxMessage  int64 // bytes of a mail message
	MaxReport   int64 // bytes of reports, unpacked
	MaxPolicies int   // policies
	MaxFailures int   // failure details
}

// DefaultLimits returns the limits of DESIGN 6.
func DefaultLimits() Limits {
	return Limits{MaxMessage: 10 << 20, MaxReport: 64 << 20, MaxPolicies: 10_000, MaxFailures: 100_000}
}

// Bounds that no sender comes near and no setting changes.
const (
	maxDepth      = 64       // levels of JSON
	maxString     = 64 << 10 // bytes of one string that is looked at
	maxDeviations = 100      // deviations of one report listed one by one
	maxNotes      = 1000     // the same of all reports of one message or file, of which each may have fewNotes
	fewNotes      = 10
	maxEntries    = 100      // reports in one message, zip file or JSON array
	maxPadding    = 64 << 10 // bytes that a report may hold besides its JSON, if that is shorter
	maxUnknown    = 50       // unknown keys of one report that are compared with the known ones
	maxMIMEDepth  = 20
	maxMIMEParts  = 1000
	maxField      = 998 // runes of a header field that is kept
)

// A Reader reads TLS reports. It keeps its buffers from one report to the next
// and is therefore not for concurrent use; make one for each goroutine.
type Reader struct {
	limits Limits
	left   budget // of the message or file being read
	gzip   *gzip.Reader
	json   *jsontext.Decoder
	names  map[string]string // the known keys, to read them without allocating
	keys   []string          // the same as a list

	raw        []byte // what was unpacked last, without damage
	packed     int    // bytes that what is being read was packed into; 0: it was not
	loose      bool   // what was read since it was reset holds more than the report
	recognized bool   // what was decoded since it was reset had the keys of a report
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

// Limits returns the limits that the Reader reads within.
func (rd *Reader) Limits() Limits { return rd.limits }

// Decode reads one report as JSON (RFC 8460, section 4.4), already unpacked,
// until src ends. An error of src is returned wrapped; any other error wraps
// [tlsrpt.ErrMalformed], and errors.As finds in it a [tlsrpt.FieldError] that names the field
// and the rule.
//
// A policy without a policy-domain takes it from the report-id, where that
// shows one (Q11). ReadFile and ReadMail know more places to look.
func (rd *Reader) Decode(src io.Reader) (*tlsrpt.Report, error) {
	size := 0
	if s, ok := src.(interface{ Len() int }); ok {
		size = s.Len()
	}
	rd.begin()
	raw, err := rd.readBounded(src, size)
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	text, devs, err := rd.toUTF8(raw)
	if err != nil {
		return nil, err
	}
	return rd.decodeText(text, devs, hints{})
}

// A budget is what may still be taken in of one message or file.
type budget struct {
	bytes                             int64 // unpacked
	reports, policies, details, notes int
	kept                              int // bytes: see maxKept
}

// begin gives the next message or file what the limits allow.
func (rd *Reader) begin() {
	rd.left = budget{rd.limits.MaxReport, maxEntries, rd.limits.MaxPolicies, rd.limits.MaxFailures, maxNotes, maxKept}
}

// spent reports whether nothing more can be taken in.
func (rd *Reader) spent() bool { return rd.left.bytes <= 0 || rd.left.reports <= 0 }

// toUTF8 converts raw, which has been charged to the budget, and charges what it
// grows by.
func (rd *Reader) toUTF8(raw []byte) ([]byte, []tlsrpt.Deviation, error) {
	text, devs, err := toUTF8(raw, rd.left.bytes+int64(len(raw)))
	if err != nil {
		rd.left.bytes = 0
		return nil, nil, tooLarge(rd.limits.MaxReport)
	}
	rd.left.bytes -= max(int64(len(text)-len(raw)), 0)
	return text, devs, nil
}

// decodeText reads the first JSON value of text as a report. Report.JSON and the
// report's strings are parts of text, unless it is mostly something else.
func (rd *Reader) decodeText(text []byte, devs []tlsrpt.Deviation, h hints) (*tlsrpt.Report, error) {
	if rd.left.reports <= 0 {
		return nil, tooMany()
	}
	rd.json.Reset(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	d := decoder{json: rd.json, names: rd.names, keys: rd.keys, limits: rd.limits, left: rd.left, hints: h, report: new(tlsrpt.Report), policy: -1, detail: -1}
	d.mayKeep = rd.left.mayKeepOf(len(text), rd.packed)
	d.deviations = append(d.deviations, devs...)
	defer rd.json.Reset(bytes.NewBuffer(nil)) // or the Reader would hold the last report
	err := d.read()
	rd.recognized = rd.recognized || d.known >= 3
	if err != nil {
		return nil, err
	}
	end := rd.json.InputOffset()
	if rest := bytes.TrimLeft(text[end:], blanks); len(rest) > 0 {
		const follows = "something follows the report; only the first JSON document was read"
		d.noteAt("json", ruleJSON, follows)
		rd.loose = true
		devs = append(devs[:len(devs):len(devs)], deviation("json", follows, ruleJSON))
	}
	d.report.JSON = bytes.TrimLeft(text[:end:end], blanks)
	if n := len(d.report.JSON); cap(text)-n > max(n, maxPadding) {
		// Padding, of which there may be much, must not live as long as the report.
		return rd.decodeText(bytes.Clone(d.report.JSON), devs, h)
	}
	d.report.Deviations = d.listed()
	rd.left.reports--
	rd.left.policies -= len(d.report.Policies)
	rd.left.details -= d.details
	rd.left.notes -= len(d.deviations)
	rd.left.kept -= d.kept
	return d.report, nil
}

// blanks are the white space of JSON.
const blanks = " \t\r\n"

// readBounded reads src to its end, which must come within the budget. A good
// guess of the size saves copying.
func (rd *Reader) readBounded(src io.Reader, size int) ([]byte, error) {
	limit := rd.left.bytes
	buf := bytes.NewBuffer(make([]byte, 0, int(min(int64(size), limit))+bytes.MinRead+1))
	n, err := buf.ReadFrom(io.LimitReader(src, limit+1))
	rd.left.bytes -= min(n, limit)
	switch {
	case n > limit:
		return nil, tooLarge(rd.limits.MaxReport)
	case err != nil:
		return buf.Bytes(), err
	}
	return buf.Bytes(), nil
}

// tooMany is the error for more than maxEntries reports.
func tooMany() error {
	return fault("report", ruleBounds, "more than %d reports in one message or file", maxEntries)
}

// tooLarge is the error for reports over MaxReport.
func tooLarge(limit int64) error {
	return fault("report", ruleBounds, "larger than %d bytes unpacked, the limit reports.max_report", limit)
}
