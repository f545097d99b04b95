package worlds

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tlsbrief/internal/testing/imaptest"
)

// A watch sees each command before the server does: it holds it against what may be
// done to other people's mail, and has happen what the round has in store.
type watch struct {
	mu      sync.Mutex
	stage   string // of the world, for messages
	running bool   // a round is
	round   round
	cancel  context.CancelFunc
	dead    bool     // no command comes through any more
	all     []string // commands of this round
	folder  string   // that was opened last
	writing bool     // by SELECT
	wrong   []string
}

func (w *watch) begin(r round, cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running, w.round, w.cancel, w.dead, w.all, w.wrong = true, r, cancel, false, nil, nil
}

// end returns what was wrong. A connection may outlive its round by a moment.
func (w *watch) end() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = false
	return w.wrong
}

var (
	commandLine = regexp.MustCompile(`^[A-Za-z]+[0-9]+ (\S+(?: (?:FETCH|STORE|MOVE|COPY|EXPUNGE|SEARCH)\b)?) ?(.*)$`)
	opening     = regexp.MustCompile(`^"?([^"]*?)"?$`)
	wholeBody   = regexp.MustCompile(`BODY(\.PEEK)?\[\]|RFC822(\.TEXT)?[ )]|BODY\.PEEK\[TEXT\]|BODY\.PEEK\[[0-9.]+\]|BINARY`)
	peeks       = regexp.MustCompile(`BODY\[`)
)

// harmless are the commands that change nothing and open nothing.
func harmless() []string {
	return []string{"CAPABILITY", "LOGIN", "AUTHENTICATE", "ID", "ENABLE", "LIST", "NAMESPACE", "MYRIGHTS", "STATUS", "NOOP", "UNSELECT", "UID SEARCH", "LOGOUT"}
}

// command is asked of each line that a client sends.
func (p *player) command(line string) imaptest.Action {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	found := commandLine.FindStringSubmatch(line)
	if found == nil || !p.running {
		return imaptest.Forward
	}
	p.all = append(p.all, line)
	if why := p.objection(found[1], found[2]); why != "" {
		p.wrong = append(p.wrong, fmt.Sprintf("%s, command %d, in %s: %s: %s", p.stage, len(p.all), p.folder, line, why))
	}
	for _, a := range p.watch.round.acts {
		if p.isAt(a.at, line) {
			p.act(a)
		}
	}
	if stop := p.watch.round.stop; stop != nil && p.isAt(*stop, line) {
		p.cancel()
	}
	return p.drop(line)
}

// drop returns what becomes of a command and of its answer.
func (w *watch) drop(line string) imaptest.Action {
	if w.dead {
		return imaptest.CutBefore
	}
	for _, d := range w.round.drops {
		if d.bytes > 0 || !w.isAt(d.at, line) {
			continue
		}
		w.dead = d.dead
		if d.reply {
			return imaptest.CutAfterReply
		}
		return imaptest.CutBefore
	}
	return imaptest.Forward
}

// isAt says that a moment is when a command comes, which is the last so far.
func (w *watch) isAt(at moment, line string) bool {
	if !strings.Contains(line, at.of) {
		return false
	}
	n := 0
	for _, earlier := range w.all {
		if strings.Contains(earlier, at.of) {
			n++
		}
	}
	return n == at.n
}

// objection says what is wrong with a command; empty if nothing is.
func (p *player) objection(name, args string) string {
	set, rest, _ := strings.Cut(args, " ")
	switch name {
	case "EXAMINE", "SELECT":
		p.folder, p.writing = opening.FindStringSubmatch(args)[1], name == "SELECT"
		return ""
	case "CREATE":
		if p.w.after != "move" || !strings.Contains(args, archive) {
			return "nothing is to be created"
		}
		return ""
	case "UID FETCH":
		switch {
		case peeks.MatchString(rest):
			return "a fetch without PEEK"
		case !wholeBody.MatchString(rest):
			return ""
		case p.writing:
			return "a mail is read under SELECT"
		}
		return p.eachOf(set, "is fetched whole", func(m *message) bool { return m.fate == ignored })
	case "UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE":
		if !p.writing {
			return "a change under EXAMINE"
		}
		kept := p.recordedUIDs(p.folder)
		return p.eachOf(set, "is changed, and is no report that is recorded", func(m *message) bool {
			return m.fate != recorded || !slices.Contains(kept, m.uid)
		})
	}
	if !slices.Contains(harmless(), name) {
		return "what is that for?"
	}
	return ""
}

// eachOf returns a sentence on the first message of a set that is bad.
func (p *player) eachOf(set, what string, bad func(*message) bool) string {
	uids, err := imaptest.UIDs(set)
	if err != nil {
		return err.Error()
	}
	folder := slices.Index(folderNames(), p.folder)
	for _, uid := range uids {
		if m := p.places[place{folder, uid}]; m != nil && bad(m) {
			return m.String() + " " + what
		}
	}
	return ""
}

// recordedUIDs are the messages of a folder whose record is committed.
func (p *player) recordedUIDs(folder string) []uint32 {
	uids, err := p.db.RecordedUIDs(context.Background(), box, folder, p.validity[folder], 1_000_000)
	if err != nil {
		p.t.Error(err)
	}
	return uids
}
