package tlsrpt

import "errors"

// Limits bounds what a Reader takes in. They hold while it reads, not after.
type Limits struct {
	MaxMessage  int64 // bytes of a mail message
	MaxReport   int64 // bytes of one report, decompressed
	MaxPolicies int   // policies of one report
	MaxFailures int   // failure details of one report, all policies together
}

// DefaultLimits returns the limits of DESIGN 6.
func DefaultLimits() Limits {
	return Limits{MaxMessage: 10 << 20, MaxReport: 64 << 20, MaxPolicies: 10_000, MaxFailures: 100_000}
}

// ErrMalformed is wrapped by every error that a retry cannot cure: the bytes
// are not a report and will not be one at the next poll.
var ErrMalformed = errors.New("malformed TLS report")

// ReaderVersion rises whenever a Reader learns to read what it refused before,
// so that what an older one refused can be looked at again.
const ReaderVersion = 1
