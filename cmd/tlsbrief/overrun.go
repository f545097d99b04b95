package main

import (
	"math"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/robfig/cron/v3"

	"tlsbrief/internal/config"
	"tlsbrief/internal/fileperm"
)

// pollLock names the lock that is held while mailboxes are polled. Other processes
// learn from it that a poll runs, and from the time of its file since when: a killed
// poll holds none.
const pollLock = "poll"

// beginPoll notes that a poll begins now. Where another process is polling as well,
// that one is told of. That it cannot be noted is no reason not to poll.
func (a *app) beginPoll(dbPath string) (end func()) {
	path := lockPath(dbPath, pollLock)
	l := newLock(path)
	ok, err := tryLock(l)
	if ok {
		now := time.Now()
		if err = os.Chtimes(path, now, now); err == nil {
			return func() { a.unlock(l) }
		}
		a.unlock(l)
	}
	if err != nil {
		a.log.Warn("status cannot tell since when this poll runs", "err", err)
	}
	return func() {}
}

// pollingSince returns since when a poll has been running; zero where none is.
func pollingSince(dbPath string) time.Time {
	path := lockPath(dbPath, pollLock)
	l := flock.New(path, flock.SetFlag(os.O_RDONLY|fileperm.NoFollow)) // to look makes no file
	ok, err := l.TryRLock()
	if err != nil {
		return time.Time{}
	}
	if ok {
		_ = l.Unlock() // a shared lock of a moment
		return time.Time{}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// overrunSince returns since when a poll has been running that takes longer than its
// interval; zero where none does.
func overrunSince(c *config.Config, now time.Time) time.Time {
	since := pollingSince(c.Database.Path)
	if since.IsZero() || now.Sub(since) <= pollInterval(c, since) {
		return time.Time{}
	}
	return since
}

// pollInterval is how long a poll that began at the given time may take: until the
// next is due by [schedule] poll, but no less than the time from that one to the one
// after it, for a poll that was begun by hand shortly before.
func pollInterval(c *config.Config, began time.Time) time.Duration {
	schedule, err := cron.ParseStandard(c.Schedule.Poll)
	if err != nil {
		return math.MaxInt64 // config.Load has judged it
	}
	next := schedule.Next(began.In(c.Schedule.Timezone))
	if next.IsZero() {
		return math.MaxInt64 // there is no such day
	}
	return max(next.Sub(began), schedule.Next(next).Sub(next))
}
