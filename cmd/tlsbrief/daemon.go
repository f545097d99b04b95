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

// newRunCommand returns "tlsbrief run": the worker.
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

// A daemon is what the worker does when. Polls and digests take turns, so that
// a digest due at the hour of a poll says what that poll brought.
type daemon struct {
	a        *app
	c        *config.Config
	db       *db.DB
	poller   *poller.Poller
	digester *digest.Digester // nil: nothing to send by
	mu       sync.Mutex

	pollStart atomic.Pointer[time.Time] // when the poll began that is under way; nil: none is
	firstPoll atomic.Bool               // the first poll has not ended yet

	watcher *watch.Watcher
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

// serve runs the schedules until ctx ends, and then lets what is under way finish.
func (d *daemon) serve(ctx context.Context) error {
	log := d.a.log
	schedule := cron.New(cron.WithLocation(d.c.Schedule.Timezone), cron.WithLogger(cronLog{log: log}))
	poll := d.job("a poll", d.pollStatus, func() { d.pollOnce(ctx) })
	// What is due is known to the minute; to look at its domains may take longer.
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
	// At once, what was missed while it was down: first the mail, then the digests.
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

// job is work on a schedule: a panic in it is logged, and one that is still under
// way when it is due again is left to finish, which is logged with the reason.
func (d *daemon) job(what string, why func() []any, work func()) cron.Job {
	log := cronLog{log: d.a.log, what: what, why: why}
	return cron.NewChain(cron.Recover(log), cron.SkipIfStillRunning(log)).Then(cron.FuncJob(work))
}

// pollStatus says, as a log has it, what keeps the worker.
func (d *daemon) pollStatus() []any {
	begun := d.pollStart.Load()
	if begun == nil {
		return nil
	}
	return []any{"mailbox", strings.Join(d.poller.Underway(), ", "), "elapsed", time.Since(*begun).Round(time.Second)}
}

// pollOverruns reports whether the poll that is under way takes longer than its interval.
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
	// While a poll is under way the digests wait for the next minute, but not for one
	// that takes longer than its interval, which may be hours: they tell of that.
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

// checkDomains looks at every domain.
func (d *daemon) checkDomains(ctx context.Context) {
	d.logError(ctx, "checking the domains", d.watcher.CheckDaily(ctx))
}

// logError logs what went wrong with a piece of work, a line for each error; nil is
// none. Where the worker is being stopped nothing went wrong: one line says that the
// rest is left for the next time, and names errors that have another cause.
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

// unjoin returns the errors that errors.Join joined, one a log line each. One that
// says more than those it wraps is left whole.
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

// cronLog gives package cron our logger. What it does by the minute is of no
// interest; what it skips or catches is.
type cronLog struct {
	log  *slog.Logger
	what string       // the job; empty: one that may be skipped and nobody need know
	why  func() []any // what keeps it, as the log's attributes; nil: there is no telling
}

// Info logs that a job was skipped because the one before was still running,
// and, for debugging, each wake-up.
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
