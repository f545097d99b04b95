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

	"github.com/go-json-experiment/json/jsontext"

	"tlsbrief/internal/tlsrpt"
)

// A packing is how a report file is wrapped, told from its first bytes: names
// and labels are often wrong (Q16, Q17).
type packing int

const (
	unpacked packing = iota
	gzipped
	zlibbed
	zipped
)

func packingOf(data []byte) packing {
	switch {
	case len(data) < 2:
	case data[0] == 0x1F && data[1] == 0x8B: // RFC 1952, section 2.3.1
		return gzipped
	case data[0] == 0x78 && binary.BigEndian.Uint16(data)%31 == 0: // RFC 1950, section 2.2
		return zlibbed
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return zipped
	}
	return unpacked
}

// ReadFile reads a report file: JSON, or JSON packed with gzip, zlib or zip,
// told by its content. name is only a hint: of all it says, the domain in a
// name of RFC 8460, section 5.1, stands in for a policy-domain that the report
// lacks.
//
// A zip file or a JSON array may hold several reports. Those that could be read
// are returned even where others could not, and the error then stands for the
// others. It wraps [tlsrpt.ErrMalformed], and [tlsrpt.ErrNoReport] where the data is something
// else altogether, such as XML.
func (rd *Reader) ReadFile(name string, data []byte) ([]*tlsrpt.Report, error) {
	rd.begin()
	return rd.readPacked(data, hints{file: name})
}

// readPacked reads the reports in data, whatever it is packed with.
func (rd *Reader) readPacked(data []byte, h hints) ([]*tlsrpt.Report, error) {
	rd.packed = 0
	if packingOf(data) != unpacked {
		rd.packed = len(data)
	}
	switch packingOf(data) {
	case gzipped:
		return rd.readGzip(data, h)
	case zlibbed:
		rd.loose = true // what follows the stream is not looked at
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fault("zlib", ruleGzip, "%w", err)
		}
		return rd.readStream(z, "zlib", 0, h, deviation("zlib", "packed with zlib where gzip is due", ruleGzip))
	case zipped:
		rd.loose = true // there may be anything between the entries
		return rd.readZip(data, h)
	}
	if rd.left.bytes -= int64(len(data)); rd.left.bytes < 0 {
		rd.left.bytes = 0
		return nil, tooLarge(rd.limits.MaxReport)
	}
	return rd.readPlain(data, h, nil)
}

// readGzip reads a gzip stream, of several members too.
func (rd *Reader) readGzip(data []byte, h hints) ([]*tlsrpt.Report, error) {
	src := bytes.NewReader(data)
	var err error
	if rd.gzip == nil {
		rd.gzip, err = gzip.NewReader(src)
	} else {
		err = rd.gzip.Reset(src)
	}
	if err != nil {
		return nil, fault("gzip", ruleGzip, "%w", err)
	}
	reports, err := rd.readStream(rd.gzip, "gzip", gzipSize(data), h)
	if err == nil && len(reports) == 1 && same(reports[0].JSON, rd.raw) && len(data) <= len(rd.raw)+maxPackedExtra {
		reports[0].Packed = bytes.Clone(data) // which may lie in the whole message
	}
	rd.raw = nil
	return reports, err
}

// maxPackedExtra is how many bytes a gzip stream may be longer than what is in it:
// its header may hold much that is of no use.
const maxPackedExtra = 100

// same reports whether two slices are the same bytes in memory.
func same(a, b []byte) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// gzipSize guesses the unpacked size from the last four bytes, which may lie:
// never more than deflate can make of so much data.
func gzipSize(data []byte) int {
	const most = 1032 // RFC 1951: 258 bytes of output for two bits of input
	if len(data) < 18 {
		return 0
	}
	return int(min(int64(binary.LittleEndian.Uint32(data[len(data)-4:])), int64(len(data))*most))
}

// readStream reads what an unpacker hands out. Damage that leaves the report
// whole is noted.
func (rd *Reader) readStream(src io.Reader, name string, size int, h hints, devs ...tlsrpt.Deviation) ([]*tlsrpt.Report, error) {
	raw, damage := rd.readBounded(src, size)
	var over *tlsrpt.FieldError
	switch {
	case errors.As(damage, &over):
		return nil, damage
	case damage != nil && len(raw) == 0:
		return nil, fault(name, ruleGzip, "%w", damage)
	case damage != nil:
		rd.loose = true
		devs = append(devs, deviation(name, "damaged ("+damage.Error()+"), but the report is whole", ruleGzip))
	}
	if packingOf(raw) != unpacked {
		return nil, fault(name, ruleGzip, "packed more than once")
	}
	if damage == nil {
		rd.raw = raw
	}
	reports, err := rd.readPlain(raw, h, devs)
	if damage != nil && err != nil && len(reports) == 0 {
		return nil, fault(name, ruleGzip, "damaged (%w), and what can be unpacked is no whole report: %w", damage, err)
	}
	return reports, err
}

