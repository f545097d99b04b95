// Command tlsbrief reads the TLS reports (RFC 8460) in a mailbox and mails one
// plain-language digest a day.
//
// This package joins the configuration to the packages that do the work, and decides
// nothing itself. Each command has a file of its own, whose code calls what wire_*.go
// build from the configuration. docs/architecture.md describes the packages and where
// a change goes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	_ "time/tzdata" // a container often has no time zones, and schedule.timezone names one

	"tlsbrief/internal/config"
)

// The exit statuses of DESIGN 8.
const (
	exitDone     = 0
	exitFailed   = 1 // something failed, everything else was done
	exitUsage    = 2 // wrong usage or configuration
	exitFindings = 3 // check found something to mend
)

// memoryLimit is above what any message of the default limits takes. It is no bound,
// but Go collects garbage sooner from there on, so that a mail that unpacks to 64 MiB
// does not cost twice that.
const memoryLimit = 96 << 20

// garbagePercent is GOGC. Go's default of 100 takes a few megabytes more for little
// speed (docs/performance.md).
const garbagePercent = 75

func main() {
	os.Exit(process()) // the only os.Exit in the module
}

// process runs the program until it ends or a signal stops it, within the memory limit,
// and returns the exit status.
func process() int {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// run runs a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand(&app{stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var faults *config.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &faults):
		fmt.Fprintf(stderr, "tlsbrief: %v\n", err)
		return exitUsage
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "tlsbrief: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "tlsbrief: %v\n", err)
		return exitFailed
	}
}
