package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tlsbrief/db"
)

// clockTolerance is how far this machine's clock may be from a server's. Signatures
// and certificates that have just begun to hold are refused by a clock that is behind.
const clockTolerance = 5 * time.Minute

// A clockCheck compares this machine's clock with what servers say of the time. Its
// methods may be called from several goroutines.
type clockCheck struct {
	now func() time.Time

	// keep, where set, is told what comparing with a server gave, for status.
	onCompared func(host string, ahead time.Duration, wrong bool)

	mu       sync.Mutex
	compared bool
	warnings []string
}

// compareServer takes the Date of an answer that just came from a server of the
// administrator's choice (RFC 9110, section 6.6.1). A nil check takes nothing.
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

// compareMail takes when, by its server's clock, a message arrived (RFC 9051, section 2.3.3).
// It lies in the past: only a clock that is behind shows by it.
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

// offsetText says how far this machine's clock is from a server's.
func offsetText(ahead time.Duration, host string) string {
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	return fmt.Sprintf("%s %s that of %s", ahead.Abs().Round(time.Second), side, host)
}

// watchClock has what servers say of the time compared while a command works that
// talks to them: it is logged and kept for status where the clocks are apart.
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

// clockWarnings says what is known of the clock: by what servers told of late, and by
// the messages recorded.
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
