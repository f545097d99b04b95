package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
	"tlsbrief/internal/watch"
	"tlsbrief/poller"
)

// newRunCommand returns "tlsbrief run", the daemon.
func newRunCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Work until stopped: poll and send digests on their schedules",
		Long: `Polls the mailboxes, checks the domains once a day and sends the digests, on the
schedules of the configuration, until it is stopped by SIGTERM or SIGINT. It
polls once at the start, and sends then what fell due while it was not running.
What goes wrong is logged and tried again; nothing ends the worker but a stop.`,
		Example: "  tlsbrief run\n  tlsbrief --config /etc/tlsbrief/config.toml --log-format json run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			err := a.withDB(ctx, func(c *config.Config, d *db.DB) error { return a.run(ctx, c, d) })
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				a.log.Info("stopped before the work began")
				return nil
			}
			return err
		},
	}
}

// A daemon runs polls, digests, pruning and checks on their schedules. Polls and
// digests take turns, so that a digest due at the hour of a poll has what it brought.
type daemon struct {
	a        *app
	c        *config.Config
	db       *db.DB
	poller   *poller.Poller
	digester *digest.Digester // nil: there is no SMTP server
	watcher  *watch.Watcher

	mu        sync.Mutex                // held during a poll, and while digests are sent
	pollStart atomic.Pointer[time.Time] // of the poll that is running; nil: none is
	firstPoll atomic.Bool               // the first poll has not ended yet
}

func (a *app) run(ctx context.Context, c *config.Config, database *db.DB) error {
	if err := needMailbox(c, ""); err != nil {
		return err
	}
	unlock, err := a.tryLock(c.Database.Path, "run", `a "tlsbrief run" on this database`)
	if err != nil {
		return err
	}
	defer unlock()
	d := &daemon{a: a, c: c, db: database, watcher: a.newWatcher(c, database)}
	if d.poller, err = a.newPoller(c, database, a.daemonOptions(c)); err != nil {
		return err
	}
	if c.SMTP.Host == "" {
		a.log.Warn("the configuration has no [smtp]: reports are recorded, no digests are sent")
	} else if d.digester, err = a.newDigester(c, database, nil); err != nil {
		return err
	}
	return d.serve(ctx)
}

// serve runs the schedules until ctx ends, and then waits for the jobs that are running.
func (d *daemon) serve(ctx context.Context) error {
	log := d.a.log
	schedule := cron.New(cron.WithLocation(d.c.Schedule.Timezone), cron.WithLogger(cronLog{log: log}))
	poll := d.job("a poll", d.pollStatus, func() { d.pollOnce(ctx) })
	// A digest may take longer than the minute, since its domains are probed.
	digests := d.job("", nil, func() { d.sendDigests(ctx) })
	for _, j := range []struct {
		spec string
		job  cron.Job
	}{
		{d.c.Schedule.Poll, poll},
		{"* * * * *", digests},
		{"17 3 * * *", d.job("removing old reports", nil, func() { d.prune(ctx) })},
		{d.c.Schedule.Check, d.job("checking domains", nil, func() { d.checkDomains(ctx) })},
	} {
		if _, err := schedule.AddJob(j.spec, j.job); err != nil {
			return fmt.Errorf("scheduling %q: %w", j.spec, err)
		}
	}
	log.Info("started", "count", len(d.c.Mailboxes), "path", d.c.Database.Path)
	// What was missed while the daemon was down is done now: the mail first, since the
	// digests are about it.
	d.firstPoll.Store(true)
	schedule.Start()
	poll.Run()
	d.firstPoll.Store(false)
	digests.Run()
	var atOnce sync.WaitGroup
	if d.watcher.Due(ctx) {
		atOnce.Go(d.job("checking domains", nil, func() { d.checkDomains(ctx) }).Run)
	}
	<-ctx.Done()
	log.Info("stopping: finishing what is under way")
	<-schedule.Stop().Done()
	atOnce.Wait()
	log.Info("stopped")
	return nil
}

// job returns work for a schedule. It logs a panic, and it skips a run while the one
// before is still running, which it logs with the attributes that why returns.
func (d *daemon) job(what string, why func() []any, work func()) cron.Job {
	log := cronLog{log: d.a.log, what: what, why: why}
	return cron.NewChain(cron.Recover(log), cron.SkipIfStillRunning(log)).Then(cron.FuncJob(work))
}

