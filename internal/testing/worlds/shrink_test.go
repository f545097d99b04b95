package worlds

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tlsbrief/poller"
)

// mostTries bounds how often a world is played to make it smaller.
const mostTries = 150

// shrunk makes a world smaller as long as something goes wrong in it, and returns the
// smallest with what does. faults plays one.
func shrunk(w world, faults func(n int, w world) []string) (smallest world, why []string, tries int) {
	for again := true; again; {
		again = false
		for _, smaller := range parts(w) {
			if tries == mostTries {
				return w, why, tries
			}
			tries++
			if found := faults(tries, smaller); len(found) > 0 {
				w, why, again = smaller, found, true
				break
			}
		}
	}
	return w, why, tries
}

// parts returns the world without one thing or another, large ones first.
func parts(w world) []world {
	var all []world
	with := func(change func(*world)) {
		part := w
		part.folders, part.rounds = slices.Clone(w.folders), slices.Clone(w.rounds)
		change(&part)
		all = append(all, part)
	}
	for i := range w.rounds {
		with(func(p *world) { p.rounds = slices.Delete(p.rounds, i, i+1) })
	}
	if last := len(w.folders) - 1; last > 0 {
		with(func(p *world) { p.folders = p.folders[:last] })
	}
	for i, mails := range w.folders {
		for _, less := range fewer(mails) {
			with(func(p *world) { p.folders[i] = less })
		}
	}
	for i, r := range w.rounds {
		for _, less := range fewer(r.drops) {
			with(func(p *world) { p.rounds[i].drops = less })
		}
		for _, less := range fewer(r.acts) {
			with(func(p *world) { p.rounds[i].acts = less })
		}
		for _, less := range fewer(r.arrive) {
			with(func(p *world) { p.rounds[i].arrive = less })
		}
		if r.stop != nil {
			with(func(p *world) { p.rounds[i].stop = nil })
		}
		if r.reopen {
			with(func(p *world) { p.rounds[i].reopen = false })
		}
	}
	for i := range reflect.TypeFor[poller.Bounds]().NumField() {
		if !reflect.ValueOf(w.bounds).Field(i).IsZero() {
			with(func(p *world) { reflect.ValueOf(&p.bounds).Elem().Field(i).SetZero() })
		}
	}
	return all
}

// fewer returns a list without its halves, its quarters and so on, down to single ones
// where there are few.
func fewer[T any](list []T) [][]T {
	var all [][]T
	for n := (len(list) + 1) / 2; n > 0; n /= 2 {
		if len(list)/n > 16 {
			break
		}
		for from := 0; from < len(list); from += n {
			all = append(all, slices.Delete(slices.Clone(list), from, min(from+n, len(list))))
		}
	}
	return all
}

// String describes the world.
func (w world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "after = %q, backfills mark: %t, the server has MOVE: %t, max_message = %d\nbounds: %+v\n", w.after, w.mark, w.canMove, w.maxMessage, w.bounds)
	for i, mails := range w.folders {
		const most = 60
		fmt.Fprintf(&b, "%s:", folderNames()[i])
		for n, m := range mails {
			if n == most {
				fmt.Fprintf(&b, " and %d more", len(mails)-most)
				break
			}
			fmt.Fprintf(&b, " %s;", m)
		}
		b.WriteString("\n")
	}
	for i, r := range w.rounds {
		fmt.Fprintf(&b, "round %d: %s\n", i+1, r)
	}
	return b.String()
}

func (d drop) String() string {
	s := fmt.Sprintf("dropped at command %s", d.at)
	switch {
	case d.bytes > 0:
		s = fmt.Sprintf("dropped after %d bytes more", d.bytes)
	case d.reply:
		s = fmt.Sprintf("dropped after the server has done command %s", d.at)
	}
	if d.dead {
		s += ", for good"
	}
	return s
}

func (m moment) String() string {
	if m.of == "" {
		return fmt.Sprint(m.n)
	}
	return fmt.Sprintf("%d with %q", m.n, m.of)
}

func (m mail) String() string {
	s := fmt.Sprintf("%s %d of %d bytes", m.kind, m.number, m.size)
	if m.seen {
		s += ", seen"
	}
	if m.flag != "" {
		s += ", " + m.flag
	}
	if m.gap > 0 {
		s += fmt.Sprintf(", behind a gap of %d", m.gap)
	}
	return s
}

func (r round) String() string {
	said := []string{"a poll"}
	if r.backfill {
		said[0] = "a backfill"
	}
	if r.reopen {
		said = append(said, "the database was opened anew")
	}
	for _, a := range r.arrive {
		said = append(said, fmt.Sprintf("before it comes into folder %d: %s", a.folder, a.mail))
	}
	for _, a := range r.acts {
		what := fmt.Sprintf("message %d", a.which)
		if a.deed == deliver {
			what = a.mail.String()
		}
		said = append(said, fmt.Sprintf("at command %s somebody %s in folder %d: %s", a.at, a.deed, a.folder, what))
	}
	for _, d := range r.drops {
		said = append(said, d.String())
	}
	if r.stop != nil {
		said = append(said, fmt.Sprintf("told to stop at command %s", r.stop))
	}
	return strings.Join(said, "\n  ")
}
