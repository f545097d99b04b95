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

	"tlsbrief/db"
	"tlsbrief/internal/ingest"
	"tlsbrief/poller/imapbox"
)

// An After says what is done to a message once its report is recorded (DESIGN 5).
type After string

// What can be done to a recorded message.
const (
	AfterSeen    After = "seen"    // sets \Seen
	AfterKeyword After = "keyword" // sets Mailbox.Keyword
	AfterMove    After = "move"    // moves it to Mailbox.MoveTo
	AfterNone    After = "none"    // leaves it as it is
)

// A Mailbox is one mailbox to read.
type Mailbox struct {
	Name    string   // as configured; stands in the database and in every message
	Folders []string // names, or special uses such as `\Junk`
	After   After
	Keyword string
	MoveTo  string
	IMAP    imapbox.Options
}

// Options are what a Poller works with.
type Options struct {
	DB        *db.DB
	Ingest    *ingest.Ingester
	Mailboxes []Mailbox

	// Lock, where set, keeps other processes from the mailbox of this name until
	// the function it returns is called. Where its error wraps ErrBusy, a poll
	// passes the mailbox over, which is no failure of it.
	Lock func(ctx context.Context, mailbox string) (unlock func(), err error)

	// Progress, where set, is told how far a backfill is. It is called from one
	// goroutine at a time.
	Progress func(Progress)

	// Patient leaves a mailbox alone for a while that could not be logged in to
	// at the polls before: for a worker, which polls on a schedule.
	Patient bool

	Bounds Bounds // of what is asked for, held and recorded together

	Parallel int          // mailboxes polled at a time; 4 if 0
	Log      *slog.Logger // nil discards
}

// A Progress says how far the work on one folder is, in messages.
type Progress struct {
	Mailbox, Folder string
	Done, Total     int64
}

// A Poller polls mailboxes and reads their history. Its methods may be called
// from several goroutines, but for one mailbox one at a time.
type Poller struct {
	o       Options
	said    sayOnce
	backoff backoff
	gates   gates
	before  atomic.Int64                   // the last message row when the last poll began; see RetryUnknown
	keys    atomic.Pointer[ingest.Lookups] // of the last poll

	underway sync.Map   // the names of the mailboxes that are being worked on
	telling  sync.Mutex // Progress is called by one goroutine at a time
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
	p.before.Store(math.MaxInt64)
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
	before, err := p.o.DB.LastMessage(detached(ctx))
	if err != nil {
		return ingest.Result{}, err
	}
	p.before.Store(before)
	keys := p.o.Ingest.PollLookups()
	p.keys.Store(keys)
	defer p.o.Ingest.LogSilent(ctx, keys)
	return p.each(ctx, only, keys, true, func(ctx context.Context, w *worker) error {
		return w.patient(ctx, func(ctx context.Context) error {
			return w.eachFolder(ctx,
				func(ctx context.Context, f *folder) error { return f.poll(ctx) },
				func(ctx context.Context, f *folder) error { return f.quarantined(ctx) })
		})
	})
}

// each runs work on every mailbox, or only on the one named, some at a time.
func (p *Poller) each(ctx context.Context, only string, keys *ingest.Lookups, polling bool, work func(context.Context, *worker) error) (ingest.Result, error) {
	start := time.Now()
	boxes, err := p.chosen(only)
	if err != nil {
		return ingest.Result{}, err
	}
	workers := make([]*worker, len(boxes))
	errs := make([]error, len(boxes))
	slots := make(chan struct{}, p.o.Parallel)
	var wg sync.WaitGroup
	for i, box := range boxes {
		workers[i] = &worker{
			p: p, box: box, polling: polling, keys: keys,
			log: p.o.Log.With("mailbox", box.Name), reader: p.o.Ingest.NewReader(),
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p.underway.Store(box.Name, nil)
			defer p.underway.Delete(box.Name)
			errs[i] = p.guarded(ctx, workers[i], work)
			p.o.Ingest.SumUpRejected(box.Name)
		})
	}
	wg.Wait()
	var r ingest.Result
	for _, w := range workers {
		r.Add(w.counts...)
	}
	r.ElapsedSeconds = time.Since(start).Seconds()
	return r, errors.Join(errs...)
}

// RetryUnknown authenticates once more what DNS gave no answer for when it was
// recorded, whatever mailbox it came from: what is due by now, but not what the
// last poll has only just recorded. It takes what that poll left of its time for keys,
// and does not ask domains that did not answer then.
func (p *Poller) RetryUnknown(ctx context.Context) error {
	keys := p.keys.Load()
	if keys == nil {
		keys = p.o.Ingest.PollLookups()
	}
	return p.o.Ingest.RetryUnknown(ctx, keys, p.before.Load())
}

// guarded runs work on a mailbox, and returns a panic in it as an error.
func (p *Poller) guarded(ctx context.Context, w *worker, work func(context.Context, *worker) error) (err error) {
	failed := true
	err = p.o.Ingest.Recovered(func() error {
		err := w.locked(ctx, work)
		failed = false
		return err
	})
	if failed {
		return w.failed(ctx, fmt.Errorf("mailbox %q: %w", w.box.Name, err))
	}
	return err
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

// tell reports progress.
func (p *Poller) tell(pr Progress) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.o.Progress(pr)
}

// sayOnce remembers what has been said, so that a lasting condition is logged
// once a process and not at every poll.
type sayOnce struct {
	mu   sync.Mutex
	said map[string]bool
}

// first reports whether key is new.
func (s *sayOnce) first(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[key] {
		return false
	}
	if s.said == nil {
		s.said = map[string]bool{}
	}
	s.said[key] = true
	return true
}

// maxMessage returns how large a message may be.
func (p *Poller) maxMessage() int64 { return p.o.Ingest.Limits().MaxMessage }
