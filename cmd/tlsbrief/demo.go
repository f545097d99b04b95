package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/demo"
	"tlsbrief/poller"
)

// newDemoCommand returns "tlsbrief demo", the main job with nothing set up.
func newDemoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the whole job with nothing set up and no network",
		Long: `Starts a mail server, a DNS server and an SMTP server inside this process, fills
the mailbox with sample mail, and runs backfill, poll and digest on it as they
would run on yours. What it leaves behind is one folder, which it names.`,
		Example: "  tlsbrief demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "tlsbrief-demo-")
			if err != nil {
				return fmt.Errorf("making a folder for the demo: %w", err)
			}
			err = a.demo(cmd.Context(), dir)
			if err != nil { // the folder was not printed, so nobody would delete it
				err = errors.Join(err, os.RemoveAll(dir))
			}
			return err
		},
	}
}

// demo runs the code of the commands in dir, against servers of its own.
func (a *app) demo(ctx context.Context, dir string) error {
	servers, err := demo.Start(dir, time.Now())
	if err != nil {
		return fmt.Errorf("starting the demo's servers: %w", err)
	}
	defer servers.Close()
	a.configPath = filepath.Join(dir, "config.toml")
	return a.withDB(ctx, func(c *config.Config, d *db.DB) error {
		return a.demoSteps(ctx, c, d, servers, dir)
	})
}

func (a *app) demoSteps(ctx context.Context, c *config.Config, d *db.DB, servers *demo.Servers, dir string) error {
	p := &printer{a: a}
	p.printf("A shared mailbox, reports@example.com, holds %d messages: three weeks of TLS\nreports, DMARC reports, bounces, a colleague's mail.\n\n", servers.Delivered())
	p.printf("$ tlsbrief backfill\n")
	if p.err == nil {
		p.err = a.backfill(ctx, c, d, poller.Backfill{}, nil, false)
	}
	arrived, err := servers.DeliverToday()
	if err != nil {
		return fmt.Errorf("delivering this morning's mail: %w", err)
	}
	p.printf("\nThis morning %d more messages arrive.\n\n$ tlsbrief poll\n", arrived)
	if p.err == nil {
		p.err = a.poll(ctx, c, d, "", false)
	}
	p.printf("\n$ tlsbrief digest\n")
	if p.err == nil {
		p.err = a.digest(ctx, c, d, digestFlags{format: "text"}, time.Time{}, time.Time{})
	}
	if p.err != nil {
		return p.err
	}
	mails, err := servers.Sent()
	if err != nil {
		return err
	}
	if len(mails) == 0 {
		return errors.New("no digest reached the SMTP server")
	}
	for _, m := range mails {
		p.printf("\n%s\n", m.Text)
	}
	html := filepath.Join(dir, "digest.html")
	if err := os.WriteFile(html, []byte(mails[0].HTML), 0o600); err != nil {
		return fmt.Errorf("writing the digest's HTML: %w", err)
	}
	p.printf("\nThe same mail as HTML, for a browser:\n  %s\n", html)
	p.printf("The database and the configuration stand beside it. What to type next (for\ntlsbrief: go run ./cmd/tlsbrief, or the binary of make build):\n")
	p.printf("  tlsbrief --config %s status\n", a.configPath)
	p.printf("  tlsbrief --config %s export\n", a.configPath)
	p.printf("Delete the folder when you are done:\n  rm -r %s\n", dir)
	return p.err
}
