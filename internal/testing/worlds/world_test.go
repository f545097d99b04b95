package worlds

import (
	"math"
	"math/rand/v2"

	"tlsbrief/poller"
)

// A world is everything that happens to a mailbox, as it was drawn. It can be played
// again, as a whole or in parts.
type world struct {
	after      poller.After
	mark       bool // backfills mark
	canMove    bool // the server offers MOVE
	maxMessage int64
	bounds     poller.Bounds
	folders    [][]mail // what lies there at first
	rounds     []round
}

// A mail is one message, as it is to be made.
type mail struct {
	kind   kind
	number int   // of its report: mails of the same number hold the same report
	size   int64 // at least; the mail may need more
	seen   bool
	flag   string // of its owner; empty: none
	gap    int    // UIDs in front of it that belong to no message any more
}

// A round is one poll or backfill, and what happens before and during it.
type round struct {
	backfill bool
	arrive   []arrival // before it
	acts     []act
	drops    []drop
	stop     *moment // when it is told to stop; nil: never
	reopen   bool    // the database is closed and opened again before it
}

// An arrival is a mail that is delivered into a folder.
type arrival struct {
	folder int
	mail   mail
}

// A deed is something that another client does.
type deed string

const (
	read    deed = "reads"
	unread  deed = "marks as unread"
	flagged deed = "flags"
	expunge deed = "expunges"
	deliver deed = "delivers"
)

// A moment of a round is when a command is about to reach the server.
type moment struct {
	n  int    // the first is 1; 0 is before the round
	of string // where set, only commands that contain it count
}

// An act is a deed done to one message.
type act struct {
	at     moment
	deed   deed
	folder int
	which  int  // counts the folder's messages, over and over
	mail   mail // that is delivered
}

// A drop is the end of a connection.
type drop struct {
	bytes int64 // after so many bytes to the client since the drop before; or where it is 0
	at    moment
	dead  bool // no connection comes through any more in this round
	reply bool // after the server has carried the command out, but before it says so
}

// mostDrops is how many connections are dropped in one round.
const mostDrops = 6

// What is drawn is restricted by faults of the program that are known.
const (
	// comesBack says that the line comes back after a connection was dropped while messages
	// were fetched. Else it is dead then for the rest of the round.
	comesBack = true
	// expungesDuring says that others expunge messages in the middle of a round, too.
	expungesDuring = true
)

// A dice draws.
type dice struct{ *rand.Rand }

// chance is true in so many cases of a hundred.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// upTo draws from [1, most], small numbers as often as large ones of each magnitude.
func (d dice) upTo(most int64) int64 {
	return max(1, int64(math.Exp(d.Float64()*math.Log(float64(most)+1))))
}

// size is how large worlds are drawn.
type size struct {
	mails  int // at most
	rounds int // at most
}

// draw draws a world.
func draw(d dice, most size) world {
	w := world{
		after:      []poller.After{poller.AfterSeen, poller.AfterKeyword, poller.AfterMove, poller.AfterNone}[d.IntN(4)],
		mark:       d.chance(30),
		canMove:    d.chance(70),
		maxMessage: 6_000 + d.upTo(60_000),
	}
	w.folders = make([][]mail, 1+d.IntN(3))
	n := &numbers{}
	left := int(d.upTo(int64(most.mails))) - d.IntN(2)
	total := left
	for i := range w.folders {
		count := left
		if i < len(w.folders)-1 {
			count = d.IntN(left + 1)
		}
		left -= count
		w.folders[i] = d.mails(count, n, w.maxMessage, total > 300)
	}
	w.bounds = d.bounds(total, w.maxMessage)
	backfills := d.chance(40)
	for range 1 + d.IntN(most.rounds) {
		w.rounds = append(w.rounds, d.round(&w, n, total, backfills))
	}
	return w
}

// numbers counts reports.
type numbers struct{ last int }

// mails draws so many mails: in runs of one kind, or mixed.
func (d dice) mails(count int, n *numbers, maxMessage int64, small bool) []mail {
	var mails []mail
	for len(mails) < count {
		k, run := d.kind(), 1
		if d.chance(50) {
			run = int(d.upTo(40))
		}
		for ; run > 0 && len(mails) < count; run-- {
			mails = append(mails, d.mail(k, n, maxMessage, small))
		}
	}
	return mails
}

func (d dice) kind() kind {
	from := [][]kind{goods(), goods(), brokens(), foreigns(), foreigns()}[d.IntN(5)]
	return from[d.IntN(len(from))]
}

