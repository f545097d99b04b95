package worlds

import (
	"regexp"
	"slices"
	"strconv"

	"tlsbrief/poller"
)

// checkFlags holds the flags of every message against those that people set. Marks of
// ours may be added, to what is recorded; in the end they must be.
func (p *player) checkFlags(s state, end bool) {
	for i := range p.w.folders {
		name := folderNames()[i]
		kept := p.recordedUIDs(name)
		flags := p.s.Flags(p.t, name)
		for _, m := range p.in(i) {
			got, there := flags[m.uid]
			ours := slices.Contains(kept, m.uid) && m.marked > never
			if !there {
				if p.w.after != poller.AfterMove || !ours {
					p.faulty("%s: %s is not in the folder any more", p.stage, m)
				}
				continue
			}
			if end && p.w.after == poller.AfterMove && m.marked == surely {
				p.faulty("%s: %s is still in its folder", p.stage, m)
			}
			p.checkFlagsOf(m, got, ours, end)
		}
	}
}

func (p *player) checkFlagsOf(m *message, got []string, ours, end bool) {
	mark := p.marks()
	missing := map[string]bool{}
	for flag := range m.flags {
		missing[flag] = true
	}
	if end && m.marked == surely && p.w.after != poller.AfterMove {
		missing[mark[0]] = true
	}
	for _, flag := range got {
		flag = lower(flag)
		delete(missing, flag)
		if !m.flags[flag] && !(ours && slices.Contains(mark, flag)) {
			p.faulty("%s: %s has the flag %s, which nobody set", p.stage, m, flag)
		}
	}
	for flag := range missing {
		p.faulty("%s: %s lacks the flag %s", p.stage, m, flag)
	}
}

// marks are the flags that we may set.
func (p *player) marks() []string {
	switch p.w.after {
	case poller.AfterSeen:
		return []string{`\seen`}
	case poller.AfterKeyword:
		return []string{keyword}
	case poller.AfterMove:
		return []string{`\deleted`, "tlsbrief-moved"} // where a copy has been made, and the message is to go
	}
	return nil
}

var serialLine = regexp.MustCompile(`^` + serialOf + `: ([0-9]+)\r\n`)

// checkArchive wants those messages to be in the archive that were moved there, once.
func (p *player) checkArchive() {
	if p.w.after != poller.AfterMove {
		return
	}
	p.s.EnsureFolder(p.t, archive)
	count := map[int]int{}
	for uid, data := range p.s.Messages(p.t, archive) {
		found := serialLine.FindSubmatch(data)
		if found == nil {
			p.faulty("%s: UID %d in the archive is no mail of this world", p.stage, uid)
			continue
		}
		serial, _ := strconv.Atoi(string(found[1]))
		count[serial]++
	}
	for _, m := range p.messages {
		n := count[m.serial]
		switch {
		case n > 0 && m.marked == never:
			p.faulty("%s: %s is in the archive", p.stage, m)
		case n == 0 && m.marked == surely && !m.gone:
			p.faulty("%s: %s is not in the archive", p.stage, m)
		case n > 1 && (p.w.canMove || p.struck+p.stopped == 0):
			p.faulty("%s: %s is %d times in the archive", p.stage, m, n)
		}
	}
}
