package main

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/ingest"
)

// newPollCommand returns "tlsbrief poll", which polls every mailbox once.
func newPollCommand(a *app) *cobra.Command {
	var only string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "poll",
		Short: "Poll every mailbox once and record the reports found",
		Long: `Looks once at what is new in every mailbox, records the TLS reports among it and
marks them. Other mail is neither fetched in full nor changed.

The first poll of a folder takes its unread messages; every later one all that
have come since, read or not. What was read before is for backfill.`,
		Example: "  tlsbrief poll\n  tlsbrief poll --mailbox reports --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDB(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.poll(cmd.Context(), c, d, only, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&only, "mailbox", "", "poll only the mailbox of this `name`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (a *app) poll(ctx context.Context, c *config.Config, d *db.DB, only string, asJSON bool) error {
	p, err := a.newPoller(c, d, nil)
	if err != nil {
		return err
	}
	if err := needMailbox(c, only); err != nil {
		return err
	}
	end := a.beginPoll(c.Database.Path)
	result, pollErr := p.Poll(ctx, only)
	retryErr := p.RetryUnknown(ctx)
	end()
	var pruneErr error
	if ctx.Err() == nil {
		_, pruneErr = d.Prune(ctx) // for installations that run polls from cron
	}
	waitErr := a.warnOfDNS(ctx, d)
	return errors.Join(a.printResult(result, asJSON), pollErr, retryErr, pruneErr, waitErr)
}

// warnOfDNS logs how many messages hold reports that could not be authenticated
// because DNS did not answer.
func (a *app) warnOfDNS(ctx context.Context, d *db.DB) error {
	unknown, err := d.CountUnknown(context.WithoutCancel(ctx))
	if err == nil && unknown > 0 {
		a.log.Warn("DNS did not answer for these messages: their reports do not count until it does (see [dns] server; tlsbrief verify tries it)",
			"count", unknown)
	}
	return err
}

// needMailbox returns a usage error if the configuration lacks the mailbox, or has none.
func needMailbox(c *config.Config, only string) error {
	if len(c.Mailboxes) == 0 {
		return usage("the configuration has no [[mailbox]]: add the one that your reports are sent to (config.toml.example shows how)")
	}
	if only == "" || hasMailbox(c, only) {
		return nil
	}
	return usage("--mailbox %q: the configuration has no mailbox of that name", only)
}

func hasMailbox(c *config.Config, name string) bool {
	return slices.ContainsFunc(c.Mailboxes, func(m config.Mailbox) bool { return m.Name == name })
}

// printResult prints what a poll or a backfill did.
func (a *app) printResult(r ingest.Result, asJSON bool) error {
	if asJSON {
		return newJSONEncoder(a.stdout).Encode(r)
	}
	counts := slices.Clone(r.Mailboxes)
	slices.SortStableFunc(counts, func(x, y ingest.Counts) int { return cmp.Compare(rank(x), rank(y)) })
	idle := slices.IndexFunc(counts, func(c ingest.Counts) bool { return rank(c) == rankIdle })
	if idle < 0 || len(counts)-idle <= maxIdleShown {
		idle = len(counts)
	}
	for _, c := range counts[:idle] {
		if err := a.printCounts(c); err != nil {
			return err
		}
	}
	if more := len(counts) - idle; more > 0 {
		return a.printf("%s: nothing new\n", plural(int64(more), "folder"))
	}
	return nil
}

// maxIdleShown is how many folders with nothing new are named; more are counted.
const maxIdleShown = 10

// The order of folders in print.
const (
	rankFailed = iota
	rankNews
	rankIdle
)

func rank(c ingest.Counts) int {
	switch {
	case c.Error != "":
		return rankFailed
	case c.Examined > 0 || c.Recorded+c.Duplicate+c.Rejected > 0:
		return rankNews
	}
	return rankIdle
}

func (a *app) printCounts(c ingest.Counts) error {
	where := printable(c.Mailbox + " / " + c.Folder)
	if c.Error != "" && c.Examined == 0 {
		return a.printf("%s: could not be read (see below)\n", where)
	}
	if rank(c) == rankIdle {
		return a.printf("%s: nothing new\n", where)
	}
	return a.printf("%s: looked at %s\n  %d recorded, %d known already, %d rejected, %d not reports\n",
		where, plural(c.Examined, "message"), c.Recorded, c.Duplicate, c.Rejected, c.Ignored)
}

// overrunSince returns since when a poll has been running that takes longer than its
// interval; zero if none does.
func overrunSince(c *config.Config, now time.Time) time.Time {
	since := pollingSince(c.Database.Path)
	if since.IsZero() || now.Sub(since) <= pollInterval(c, since) {
		return time.Time{}
	}
	return since
}

// pollInterval returns how long a poll may take: until the next is due by [schedule]
// poll. A poll that was begun by hand shortly before that has the whole interval.
func pollInterval(c *config.Config, began time.Time) time.Duration {
	schedule, err := cron.ParseStandard(c.Schedule.Poll)
	if err != nil {
		return math.MaxInt64 // not reached: config.Load refuses it
	}
	next := schedule.Next(began.In(c.Schedule.Timezone))
	if next.IsZero() {
		return math.MaxInt64 // there is no such day
	}
	return max(next.Sub(began), schedule.Next(next).Sub(next))
}
