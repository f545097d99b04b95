package config

import (
	"strconv"
	"strings"
	"time"
)

// The bounds of database.keep. A digest compares with the weeks before it, and
// needs them; a time.Duration ends at 292 years.
const (
	day     = 24 * time.Hour
	minKeep = 30 * day
	maxKeep = 36500 * day
)

// keep judges how long reports stay: a whole number of hours, days or weeks;
// 0 for ever.
func (c *checker) keep(k key) time.Duration {
	number, unit := splitUnit(k.text)
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil && n == 0 {
		return 0
	}
	units := map[string]time.Duration{"h": time.Hour, "d": day, "w": 7 * day}
	size, known := units[unit]
	switch {
	case err != nil || !known:
		c.fault(k, `%s is not a span of time; write whole hours, days or weeks, as in "720h", "400d" or "52w", or "0" for ever`, quote(k.text))
	case n > int64(maxKeep/size):
		c.fault(k, `%s is more than a hundred years; write "0" to keep reports for ever`, quote(k.text))
	case time.Duration(n)*size < minKeep:
		c.fault(k, `%s is less than 30 days, which the digest looks back on; write "30d" or more, or "0" for ever`, quote(k.text))
	default:
		return time.Duration(n) * size
	}
	return 0
}

// warnAfter judges for how long a mailbox may go unread: whole hours or days.
func (c *checker) warnAfter(k key) time.Duration {
	number, unit := splitUnit(k.text)
	n, err := strconv.ParseInt(number, 10, 64)
	size, known := map[string]time.Duration{"h": time.Hour, "d": day}[unit]
	switch {
	case err != nil || !known:
		c.fault(k, `%s is not a span of time; write whole hours or days, as in "24h" or "3d"`, quote(k.text))
	case n < 1 || n > int64(minKeep/size):
		c.fault(k, `%s is out of bounds; write a span from "1h" to "30d"`, quote(k.text))
	default:
		return time.Duration(n) * size
	}
	return 0
}

// size judges a number of bytes, such as "10MiB".
func (c *checker) size(k key) int64 {
	const least, most = 1 << 10, 1 << 30
	number, unit := splitUnit(k.text)
	n, err := strconv.ParseInt(number, 10, 64)
	units := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}
	size, known := units[strings.ToLower(unit)]
	switch {
	case err != nil || !known:
		c.fault(k, `%s is not a size; write whole bytes with a unit (kB, MB, KiB, MiB, GiB) or without, as in "10MiB"`, quote(k.text))
	case n > most/size || n*size < least:
		c.fault(k, `%s is out of bounds; write a size from "1KiB" to "1GiB"`, quote(k.text))
	}
	return n * size
}

// splitUnit parts "10 MiB" after its digits.
func splitUnit(s string) (number, unit string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// between judges a whole number by bounds such as "1..100".
func (c *checker) between(k key, bounds string) int64 {
	low, high, _ := strings.Cut(bounds, "..")
	least, _ := strconv.ParseInt(low, 10, 64)
	most, _ := strconv.ParseInt(high, 10, 64)
	n, _ := strconv.ParseInt(k.text, 10, 64)
	if n < least || n > most {
		c.fault(k, "%d is out of bounds; write a number from %d to %d", n, least, most)
	}
	return n
}

// span judges a length of time: by the name of a rule, or by bounds in seconds.
func (c *checker) span(k key, rule string) time.Duration {
	switch rule {
	case "keep":
		return c.keep(k)
	case "warn after":
		return c.warnAfter(k)
	}
	return time.Duration(c.between(k, rule)) * time.Second
}
