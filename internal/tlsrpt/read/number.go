package read

import (
	"errors"
	"strconv"
	"strings"

	"tlsbrief/internal/tlsrpt"
)

// What can be wrong with a count.
var (
	errNotNumber = errors.New("is not a number")
	errFraction  = errors.New("is not a whole number")
	errNegative  = errors.New("is negative")
	errTooMany   = errors.New("is over 2^53-1")
)

// parseCount reads a count as JSON or a careless writer has it: 343, 343.0,
// 3.43e2. plain reports whether it is written as digits alone. It is exact: no
// floating point is involved.
func parseCount(s string) (n tlsrpt.Sessions, plain bool, err error) {
	if len(s) <= 16 && isAllDigits(s) {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || tlsrpt.Sessions(v) > tlsrpt.MaxSessions {
			return 0, false, errTooMany
		}
		return tlsrpt.Sessions(v), true, nil
	}
	digits, point, negative, ok := splitNumber(s)
	if !ok {
		return 0, false, errNotNumber
	}
	digits = strings.TrimRight(digits, "0")
	zeros := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits, point = digits[zeros:], point-zeros
	switch {
	case digits == "": // zero, however written; "-0" too
		return 0, false, nil
	case negative:
		return 0, false, errNegative
	case len(digits) > point:
		return 0, false, errFraction
	case point > 16:
		return 0, false, errTooMany
	}
	v, err := strconv.ParseInt(digits+strings.Repeat("0", point-len(digits)), 10, 64)
	if err != nil || tlsrpt.Sessions(v) > tlsrpt.MaxSessions {
		return 0, false, errTooMany
	}
	return tlsrpt.Sessions(v), isAllDigits(s), nil
}

// splitNumber takes a decimal number apart: its digits, and after how many of
// them the decimal point stands, which may be outside of them.
func splitNumber(s string) (digits string, point int, negative, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		sign, e := 1, s[i+1:]
		if e != "" && (e[0] == '-' || e[0] == '+') {
			if e[0] == '-' {
				sign = -1
			}
			e = e[1:]
		}
		if !isAllDigits(e) {
			return "", 0, false, false
		}
		mantissa = s[:i]
		exponent = sign * clampedInt(e)
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !isAllDigits(whole) || dotted && !isAllDigits(fraction) {
		return "", 0, false, false
	}
	return whole + fraction, len(whole) + exponent, negative, true
}

// clampedInt reads digits as an int, at most ten million: more than a string
// of a report can be long.
func clampedInt(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > 10_000_000 {
		return 10_000_000
	}
	return n
}

func isAllDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
