package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/config"
)

// An app is what the commands share: where they write, and what the global
// flags say.
type app struct {
	stdout, stderr io.Writer

	configPath, logLevel, logFormat string
	log                             *slog.Logger

	clock *clockCheck // gets the time that servers state; nil: clocks are not compared
}

// load reads the configuration.
func (a *app) load() (*config.Config, error) {
	path, err := config.Find(a.configPath)
	if err != nil {
		return nil, usage("%v", err)
	}
	c, err := config.Load(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	a.log.Info("configuration read", "path", c.Path)
	for _, w := range c.Warnings {
		a.log.Warn(w)
	}
	if _, err := loadTemplates(c); err != nil {
		return nil, usage("%w", err)
	}
	return c, nil
}

// withDB loads the configuration, opens the database and runs f with both.
func (a *app) withDB(ctx context.Context, f func(*config.Config, *db.DB) error) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	return a.openDB(ctx, c, c.Database.Path, func(c *config.Config, d *db.DB) error {
		a.watchClock(ctx, d)
		return f(c, d)
	})
}

// withReadDB does the same for commands that only read. It makes no database where
// there is none: the file would belong to the user who ran status.
func (a *app) withReadDB(ctx context.Context, f func(*config.Config, *db.DB) error) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Database.Path); !errors.Is(err, fs.ErrNotExist) {
		return a.openDB(ctx, c, c.Database.Path, f)
	}
	dir, err := os.MkdirTemp("", "tlsbrief-")
	if err != nil {
		return fmt.Errorf("nothing has been recorded yet, and there is no room for an empty database: %w", err)
	}
	return errors.Join(a.openDB(ctx, c, filepath.Join(dir, "empty.db"), f), os.RemoveAll(dir))
}

// openDB runs f with the database at path, which it closes afterwards.
func (a *app) openDB(ctx context.Context, c *config.Config, path string, f func(*config.Config, *db.DB) error) error {
	d, err := db.Open(ctx, path, db.Options{Log: a.log, Now: time.Now, Keep: c.Database.Keep, MaxKept: c.Reports.MaxUnknown})
	if err != nil {
		return err
	}
	defer func() {
		if err := d.Close(); err != nil {
			a.log.Error("closing the database", "err", err)
		}
	}()
	return f(c, d)
}

// utcDate parses a day of the command line, such as 2026-11-22, as UTC.
func utcDate(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, usage("%s is a UTC day such as 2026-11-22, not %q", flag, s)
	}
	return t, nil
}

// oneOf returns a usage error unless a flag's value is among those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return usage("%s is one of %v, not %q", flag, allowed, value)
}

// printf writes a result. The caller returns its error: output to a closed pipe is a
// failure of the command.
func (a *app) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return err
}
