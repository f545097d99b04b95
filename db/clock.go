package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tlsbrief/internal/report"
)

// SaveClockFault remembers that this machine's clock is wrong by a server's, in the
// place of what was remembered before.
func (d *DB) SaveClockFault(ctx context.Context, host string, ahead time.Duration) error {
	return d.write(ctx, "noting that the clock is wrong", func(t *tx) error {
		_, err := t.exec("INSERT OR REPLACE INTO clock (id, host, ahead, compared_at) VALUES (1, ?, ?, ?)", clip(host), int64(ahead/time.Second), t.now)
		return err
	})
}

// ClearClockFault forgets the fault that a server showed, once its clock and this
// machine's agree. Where there is none it writes nothing.
func (d *DB) ClearClockFault(ctx context.Context, host string) error {
	f, err := d.ClockFault(ctx)
	if err != nil || f.Host != clip(host) || f.Host == "" {
		return err
	}
	return d.write(ctx, "noting that the clock is right", func(t *tx) error {
		_, err := t.exec("DELETE FROM clock WHERE host = ?", f.Host)
		return err
	})
}

// ClockFault returns the fault that is remembered; the zero one if none is.
func (d *DB) ClockFault(ctx context.Context) (f report.ClockFault, err error) {
	var ahead, at int64
	err = d.reader.QueryRowContext(ctx, "SELECT host, ahead, compared_at FROM clock").Scan(&f.Host, &ahead, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	f.Ahead, f.At = time.Duration(ahead)*time.Second, unix(at)
	return f, d.fail("reading whether the clock is wrong", err)
}

// arrivedAhead reads a constant number of the messages recorded last.
const arrivedAhead = `SELECT COALESCE(MAX(received_at - recorded_at), 0) FROM (
	SELECT uid, received_at, recorded_at FROM message ORDER BY id DESC LIMIT 50) WHERE uid > 0 AND recorded_at > ?`

// ArrivedAhead returns by how much, at most, a message of the last 50, recorded within
// a day, arrived by its server's clock after it was recorded by ours. It is negative
// or 0 where none did: mail arrives before it is read.
func (d *DB) ArrivedAhead(ctx context.Context) (time.Duration, error) {
	var seconds int64
	err := d.reader.QueryRowContext(ctx, arrivedAhead, d.now()-int64(24*time.Hour/time.Second)).Scan(&seconds)
	return time.Duration(seconds) * time.Second, d.fail("comparing when messages arrived", err)
}
