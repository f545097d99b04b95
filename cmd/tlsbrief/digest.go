package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
)

// digestFlags are the flags of "tlsbrief digest".
type digestFlags struct {
	name, from, to, day string
	preview             bool
	format, output      string
	resend              string
}

// newDigestCommand returns "tlsbrief digest", which sends what is due.
func newDigestCommand(a *app) *cobra.Command {
	var f digestFlags
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "Build and send what is due now, or only show it",
		Long: `Builds every digest that is due, and sends it and whatever still waits in the
outbox. With --preview a digest is only shown: nothing is sent, nothing changed.
Days are UTC days, by what the reports cover; --to is included.

The domains that it tells of failures or silence of are looked at first, to say
what is still so; [check] confirm = false leaves that out.`,
		Example: "  tlsbrief digest\n" +
			"  tlsbrief digest --preview --day 2026-11-22\n" +
			"  tlsbrief digest --preview --format html --output digest.html\n" +
			"  tlsbrief digest --resend MESSAGE-ID",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("resend") && f.resend == "" {
				return usage("--resend names no Message-ID (tlsbrief status shows those that wait or failed)")
			}
			from, to, err := f.check()
			if err != nil {
				return err
			}
			open := a.withDB
			if f.preview {
				open = a.withReadDB
			}
			return open(cmd.Context(), func(c *config.Config, d *db.DB) error {
				return a.digest(cmd.Context(), c, d, f, from, to)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "only the digest of this `name`")
	flags.BoolVar(&f.preview, "preview", false, "show the digest; send nothing, change nothing")
	flags.StringVar(&f.from, "from", "", "with --preview: from this UTC `day`")
	flags.StringVar(&f.to, "to", "", "with --preview: up to and including this UTC `day`")
	flags.StringVar(&f.day, "day", "", "with --preview: this UTC `day` alone")
	flags.StringVar(&f.format, "format", "text", "with --preview: text, html or json")
	flags.StringVar(&f.output, "output", "", "with --preview: write to this `file`")
	flags.StringVar(&f.resend, "resend", "", "send the digest of this `Message-ID` again, as it was")
	return cmd
}

// check returns a usage error for flags that contradict each other, and otherwise the
// days they name: from inclusive, to exclusive, both zero if none are named.
func (f digestFlags) check() (from, to time.Time, err error) {
	if err := oneOf("--format", f.format, "text", "html", "json"); err != nil {
		return from, to, err
	}
	switch {
	case f.resend != "" && (f.preview || f.name != ""):
		return from, to, usage("--resend stands alone: the mail is sent as it was")
	case !f.preview && (f.from != "" || f.to != "" || f.day != "" || f.output != "" || f.format != "text"):
		return from, to, usage("--from, --to, --day, --format and --output go with --preview: what is sent covers what has come since the last digest")
	case f.day != "" && (f.from != "" || f.to != ""):
		return from, to, usage("--day goes without --from and --to")
	case (f.from == "") != (f.to == ""):
		return from, to, usage("--from and --to go together (or give --day)")
	}
	if f.day != "" {
		day, err := utcDate("--day", f.day)
		if err == nil {
			err = refuseFuture("--day", day)
		}
		return day, day.AddDate(0, 0, 1), err
	}
	if from, err = utcDate("--from", f.from); err != nil {
		return from, to, err
	}
	if to, err = utcDate("--to", f.to); err != nil {
		return from, to, err
	}
	if from.After(to) {
		return from, to, usage("--from %s is after --to %s", f.from, f.to)
	}
	if !to.IsZero() {
		to = to.AddDate(0, 0, 1)
	}
	return from, to, refuseFuture("--from", from)
}

// refuseFuture returns a usage error for a day that nobody can have reported on yet.
func refuseFuture(flag string, day time.Time) error {
	if day.After(time.Now()) {
		return usage("%s %s has not begun yet", flag, day.Format(time.DateOnly))
	}
	return nil
}

func (a *app) digest(ctx context.Context, c *config.Config, d *db.DB, f digestFlags, from, to time.Time) error {
	if !f.preview {
		if err := needSMTP(c); err != nil {
			return err
		}
	}
	if f.preview && f.format == "json" { // the summary holds no answers, so probes would be wasted
		still := *c
		still.Check.Confirm = false
		c = &still
	}
	sent := &sentLog{}
	digester, err := a.newDigester(c, d, sent)
	if err != nil {
		return err
	}
	if err := needDigest(digester, f.name); err != nil {
		return err
	}
	if f.preview {
		return a.preview(ctx, digester, f, from, to)
	}
	unlock, err := a.outboxLock(ctx, c)
	if err != nil {
		return err
	}
	defer unlock()
	if f.resend != "" {
		return a.resend(ctx, digester, sent, f.resend)
	}
	return a.sendDue(ctx, digester, sent, f.name)
}

// sendDue builds and sends the digests that are due, and prints what was sent.
func (a *app) sendDue(ctx context.Context, digester *digest.Digester, sent *sentLog, name string) error {
	runErr := digester.Run(ctx, name)
	for _, line := range sent.lines {
		if err := a.printf("%s\n", line); err != nil {
			return errors.Join(err, runErr)
		}
	}
	if len(sent.lines) == 0 && runErr == nil {
		return a.printf("nothing is due\n")
	}
	return runErr
}

// resend sends one mail again.
func (a *app) resend(ctx context.Context, digester *digest.Digester, sent *sentLog, messageID string) error {
	err := digester.Resend(ctx, messageID)
	if errors.Is(err, db.ErrNotFound) {
		return usage("--resend: no digest with Message-ID %q has been made here (tlsbrief status shows those that wait or failed)", messageID)
	}
	if err != nil {
		return err
	}
	return a.printf("%s\n", strings.Join(sent.lines, "\n"))
}

func needDigest(digester *digest.Digester, name string) error {
	if names := digester.Names(); name != "" && !slices.Contains(names, name) {
		return usage("--name %q: there is no such digest (there are: %s)", name, strings.Join(names, ", "))
	}
	return nil
}

// preview shows one digest.
func (a *app) preview(ctx context.Context, digester *digest.Digester, f digestFlags, from, to time.Time) error {
	name := f.name
	if name == "" {
		// The last name is "fallback": it is meant only if it is alone, or named.
		names := digester.Names()
		if len(names) > 2 {
			return usage("several digests are configured: choose one with --name (%s)", strings.Join(names, ", "))
		}
		name = names[0]
	}
	r, err := digester.Preview(ctx, name, from, to)
	if err != nil {
		return err
	}
	var out string
	switch f.format {
	case "html":
		out = r.HTML
	case "json":
		var b strings.Builder
		if err := newJSONEncoder(&b).Encode(r.Summary); err != nil {
			return fmt.Errorf("writing the facts as JSON: %w", err)
		}
		out = b.String()
	default:
		out = "Subject: " + r.Subject + "\n\n" + r.Text
	}
	if f.output == "" {
		return a.printf("%s", out)
	}
	if err := os.WriteFile(f.output, []byte(out), 0o600); err != nil {
		return fmt.Errorf("writing the preview: %w", err)
	}
	_, err = fmt.Fprintf(a.stderr, "written to %s\n", f.output)
	return err
}
