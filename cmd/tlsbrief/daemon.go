package main

import (
	"context"
	"errors"
	"fmt"
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
			err := a.with(ctx, func(c *config.Config, d *db.DB) error { return a.run(ctx, c, d) })
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				a.log.Info("stopped before the work began")
				return nil
			}
			return err
		},
	}
}

// A workday is what the worker does when. Polls and digests take turns, so that
// a digest due at the hour of a poll says what that poll brought.
type workday struct {
	a    *app
	c    *config.Config
	db   *db.DB
	poll *poller.Poller
	dg   *digest.Digester // nil: nothing to send by
	turn sync.Mutex

	begun    atomic.Pointer[time.Time] // when the poll began that is under way; nil: none is
	starting atomic.Bool               // the first poll has not ended yet

	watcher *watch.Watcher
}

func (a *app) run(ctx context.Context, c *config.Config, d *db.DB) error {
	if err := needMailbox(c, ""); err != nil {
		return err
	}
	unlock, err := a.tryLock(c.Database.Path, "run", `a "tlsbrief run" on this database`)
	if err != nil {
		return err
	}
	defer unlock()
	w := &workday{a: a, c: c, db: d, watcher: a.newWatcher(c, d)}
	if w.poll, err = a.newPoller(c, d, a.asWorker(c)); err != nil {
		return err
	}
	if c.SMTP.Host == "" {
		a.log.Warn("the configuration has no [smtp]: reports are recorded, no digests are sent")
	} else if w.dg, err = a.newDigester(c, d, nil); err != nil {
		return err
	}
	return w.work(ctx)
}

// work runs the schedules until ctx ends, and then lets what is under way finish.
func (w *workday) work(ctx context.Context) error {
	log := w.a.log
	schedule := cron.New(cron.WithLocation(w.c.Schedule.Timezone), cron.WithLogger(cronLog{log: log}))
	poll := w.job("a poll", w.underway, func() { w.pollOnce(ctx) })
	// What is due is known to the minute; to look at its domains may take longer.
	digests := w.job("", nil, func() { w.digests(ctx) })
	for _, j := range []struct {
		spec string
		job  cron.Job
	}{
		{w.c.Schedule.Poll, poll},
		{"* * * * *", digests},
		{"17 3 * * *", w.job("removing old reports", nil, func() { w.prune(ctx) })},
		{w.c.Schedule.Check, w.job("checking domains", nil, func() { w.checkDomains(ctx) })},
	} {
		if _, err := schedule.AddJob(j.spec, j.job); err != nil {
			return fmt.Errorf("scheduling %q: %w", j.spec, err)
		}
	}
	log.Info("started", "count", len(w.c.Mailboxes), "path", w.c.Database.Path)
	// At once, what was missed while it was down: first the mail, then the digests.
	w.starting.Store(true)
	schedule.Start()
	poll.Run()
	w.starting.Store(false)
	digests.Run()
	var atOnce sync.WaitGroup
	if w.watcher.Due(ctx) {
		atOnce.Go(w.job("checking domains", nil, func() { w.checkDomains(ctx) }).Run)
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
func (w *workday) job(what string, why func() []any, work func()) cron.Job {
	log := cronLog{log: w.a.log, what: what, why: why}
	return cron.NewChain(cron.Recover(log), cron.SkipIfStillRunning(log)).Then(cron.FuncJob(work))
}

// underway says, as a log has it, what keeps the worker.
func (w *workday) underway() []any {
	begun := w.begun.Load()
	if begun == nil {
		return nil
	}
	return []any{"mailbox", strings.Join(w.poll.Underway(), ", "), "elapsed", time.Since(*begun).Round(time.Second)}
}

// overruns reports whether the poll that is under way takes longer than its interval.
func (w *workday) overruns(now time.Time) bool {
	begun := w.begun.Load()
	return begun != nil && now.Sub(*begun) > pollInterval(w.c, *begun)
}

func (w *workday) pollOnce(ctx context.Context) {
	if !w.turn.TryLock() {
		w.a.log.Info("the poll waits: digests are being sent")
		w.turn.Lock()
	}
	defer w.turn.Unlock()
	if ctx.Err() != nil {
		return
	}
	start := time.Now()
	w.begun.Store(&start)
	defer w.begun.Store(nil)
	defer w.a.beginPoll(w.c.Database.Path)()
	r, err := w.poll.Poll(ctx, "")
	w.failed(ctx, "polling", err)
	if ctx.Err() == nil {
		w.failed(ctx, "authenticating again", w.poll.RetryUnknown(ctx))
	}
	if t := r.Totals; t.Examined > 0 || t.Recorded+t.Duplicate+t.Rejected > 0 {
		w.a.log.Info("polled", "count", t.Examined, "recorded", t.Recorded, "duplicate", t.Duplicate,
			"rejected", t.Rejected, "ignored", t.Ignored, "elapsed", time.Since(start).Round(time.Millisecond))
	}
}

func (w *workday) digests(ctx context.Context) {
	if w.dg == nil {
		return
	}
	// While a poll is under way the digests wait for the next minute, but not for one
	// that takes longer than its interval, which may be hours: they tell of that.
	switch overruns := w.overruns(time.Now()); {
	case w.starting.Load() && !overruns:
		return
	case w.turn.TryLock():
		defer w.turn.Unlock()
	case !overruns:
		return
	}
	if ctx.Err() != nil {
		return
	}
	unlock, err := w.a.outboxLock(ctx, w.c)
	if err != nil {
		w.failed(ctx, "sending digests", err)
		return
	}
	defer unlock()
	w.failed(ctx, "sending digests", w.dg.RunDue(ctx))
}

// prune removes the reports that are older than database.keep.
func (w *workday) prune(ctx context.Context) {
	n, err := w.db.Prune(ctx)
	w.failed(ctx, "removing old reports", err)
	if n > 0 {
		w.a.log.Info("removed reports older than database.keep", "count", n)
	}
}

// checkDomains looks at every domain.
func (w *workday) checkDomains(ctx context.Context) {
	w.failed(ctx, "checking the domains", w.watcher.CheckDaily(ctx))
}

// failed logs what went wrong with a piece of work, a line for each error; nil is
// none. Where the worker is being stopped nothing went wrong: one line says that the
// rest is left for the next time, and names errors that have another cause.
func (w *workday) failed(ctx context.Context, what string, err error) {
	if err == nil {
		return
	}
	if ctx.Err() == nil {
		for _, e := range unjoin(err) {
			w.a.log.Error(what, "err", e)
		}
		return
	}
	var args []any
	others := slices.DeleteFunc(unjoin(err), func(e error) bool { return errors.Is(e, context.Canceled) })
	if len(others) > 0 {
		args = []any{"err", errors.Join(others...)}
	}
	w.a.log.Info(what+" was stopped: the rest is left for the next time", args...)
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
