package main

import "log/slog"

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
