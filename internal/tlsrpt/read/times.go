package read

import (
	"errors"
	"strings"
	"time"
)

var errNotTime = errors.New("is not a date and time")

// parseTime reads an RFC 3339 date-time, and what senders write for one. odd
// says what is odd about it, empty for a proper one. The result is in UTC.
func parseTime(s string) (t time.Time, odd string, err error) {
	s = strings.TrimSpace(s)
	if t, err = time.Parse(time.RFC3339, s); err == nil {
		return plausible(t, "")
	}
	if len(s) > 64 {
		return time.Time{}, "", errNotTime
	}
	tidy, late := tidyTime(s)
	for _, form := range [...]struct{ layout, odd string }{
		{"2006-01-02T15:04:05Z07:00", "not in the form of RFC 3339"},
		{"2006-01-02T15:04:05Z0700", "not in the form of RFC 3339"},
		{"2006-01-02T15:04:05", "a time without zone; read as UTC"},
		{"2006-01-02T15:04Z07:00", "a time without seconds"},
		{"2006-01-02T15:04", "a time without seconds and zone; read as UTC"},
		{"2006-01-02", "a date without time; read as its midnight UTC"},
	} {
		if t, err = time.Parse(form.layout, tidy); err == nil {
			return plausible(t.Add(late), form.odd)
		}
	}
	if isAllDigits(s) && len(s) == 10 {
		return plausible(time.Unix(int64(clampedSeconds(s)), 0), "seconds since 1970 where a date-time is due")
	}
	return time.Time{}, "", errNotTime
}

// tidyTime mends the letters of a date-time. The duration is to be added to
// what it then says: 24:00:00 is written as 23:59:59 and a second.
func tidyTime(s string) (string, time.Duration) {
	s = strings.ToUpper(s)
	s = strings.TrimSuffix(s, " UTC") // no zone is UTC
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + strings.TrimLeft(s[11:], " ")
	}
	s = strings.ReplaceAll(s, " ", "") // before an offset
	if len(s) >= 19 {
		switch s[10:19] {
		case "T24:00:00": // ISO 8601's end of a day
			return s[:10] + "T23:59:59" + s[19:], time.Second
		case "T23:59:60": // a leap second
			return s[:10] + "T23:59:59" + s[19:], 0
		}
	}
	return s, 0
}

// plausible refuses years in which nobody reports and which do not survive
// being written as RFC 3339.
func plausible(t time.Time, odd string) (time.Time, string, error) {
	t = t.UTC()
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, "", errNotTime
	}
	return t, odd, nil
}

// clampedSeconds reads ten digits.
func clampedSeconds(digits string) (n uint64) {
	for i := range len(digits) {
		n = n*10 + uint64(digits[i]-'0')
	}
	return n
}
