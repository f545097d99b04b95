package worlds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
	tlsread "tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

const (
	box     = "reports" // the mailbox's name
	archive = "Archive" // where reports are moved to
	keyword = "$tlsrpt" // as the memory server keeps it
	// testTimeout is long for a machine that is busy, and short for a test that hangs.
	testTimeout = 30 * time.Second
	// soundPolls is how many polls over a sound line it takes, at most, until all is as
	// if nothing had happened: the first records everything, the second may still mark.
	soundPolls = 2
)

// folderNames are the folders that are read.
func folderNames() []string { return []string{"INBOX", "Reports", "Other mail"} }

// A player plays a world.
type player struct {
	t     testing.TB
	w     world
	s     *imaptest.Server
	proxy *imaptest.Proxy
	db    *db.DB
	path  string
	log   bytes.Buffer
	*model
	watch
	validity map[string]uint32 // by folder

	now      state
	faults   []string
	kept     map[int]bool // reports that were seen to be recorded
	recorded int64        // sum of the totals
	struck   int          // connections dropped
	stopped  int          // rounds that ended by being told to stop

	lying map[place]bool // what was in its folder before an undisturbed round; true: it was seen
}

// faulty notes what is wrong.
func (p *player) faulty(format string, args ...any) {
	const most = 12
	if len(p.faults) < most {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// play plays a world on a server that is empty, and returns what went wrong, and the
// log.
func play(t testing.TB, w world, s *imaptest.Server) *player {
	p := &player{t: t, w: w, s: s, proxy: imaptest.NewProxy(t, s), path: filepath.Join(t.TempDir(), "tlsrpt.db"), model: newModel(w), kept: map[int]bool{}, validity: map[string]uint32{}}
	p.open()
	defer p.close()
	for i, mails := range w.folders {
		p.s.EnsureFolder(t, folderNames()[i])
		p.validity[folderNames()[i]] = p.s.UIDValidity(t, folderNames()[i])
		p.fill(i, mails)
	}
	p.now = p.state()
	p.proxy.OnCommand(p.command)
	for i, r := range w.rounds {
		p.stage = fmt.Sprintf("round %d", i+1)
		p.round(r)
		if len(p.faults) > 0 {
			return p
		}
	}
	p.recovers()
	t.Logf("%d messages, %d reports recorded, %d connections dropped, %d rounds stopped", len(p.messages), len(p.kept), p.struck, p.stopped)
	return p
}

func (p *player) open() {
	var err error
	if p.db, err = db.Open(context.Background(), p.path, db.Options{}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) close() {
	if err := p.db.Close(); err != nil {
		p.t.Error(err)
	}
}

// poller makes a poller, as a new process has.
func (p *player) poller() *poller.Poller {
	via := p.s.Via(p.proxy)
	limits := tlsread.DefaultLimits()
	limits.MaxMessage = p.w.maxMessage
	log := slog.New(slog.NewTextHandler(&p.log, nil))
	return poller.New(poller.Options{
		Store: p.db, Log: log,
		Ingest: ingest.New(ingest.Options{Recorder: p.db, Limits: limits, Log: log}),
		Bounds: p.w.bounds,
		Mailboxes: []poller.Mailbox{{
			Name: box, Folders: folderNames()[:len(p.w.folders)], After: p.w.after, Keyword: keyword, MoveTo: archive,
			IMAP: imapbox.Options{
				Name: box, Host: via.Host, Port: via.Port, TLS: netclient.TLSMode(via.TLS), Timeout: testTimeout,
				Auth: func(context.Context) (netclient.Credentials, error) {
					return netclient.Credentials{Username: via.Username, Password: via.Password}, nil
				},
			},
		}},
	})
}

// round plays a round, and looks at what it left.
func (p *player) round(r round) {
	if r.reopen {
		p.close()
		p.open()
	}
	for _, a := range r.arrive {
		p.fill(a.folder%len(p.w.folders), []mail{a.mail})
	}
	for _, a := range r.acts {
		if a.at.n == 0 {
			p.act(a)
		}
	}
	fmt.Fprintf(&p.log, "--- %s\n", p.stage)
	before := p.now
	undisturbed := len(r.drops)+len(r.acts) == 0 && r.stop == nil
	if undisturbed {
		p.list()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*testTimeout)
	defer cancel()
	p.model.begin()
	p.watch.begin(r, cancel)
	cuts := p.proxy.Cuts()
	p.proxy.CutAfterEach(r.bytes()...)
	result, err := p.run(ctx, r.backfill)
	p.proxy.CutAfterEach()
	p.faults = append(p.faults, p.watch.end()...)
	p.struck += p.proxy.Cuts() - cuts

	stopped := errors.Is(ctx.Err(), context.Canceled)
	if stopped {
		p.stopped++
	}
	p.recorded += result.Totals.Recorded
	p.now = p.state()
	p.told(r, before, result, err, stopped)
	p.check()
	if undisturbed {
		p.checkTotals(r, before, result.Totals, err)
	}
}

// bytes are where connections are dropped by what was sent.
func (r round) bytes() (after []int64) {
	const tries = 100 // of a client on a dead line
	for _, d := range r.drops {
		if d.bytes == 0 {
			continue
		}
		after = append(after, d.bytes)
		if d.dead {
			return append(after, make([]int64, tries)...)
		}
	}
	return after
}

// list notes what lies in the folders.
func (p *player) list() {
	p.lying = map[place]bool{}
	for i := range p.w.folders {
		for uid, flags := range p.s.Flags(p.t, folderNames()[i]) {
			p.lying[place{i, uid}] = slices.Contains(flags, `\seen`) || slices.Contains(flags, `\Seen`)
		}
	}
}

func (p *player) run(ctx context.Context, backfill bool) (ingest.Result, error) {
	if backfill {
		return p.poller().Backfill(ctx, poller.Backfill{Mark: p.w.mark})
	}
	return p.poller().Poll(ctx, "")
}

// told tells the model how a round ended, and holds what is remembered of the folders
// against it.
func (p *player) told(r round, before state, result ingest.Result, err error, stopped bool) {
	finished := map[string]bool{}
	for _, c := range result.Mailboxes {
		finished[c.Folder] = c.Error == ""
	}
	for i, f := range p.now.folders {
		name := folderNames()[i]
		was := before.folders[i]
		if r.backfill {
			p.backfilled(i, finished[name], uidOf(f.Backfill))
			if uidOf(was.Poll) != uidOf(f.Poll) {
				p.faulty(p.stage+": the backfill moved the poll's cursor of %s from %d to %d", name, uidOf(was.Poll), uidOf(f.Poll))
			}
			if finished[name] && f.Backfill != nil {
				p.faulty(p.stage+": the finished backfill of %s is remembered at UID %d", name, uidOf(f.Backfill))
			}
			continue
		}
		p.polled(i, uidOf(f.Poll))
		switch {
		case uidOf(f.Poll) < uidOf(was.Poll):
			p.faulty(p.stage+": the poll's cursor of %s went back from %d to %d", name, uidOf(was.Poll), uidOf(f.Poll))
		case uidOf(f.Poll) > int64(p.last(i)):
			p.faulty(p.stage+": the poll's cursor of %s stands at %d, and the last UID is %d", name, uidOf(f.Poll), p.last(i))
		case err == nil && (f.LastError != "" || !f.FailingSince.IsZero()):
			p.faulty(p.stage+": the poll went well, and of %s is remembered %q", name, f.LastError)
		case err == nil && f.Poll == nil:
			p.faulty(p.stage+": the poll went well, and there is no cursor of %s", name)
		case err != nil && !stopped && !finished[name] && f.LastError == "" && uidOf(f.Poll) < p.lastThere(i):
			// One that has been read, and not marked, does not count as failed.
			p.faulty("%s: the poll of %s failed (%v), and that is not remembered", p.stage, name, err)
		}
	}
}

// recovers wants everything to be as if nothing had ever happened, once the line is
// sound.
func (p *player) recovers() {
	for _, r := range p.w.rounds {
		if r.backfill {
			p.stage = "the sound backfill"
			p.round(round{backfill: true})
			break
		}
	}
	for n := range soundPolls {
		p.stage = fmt.Sprintf("sound poll %d", n+1)
		p.round(round{})
		p.checkAll(n == soundPolls-1)
	}
}

func uidOf(c *report.Cursor) int64 {
	if c == nil {
		return none
	}
	return int64(c.LastUID)
}

func lower(flag string) string { return strings.ToLower(flag) }