// pollStatus returns, as log attributes, which mailboxes are being polled and for how
// long.
func (d *daemon) pollStatus() []any {
	begun := d.pollStart.Load()
	if begun == nil {
		return nil
	}
	return []any{"mailbox", strings.Join(d.poller.Underway(), ", "), "elapsed", time.Since(*begun).Round(time.Second)}
}

// pollOverruns reports whether the running poll takes longer than its interval.
func (d *daemon) pollOverruns(now time.Time) bool {
	begun := d.pollStart.Load()
	return begun != nil && now.Sub(*begun) > pollInterval(d.c, *begun)
}

func (d *daemon) pollOnce(ctx context.Context) {
	if !d.mu.TryLock() {
		d.a.log.Info("the poll waits: digests are being sent")
		d.mu.Lock()
	}
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	start := time.Now()
	d.pollStart.Store(&start)
	defer d.pollStart.Store(nil)
	defer d.a.beginPoll(d.c.Database.Path)()
	r, err := d.poller.Poll(ctx, "")
	d.logError(ctx, "polling", err)
	if ctx.Err() == nil {
		d.logError(ctx, "authenticating again", d.poller.RetryUnknown(ctx))
	}
	if t := r.Totals; t.Examined > 0 || t.Recorded+t.Duplicate+t.Rejected > 0 {
		d.a.log.Info("polled", "count", t.Examined, "recorded", t.Recorded, "duplicate", t.Duplicate,
			"rejected", t.Rejected, "ignored", t.Ignored, "elapsed", time.Since(start).Round(time.Millisecond))
	}
}

func (d *daemon) sendDigests(ctx context.Context) {
	if d.digester == nil {
		return
	}
	// While a poll is running the digests wait for the next minute. They do not wait for
	// one that takes longer than its interval, which may be hours: they report it.
	switch overruns := d.pollOverruns(time.Now()); {
	case d.firstPoll.Load() && !overruns:
		return
	case d.mu.TryLock():
		defer d.mu.Unlock()
	case !overruns:
		return
	}
	if ctx.Err() != nil {
		return
	}
	unlock, err := d.a.outboxLock(ctx, d.c)
	if err != nil {
		d.logError(ctx, "sending digests", err)
		return
	}
	defer unlock()
	d.logError(ctx, "sending digests", d.digester.RunDue(ctx))
}

// prune removes the reports that are older than database.keep.
func (d *daemon) prune(ctx context.Context) {
	n, err := d.db.Prune(ctx)
	d.logError(ctx, "removing old reports", err)
	if n > 0 {
		d.a.log.Info("removed reports older than database.keep", "count", n)
	}
}

// checkDomains runs the daily check.
func (d *daemon) checkDomains(ctx context.Context) {
	d.logError(ctx, "checking the domains", d.watcher.CheckDaily(ctx))
}

// logError logs the errors of a job, a line each. A job that the stop of the daemon
// ended is no failure: one line says that the rest is left for the next time, and
// names errors that have another cause.
func (d *daemon) logError(ctx context.Context, what string, err error) {
	if err == nil {
		return
	}
	if ctx.Err() == nil {
		for _, e := range unjoin(err) {
			d.a.log.Error(what, "err", e)
		}
		return
	}
	var args []any
	others := slices.DeleteFunc(unjoin(err), func(e error) bool { return errors.Is(e, context.Canceled) })
	if len(others) > 0 {
		args = []any{"err", errors.Join(others...)}
	}
	d.a.log.Info(what+" was stopped: the rest is left for the next time", args...)
}

// unjoin returns the errors that errors.Join joined. It leaves an error whole that says
// more than those it wraps.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	if again := errors.Join(joined.Unwrap()...); again == nil || again.Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

// A cronLog is a logger for package cron. It logs skipped and failed jobs, and each
// wake-up at level debug only.
type cronLog struct {
	log  *slog.Logger
	what string       // the job; empty: a skip is not worth a warning
	why  func() []any // returns log attributes that explain a skip; may be nil
}

// Info logs a message of package cron. A skip is a warning.
func (l cronLog) Info(msg string, keysAndValues ...any) {
	if msg == "skip" && l.what != "" {
		var why []any
		if l.why != nil {
			why = l.why()
		}
		l.log.Warn(l.what+" was skipped: the one before is still under way; it is scheduled more often than it can be done", why...)
		return
	}
	l.log.Debug("cron: "+msg, keysAndValues...)
}

// Error logs a job that failed.
func (l cronLog) Error(err error, msg string, keysAndValues ...any) {
	l.log.Error("cron: "+msg, append(keysAndValues, "err", err)...)
}
