package main

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// errUsage is wrapped by every error of the command line or the configuration, and
// makes the exit status 2.
var errUsage = errors.New("wrong usage")

// usage returns an error that wraps errUsage and has only the given text.
func usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

type usageError struct{ err error }

func (e *usageError) Error() string   { return e.err.Error() }
func (e *usageError) Unwrap() []error { return []error{errUsage, e.err} }

// newRootCommand returns the command line (DESIGN 8).
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "tlsbrief",
		Short: "Reads the TLS reports in a mailbox and mails a plain-language digest a day",
		Long: `tlsbrief logs in to the mailbox that receives your SMTP TLS reports (RFC 8460),
records them in SQLite, and mails you once a day what they mean.

Try it with nothing set up:   tlsbrief demo
Then copy config.toml.example to config.toml, and:   tlsbrief verify`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf("; did you mean %q?", near[0])
			}
			return usage("unknown command %q%s (tlsbrief --help lists them)", args[0], hint)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("config") && a.configPath == "" {
				return usage("--config names no file")
			}
			return a.openLog()
		},
	}
	root.SuggestionsMinimumDistance = 2
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "", "configuration `file`; by default the first of\n./config.toml,\n$XDG_CONFIG_HOME/tlsbrief/config.toml,\n/etc/tlsbrief/config.toml")
	flags.StringVar(&a.logLevel, "log-level", "info", "what to log: debug, `info`, warn, error")
	flags.StringVar(&a.logFormat, "log-format", "text", "the log on stderr as `text` or json")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v (see %s --help)", err, cmd.CommandPath())
	})
	root.AddCommand(
		newRunCommand(a), newPollCommand(a), newBackfillCommand(a), newDigestCommand(a),
		newExportCommand(a), newStatusCommand(a), newVerifyCommand(a), newCheckCommand(a), newLoginCommand(a), newDemoCommand(a), newVersionCommand(a),
	)
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	return root
}

// usageArgs returns check with its errors as usage errors.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usage("%s: %v (see %s --help)", cmd.Name(), err, cmd.CommandPath())
		}
		return nil
	}
}

// openLog makes the logger that the flags describe.
func (a *app) openLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil || strings.ContainsAny(a.logLevel, "+-") {
		return usage("--log-level is debug, info, warn or error, not %q", a.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch a.logFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.stderr, o))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.stderr, o))
	default:
		return usage("--log-format is text or json, not %q", a.logFormat)
	}
	return nil
}

// newVersionCommand returns "tlsbrief version".
func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print version, commit and Go",
		Example: "  tlsbrief version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			return a.printf("tlsbrief %s (commit %s, %s %s/%s)\n", b.version, b.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// A build is what Go recorded in the binary of its source.
type build struct{ version, commit string }

func readBuild() build {
	b := build{version: "dev", commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.commit = s.Value
		}
	}
	return b
}
