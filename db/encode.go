package db

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

const secondsPerDay = 24 * 60 * 60

// instant is a time as it is stored: NULL where it is zero.
func instant(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

// timeOf is the time of what instant stored.
func timeOf(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return unix(n.Int64)
}

// unix is a stored time that is never NULL.
func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// after returns, as it is stored, a moment some time after another.
func after(seconds int64, wait time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: seconds + int64(wait/time.Second), Valid: true}
}

// dayOf is a time's UTC day as it is stored. It rounds towards the past, also
// before 1970.
func dayOf(t time.Time) int64 {
	s := t.Unix()
	day := s / secondsPerDay
	if s%secondsPerDay < 0 {
		day--
	}
	return day
}

// dayTime is the midnight that begins a stored day.
func dayTime(day int64) time.Time { return unix(day * secondsPerDay) }

// daySpan is the half-open interval of stored days whose midnight lies in
// [from, to). A zero time does not bound it.
func daySpan(from, to time.Time) (first, end int64) {
	first, end = -1<<40, 1<<40 // beyond any time.Time that has a calendar date
	if !from.IsZero() {
		first = dayFrom(from)
	}
	if !to.IsZero() {
		end = dayFrom(to)
	}
	return first, end
}

// dayFrom is the first day whose midnight is not before t.
func dayFrom(t time.Time) int64 {
	day := dayOf(t)
	if dayTime(day).Before(t) {
		day++
	}
	return day
}

// maxField bounds, in bytes, what is kept of one field of a message's header or
// of an error: enough to know it by, whatever a stranger sends.
const maxField = 1000

// clip makes a stranger's string fit to be kept: valid UTF-8, and not too long.
func clip(s string) string {
	if len(s) > maxField {
		end := maxField
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// listJSON stores a list of strings.
func listJSON(list []string) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// listOf reads what listJSON stored; nil for an empty list.
func listOf(s string) ([]string, error) {
	if s == "[]" {
		return nil, nil
	}
	var list []string
	err := json.Unmarshal([]byte(s), &list)
	return list, err
}

// deviationsJSON stores deviations as a list of [path, what, rule].
func deviationsJSON(list []tlsrpt.Deviation) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	rows := make([][3]string, len(list))
	for i, d := range list {
		rows[i] = [3]string{d.Path, d.What, d.Rule}
	}
	b, err := json.Marshal(rows)
	return string(b), err
}

// deviationsOf reads what deviationsJSON stored.
func deviationsOf(s string) ([]tlsrpt.Deviation, error) {
	if s == "[]" {
		return nil, nil
	}
	var rows [][3]string
	if err := json.Unmarshal([]byte(s), &rows); err != nil {
		return nil, err
	}
	list := make([]tlsrpt.Deviation, len(rows))
	for i, r := range rows {
		list[i] = tlsrpt.Deviation{Path: r[0], What: r[1], Rule: r[2]}
	}
	return list, nil
}

// A packer compresses, and reuses what that takes: a compressor is large.
type packer struct{ pool sync.Pool }

// pack returns data as gzip.
func (p *packer) pack(data []byte) ([]byte, error) {
	z, ok := p.pool.Get().(*gzip.Writer)
	if !ok {
		var err error
		if z, err = gzip.NewWriterLevel(nil, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	defer p.pool.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpack returns what pack was given. A report may be packed by its sender, but was
// unpacked within bounds before it was recorded: it needs none here.
func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	return out, nil
}
