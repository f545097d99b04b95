package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
)

// digestFlags are what "tlsbrief digest" is told.
type digestFlags struct {
	name, from, to, day string
	preview             bool
	format, output      string
	resend              string
}

// newDigestCommand returns "tlsbrief digest": what is due, now.
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
			open := a.with
			if f.preview {
				open = a.looking
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

// check refuses flags that contradict each other, and returns the days asked
// for: from inclusive, to exclusive, both zero if none are.
func (f digestFlags) check() (from, to time.Time, err error) {
	if err := chosen("--format", f.format, "text", "html", "json"); err != nil {
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
			err = begun("--day", day)
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
	return from, to, begun("--from", from)
}

// begun refuses a day of which nobody can have reported yet.
func begun(flag string, day time.Time) error {
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
	if f.preview && f.format == "json" { // the facts are the reports' alone: no need to look
		still := *c
		still.Check.Confirm = false
		c = &still
	}
	sent := &sentLog{}
	dg, err := a.newDigester(c, d, sent)
	if err != nil {
		return err
	}
	if err := knownDigest(dg, f.name); err != nil {
		return err
	}
	if f.preview {
		return a.preview(ctx, dg, f, from, to)
	}
	unlock, err := a.outboxLock(ctx, c)
	if err != nil {
		return err
	}
	defer unlock()
	if f.resend != "" {
		return a.resend(ctx, dg, sent, f.resend)
	}
	return a.sendDue(ctx, dg, sent, f.name)
}

// sendDue builds and sends, and says what was sent.
func (a *app) sendDue(ctx context.Context, dg *digest.Digester, sent *sentLog, name string) error {
	runErr := dg.Run(ctx, name)
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
func (a *app) resend(ctx context.Context, dg *digest.Digester, sent *sentLog, messageID string) error {
	err := dg.Resend(ctx, messageID)
	if errors.Is(err, db.ErrNotFound) {
		return usage("--resend: no digest with Message-ID %q has been made here (tlsbrief status shows those that wait or failed)", messageID)
	}
	if err != nil {
		return err
	}
	return a.printf("%s\n", strings.Join(sent.lines, "\n"))
}

func knownDigest(dg *digest.Digester, name string) error {
	if name == "" {
		return nil
	}
	for _, n := range dg.Names() {
		if n == name {
			return nil
		}
	}
	return usage("--name %q: there is no such digest (there are: %s)", name, strings.Join(dg.Names(), ", "))
}

// preview shows one digest.
func (a *app) preview(ctx context.Context, dg *digest.Digester, f digestFlags, from, to time.Time) error {
	name := f.name
	if name == "" {
		// Where one is configured that is the one, and "fallback" is asked for by name.
		names := dg.Names()
		if len(names) > 2 {
			return usage("several digests are configured: choose one with --name (%s)", strings.Join(names, ", "))
		}
		name = names[0]
	}
	r, err := dg.Preview(ctx, name, from, to)
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