// readPlain reads what is not packed (any more).
func (rd *Reader) readPlain(raw []byte, h hints, devs []tlsrpt.Deviation) ([]*tlsrpt.Report, error) {
	text, more, err := rd.toUTF8(raw)
	if err != nil {
		return nil, err
	}
	devs = append(devs, more...)
	start := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("%w: empty", tlsrpt.ErrNoReport)
	case start[0] == '<':
		return nil, fmt.Errorf("%w: XML, as DMARC reports are", tlsrpt.ErrNoReport)
	case start[0] == '[':
		return rd.readArray(start, h, devs)
	case start[0] != '{' && !jsontext.Value(start).IsValid():
		return nil, errNotJSON()
	}
	r, err := rd.decodeText(text, devs, h)
	if err != nil {
		return nil, err
	}
	return []*tlsrpt.Report{r}, nil
}

func errNotJSON() error { return fmt.Errorf("%w: neither JSON nor packed JSON", tlsrpt.ErrNoReport) }

// readArray reads a list of reports, of which RFC 8460 knows nothing.
func (rd *Reader) readArray(text []byte, h hints, devs []tlsrpt.Deviation) ([]*tlsrpt.Report, error) {
	devs = append(devs, deviation("json", "a list of reports where one is due", ruleSchema))
	elements := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := elements.ReadToken(); err != nil {
		return nil, fault("json", ruleJSON, "%w", err)
	}
	var reports []*tlsrpt.Report
	var failed faults
	objects := false
	for n := 0; elements.PeekKind() != ']'; n++ {
		objects = objects || elements.PeekKind() == '{'
		if n == maxEntries {
			return reports, append(failed, fault("json", ruleBounds, "more than %d reports in one list", maxEntries)).joined()
		}
		v, err := elements.ReadValue()
		if err != nil {
			at, err := whereInJSON(err, elements.InputOffset())
			if !objects && !errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, errNotJSON() // but text that begins with a bracket
			}
			return reports, append(failed, fault("json", ruleJSON, "element %d: at byte %d: %w", n, at, err)).joined()
		}
		// It stays where it is, since the whole text has been read: a list of the largest
		// size must not be there twice.
		r, err := rd.decodeText(v[:len(v):len(v)], devs, h)
		if err != nil {
			failed = append(failed, fmt.Errorf("element %d: %w", n, err))
			continue
		}
		reports = append(reports, r)
	}
	if len(reports)+len(failed) == 0 {
		return nil, fmt.Errorf("%w: an empty list", tlsrpt.ErrNoReport)
	}
	return reports, failed.joined()
}

// readZip reads every .json entry of a zip file. Their names are compared, and
// never used as paths. The budget
// bounds them together.
func (rd *Reader) readZip(data []byte, h hints) ([]*tlsrpt.Report, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > 2*maxEntries { // one central header an entry, found without reading them
		return nil, fault("zip", ruleBounds, "more than %d entries", maxEntries)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fault("zip", ruleGzip, "%w", err)
	}
	if len(archive.File) > maxEntries {
		return nil, fault("zip", ruleBounds, "more than %d entries", maxEntries)
	}
	var reports []*tlsrpt.Report
	var failed faults
	for i, f := range archive.File {
		stem, ok := trimJSON(f.Name)
		if !ok || stem == "" {
			continue
		}
		if FileNameLooksLikeReport(f.Name) {
			h.file = f.Name
		}
		got, err := rd.readEntry(f, h)
		reports = append(reports, got...)
		if err == nil {
			continue
		}
		failed = append(failed, fmt.Errorf("zip entry %d: %w", i, err))
		if rd.spent() {
			return reports, failed.joined()
		}
	}
	if len(reports)+len(failed) == 0 {
		return nil, fmt.Errorf("%w: a zip file without a .json file", tlsrpt.ErrNoReport)
	}
	return reports, failed.joined()
}

// readEntry reads one entry of a zip file.
func (rd *Reader) readEntry(f *zip.File, h hints) ([]*tlsrpt.Report, error) {
	src, err := f.Open()
	if err != nil {
		return nil, fault("zip", ruleGzip, "%w", err)
	}
	defer src.Close()
	size := int(min(f.UncompressedSize64, f.CompressedSize64*1032, uint64(rd.left.bytes)))
	return rd.readStream(src, "zip", size, h, deviation("zip", "packed with zip where gzip is due", ruleGzip+", Q16"))
}
