// Package poller turns mailboxes into recorded reports.
//
// A poll looks at what is new in the folders of a mailbox, decides from sizes
// and a few header fields what can be a TLS report, fetches those messages and
// no others, reads and authenticates them, records them together with the
// folder's cursor in one transaction, and only then marks them (DESIGN 3 and 5).
// A backfill does the same with a folder's whole history. Reading, authenticating and
// recording are package ingest's.
//
// # Trust
//
// The mailbox is not ours: everything is read with PEEK under EXAMINE, a
// message that is not a report keeps its flags and is never fetched in full,
// and a mark is made only on a message whose record has been committed. What a
// server or a sender sends is bounded by [ingest.Options] and by package imapbox.
//
// # Tolerance
//
// One message, folder or mailbox that fails is recorded or returned with its
// reason, and the others are dealt with all the same.
package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tlsbrief/internal/ingest"
)

// A Poller polls mailboxes and reads their history. Its methods may be called
// from several goroutines, but for one mailbox one at a time.
type Poller struct {
	o         Options
	logged    logOnce
	backoff   backoff
	limiter   connLimiter
	newestRow atomic.Int64                   // the last message row when the last poll began; see RetryUnknown
	lookups   atomic.Pointer[ingest.Lookups] // of the last poll

	underway   sync.Map   // the names of the mailboxes that are being worked on
	progressMu sync.Mutex // Options.Progress is called by one goroutine at a time
}

// New returns a Poller.
func New(o Options) *Poller {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Bounds = o.Bounds.orDefaults()
	p := &Poller{o: o}
	p.newestRow.Store(math.MaxInt64)
	return p
}

// ErrBusy is wrapped by an error of Options.Lock: somebody else is at work on the
// mailbox, such as a backfill, which takes its time.
var ErrBusy = errors.New("the mailbox is being worked on")

// ErrNoMailbox means that no configured mailbox has the name asked for.
var ErrNoMailbox = errors.New("no such mailbox")

// Poll polls every mailbox once, or only the one named. The error joins those
// of the folders that could not be polled; they stand in the Result too.
func (p *Poller) Poll(ctx context.Context, only string) (ingest.Result, error) {
	newest, err := p.o.Store.LastMessage(detached(ctx))
	if err != nil {
		return ingest.Result{}, err
	}
	p.newestRow.Store(newest)
	lookups := p.o.Ingest.PollLookups()
	p.lookups.Store(lookups)
	return p.forEachMailbox(ctx, only, lookups, true, (*folder).poll)
}

// forEachMailbox does work on every folder of every mailbox, or only of the one named, some
// mailboxes at a time, and then asks for what is quarantined in those that it was done on.
func (p *Poller) forEachMailbox(ctx context.Context, only string, lookups *ingest.Lookups, polling bool, work folderWork) (ingest.Result, error) {
	defer p.o.Ingest.LogSilent(ctx, lookups)
	start := time.Now()
	chosen, err := p.chosen(only)
	if err != nil {
		return ingest.Result{}, err
	}
	boxes := make([]*mailbox, len(chosen))
	errs := make([]error, len(chosen))
	slots := make(chan struct{}, p.o.Parallel)
	var wg sync.WaitGroup
	for i, config := range chosen {
		boxes[i] = p.newMailbox(config, p.o.Log.With("mailbox", config.Name))
		boxes[i].polling, boxes[i].lookups = polling, lookups
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p.underway.Store(config.Name, nil)
			defer p.underway.Delete(config.Name)
			errs[i] = boxes[i].run(ctx, work, (*folder).askQuarantined)
			p.o.Ingest.SumUpRejected(config.Name)
		})
	}
	wg.Wait()
	var r ingest.Result
	for _, m := range boxes {
		r.Add(m.counts...)
	}
	r.ElapsedSeconds = time.Since(start).Seconds()
	return r, errors.Join(errs...)
}

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, whatever mailbox it came from: what is due by now, but not what the
// last poll has only just recorded. It takes what that poll left of its time for keys,
// and does not ask domains that did not answer then.
func (p *Poller) RetryUnknown(ctx context.Context) error {
	lookups := p.lookups.Load()
	if lookups == nil {
		lookups = p.o.Ingest.PollLookups()
	}
	return p.o.Ingest.RetryUnknown(ctx, lookups, p.newestRow.Load())
}

// Underway names the mailboxes that are being worked on at the moment.
func (p *Poller) Underway() []string {
	var names []string
	p.underway.Range(func(name, _ any) bool {
		names = append(names, name.(string))
		return true
	})
	slices.Sort(names)
	return names
}

func (p *Poller) chosen(only string) ([]Mailbox, error) {
	if only == "" {
		return p.o.Mailboxes, nil
	}
	for _, box := range p.o.Mailboxes {
		if box.Name == only {
			return []Mailbox{box}, nil
		}
	}
	return nil, fmt.Errorf("%w: %q is not in the configuration", ErrNoMailbox, only)
}

// detached returns a context for what is done to its end although the process has been
// told to stop: it is short, and what it is about would be lost.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// A logOnce remembers what has been logged, so that a permanent condition is logged
// once a process and not at every poll.
type logOnce struct {
	mu     sync.Mutex
	logged map[string]bool
}

// first reports whether key is new.
func (l *logOnce) first(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logged[key] {
		return false
	}
	if l.logged == nil {
		l.logged = map[string]bool{}
	}
	l.logged[key] = true
	return true
}
