package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tlsbrief/db"
)

// clockTolerance is how far this machine's clock may differ from a server's. A clock
// that is behind refuses signatures and certificates that have just become valid.
const clockTolerance = 5 * time.Minute

// A clockCheck compares this machine's clock with the clocks of servers. Its methods
// may be called from several goroutines.
type clockCheck struct {
	now func() time.Time

	// onCompared, if set, gets the result of each comparison with a server.
	onCompared func(host string, ahead time.Duration, wrong bool)

	mu       sync.Mutex
	compared bool
	warnings []string
}

// compareServer compares with the Date of an answer that just came from a server that
// the administrator chose (RFC 9110, section 6.6.1). A nil check does nothing.
func (c *clockCheck) compareServer(host string, date time.Time) {
	if c == nil || date.IsZero() {
		return
	}
	ahead := c.now().Sub(date)
	wrong := ahead.Abs() > clockTolerance
	c.record(wrong, fmt.Sprintf("this machine's clock is %s", offsetText(ahead, host)))
	if c.onCompared != nil {
		c.onCompared(host, ahead, wrong)
	}
}

// compareMail compares with the time at which a message arrived by its server's clock
// (RFC 9051, section 2.3.3). That time is past, so only a clock that is behind shows.
func (c *clockCheck) compareMail(arrived time.Time) {
	if c == nil || arrived.IsZero() {
		return
	}
	c.record(arrived.Sub(c.now()) > clockTolerance, mailOffsetText(arrived.Sub(c.now())))
}

func (c *clockCheck) record(wrong bool, warning string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compared = true
	if warning += clockAdvice; wrong && !slices.Contains(c.warnings, warning) {
		c.warnings = append(c.warnings, warning)
	}
}

const clockAdvice = "; set it by NTP (timedatectl set-ntp true), or mend the server's"

func mailOffsetText(by time.Duration) string {
	return fmt.Sprintf("mail arrived, by the mail server's clock, %s later than it is here: this machine's clock is behind, or the server's ahead", by.Round(time.Second))
}

// offsetText returns in words how far this machine's clock is from a server's.
func offsetText(ahead time.Duration, host string) string {
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	return fmt.Sprintf("%s %s that of %s", ahead.Abs().Round(time.Second), side, host)
}

// watchClock compares clocks while a command talks to servers. It logs a difference
// and stores it for status.
func (a *app) watchClock(ctx context.Context, d *db.DB) {
	a.clock = &clockCheck{now: time.Now, onCompared: func(host string, ahead time.Duration, wrong bool) {
		var err error
		if wrong {
			a.log.Warn("this machine's clock is " + offsetText(ahead, host) + clockAdvice)
			err = d.SaveClockFault(context.WithoutCancel(ctx), host, ahead)
		} else {
			err = d.ClearClockFault(context.WithoutCancel(ctx), host)
		}
		if err != nil {
			a.log.Error("comparing clocks", "err", err)
		}
	}}
}

// clockWarnings returns warnings about the clock from the last comparison with a server
// and from the messages recorded.
func clockWarnings(ctx context.Context, d *db.DB) ([]string, error) {
	warnings := []string{}
	f, err := d.ClockFault(ctx)
	if err != nil {
		return warnings, err
	}
	if f.Host != "" {
		warnings = append(warnings, fmt.Sprintf("at %s this machine's clock was %s%s", timestamp(f.At), offsetText(f.Ahead, f.Host), clockAdvice))
	}
	ahead, err := d.ArrivedAhead(ctx)
	if err == nil && ahead > clockTolerance {
		warnings = append(warnings, mailOffsetText(ahead)+clockAdvice)
	}
	return warnings, err
}
