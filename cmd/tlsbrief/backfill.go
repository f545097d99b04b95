package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/backfill"
	"tlsbrief/internal/config"
	"tlsbrief/internal/ingest"
	"tlsbrief/poller"
)

// newBackfillCommand returns "tlsbrief backfill", which reads the whole history once.
func newBackfillCommand(a *app) *cobra.Command {
	var since, before string
	var b poller.Backfill
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backfill [FILE…]",
		Short: "Read the whole history once: of mailboxes, or of files",
		Long: `Reads every message of every mailbox, seen or not, and records the reports among
them. Flags are left as they are unless --mark is given. Stopped half way, it
goes on from there when it is run again.

With arguments it reads files instead: .eml, mbox, Maildir, .json, .json.gz,
.zip, and folders of these. A mail in a file is judged as one in a mailbox. A
report file without its mail carries no signature, so under authenticity =
"flag" it is shown but does not count.

Reports on days long past are history: no digest brings them as news.`,
		Example: "  tlsbrief backfill\n" +
			"  tlsbrief backfill --mailbox reports --since 2026-01-01\n" +
			"  tlsbrief backfill old-reports.mbox saved-reports/",
		RunE: func(cmd *cobra.Command, files []string) error {
			var err error
			if b.Since, err = utcDate("--since", since); err != nil {
				return err
			}
			if b.Before, err = utcDate("--before", before); err != nil {
				return err
			}
			if !b.Before.IsZero() && !b.Since.Before(b.Before) {
				return usage("--since %s is not before --before %s", since, before)
			}
			if len(files) > 0 && (b.Mailbox != "" || b.Mark) {
				return usage("--mailbox and --mark are for mailboxes, and files were named")
			}
			return a.withDB(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.backfill(cmd.Context(), c, d, b, files, asJSON)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&since, "since", "", "only what arrived on this UTC `day` or later")
	flags.StringVar(&before, "before", "", "only what arrived before this UTC `day`")
	flags.StringVar(&b.Mailbox, "mailbox", "", "only the mailbox of this `name`")
	flags.BoolVar(&b.Mark, "mark", false, "mark what is recorded, as a poll does")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (a *app) backfill(ctx context.Context, c *config.Config, d *db.DB, b poller.Backfill, files []string, asJSON bool) error {
	bar := newBar(a.stderr)
	p, err := a.newPoller(c, d, func(o *poller.Options) { o.Progress = bar.show })
	if err != nil {
		return err
	}
	var r ingest.Result
	if len(files) > 0 {
		r, err = backfill.Files(ctx, files, backfill.Options{
			Ingest: a.newIngester(c, d), Since: b.Since, Before: b.Before,
			Progress: func(path string, done, total int64) {
				bar.show(poller.Progress{Mailbox: "files", Folder: path, Done: done, Total: total})
			},
		})
	} else {
		if err := needMailbox(c, b.Mailbox); err != nil {
			return err
		}
		r, err = p.Backfill(ctx, b)
	}
	bar.end()
	if ctx.Err() != nil {
		err = errors.Join(err, errors.New("stopped half way; run the same command again and it goes on from there"))
	}
	if printErr := a.printResult(r, asJSON); printErr != nil {
		return errors.Join(printErr, err)
	}
	if !asJSON && err == nil {
		err = a.printf("%s in %s\n", plural(r.Totals.Examined, "message"), time.Duration(r.ElapsedSeconds*float64(time.Second)).Round(time.Millisecond))
	}
	return err
}