func (d dice) mail(k kind, n *numbers, maxMessage int64, small bool) mail {
	m := mail{kind: k, size: d.upTo(maxMessage), seen: d.chance(20)}
	switch {
	case d.chance(4):
		m.size = maxMessage + d.upTo(maxMessage)
	case small:
		m.size = d.upTo(3_000)
	case d.chance(10):
		m.size = maxMessage - 1 - d.Int64N(3)
	}
	if d.chance(10) {
		m.flag = `\Flagged`
	}
	if d.chance(10) {
		m.gap = 1 + d.IntN(5)
	}
	if n.last > 0 && d.chance(10) {
		m.number = 1 + d.IntN(n.last) // a copy, if that one is a report
		return m
	}
	n.last++
	m.number = n.last
	return m
}

// bounds draws each bound by itself: tiny, some part of the mailbox, or as it is by
// default. Tiny ones in a large mailbox would only take long.
func (d dice) bounds(mails int, maxMessage int64) poller.Bounds {
	least := int64(1 + mails/25)
	tiny := d.chance(30) // all of them
	count := func() int {
		if tiny {
			return int(least + d.Int64N(4))
		}
		switch d.IntN(4) {
		case 0:
			return 0
		case 1:
			return int(least + d.Int64N(8))
		}
		return int(least + d.upTo(int64(mails)+1))
	}
	bytes := func() int64 {
		if tiny {
			return least * d.upTo(4_000)
		}
		switch d.IntN(4) {
		case 0:
			return 0
		case 1:
			return least * d.upTo(2_000)
		}
		return least * d.upTo(4*maxMessage)
	}
	return poller.Bounds{
		Range: count(), FirstHeaders: count(), Headers: count(), PartHeaders: count(),
		BatchMessages: count(), BatchBytes: bytes(), BodyBytes: bytes(),
		RecordMessages: count(), HeldBytes: bytes(),
	}
}

// round draws a poll or a backfill.
func (d dice) round(w *world, n *numbers, mails int, backfills bool) round {
	r := round{backfill: backfills && d.chance(50), reopen: d.chance(15)}
	commands := int64(12 + mails/2)
	if d.chance(60) {
		for range d.upTo(max(8, int64(mails)/2)) {
			r.arrive = append(r.arrive, arrival{d.IntN(len(w.folders)), d.mail(d.kind(), n, w.maxMessage, mails > 300)})
		}
	}
	if d.chance(70) {
		for range d.upTo(mostDrops) {
			r.drops = append(r.drops, d.drop(mails, commands))
		}
	}
	if d.chance(50) {
		for range d.upTo(12) {
			r.acts = append(r.acts, d.act(w, n, commands))
		}
	}
	if d.chance(35) {
		at := d.moment(commands)
		if d.chance(50) { // between two batches, where there are two
			at = d.one("HEADER.FIELDS", "BODY.PEEK[]")
		}
		r.stop = &at
	}
	return r
}

// moment draws one: somewhere, or at a command at which something is at stake.
func (d dice) moment(commands int64) moment {
	if d.chance(40) {
		return moment{n: int(d.upTo(commands))}
	}
	return d.one("HEADER.FIELDS", ".MIME]", "BODY.PEEK[]", "BODY.PEEK[]", "UID SEARCH", "UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "SELECT")
}

// one draws one of the first commands that contain one of the texts.
func (d dice) one(texts ...string) moment {
	return moment{int(d.upTo(6)), texts[d.IntN(len(texts))]}
}

// drop draws the end of a connection: anywhere, behind the log-in, or at a command.
func (d dice) drop(mails int, commands int64) drop {
	c := drop{dead: d.chance(30), reply: d.chance(50)}
	switch d.IntN(4) {
	case 0:
		c.bytes = d.upTo(3_000 + int64(mails)*1_500)
	case 1:
		c.bytes = 400 + d.Int64N(1_000+int64(mails)*300)
	case 2:
		c.at = d.moment(commands)
	default: // none is fetched
		c.at = d.one("AUTHENTICATE", "STATUS", "EXAMINE", "UID SEARCH", "UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "SELECT")
		return c
	}
	c.dead = c.dead || !comesBack
	return c
}

func (d dice) act(w *world, n *numbers, commands int64) act {
	a := act{
		deed:   []deed{read, unread, flagged, expunge, deliver}[d.IntN(5)],
		folder: d.IntN(len(w.folders)), which: d.IntN(1 << 20),
	}
	if d.chance(70) && (a.deed != expunge || expungesDuring) {
		a.at = d.moment(commands)
	}
	if a.deed == deliver {
		a.mail = d.mail(d.kind(), n, w.maxMessage, false)
	}
	return a
}
