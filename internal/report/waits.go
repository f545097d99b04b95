package report

import "time"

// UnknownFor is how long an answer from DNS is waited for before a report counts as one
// that could not be authenticated.
const UnknownFor = 7 * 24 * time.Hour

// UnknownWait returns when an authenticity that was asked for so often is asked for
// again: at the next poll, and then less and less often, since asking takes many seconds
// where DNS is silent.
func UnknownWait(attempts int) time.Duration {
	switch attempts {
	case 0, 1:
		return 0
	case 2:
		return 15 * time.Minute
	case 3:
		return time.Hour
	case 4:
		return 6 * time.Hour
	}
	return 24 * time.Hour
}

// PendingPolls is how many polls ask for a pending message in vain, while the server
// gives other messages, before it is quarantined (DESIGN 5).
const PendingPolls = 3

// AloneWait returns when a quarantined message is asked for again that was asked for
// alone so often: at the next poll, then less and less often, and at last once a week.
func AloneWait(tries int) time.Duration {
	waits := []time.Duration{0, time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 48 * time.Hour, 48 * time.Hour}
	if tries < len(waits) {
		return waits[tries]
	}
	return 7 * 24 * time.Hour
}

// RejectsAlone reports whether a quarantined message is rejected that was asked for alone
// and in vain so often, while the server gave other messages, since it first did not come
// (DESIGN 5). One that does not say that it is a TLS report never is: it may be somebody's
// private mail.
func RejectsAlone(claimed bool, failed int, since time.Duration) bool {
	return claimed && failed >= 5 && since >= 7*24*time.Hour
}
