package poller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// maxBarren is how many connections in a row may break without having brought a message
// before no more are made: the server, or the way to it, is out of order.
const maxBarren = 3

// A salvage gets what it can of some messages over connections that may break. It asks
// for all of them together, and for what did not come over the next connection, as long
// as each connection brings a message. A message at which an answer broke off that
// brought none is asked for last, and alone: a broken connection proves nothing against
// it, but it must not stop the others.
type salvage struct {
	fetcher *fetcher
	bodies  bool // it is for bodies, not for headers

	// ask asks for messages, and calls got for each that came: also where the
	// connection breaks before the others did.
	ask func(ctx context.Context, uids []uint32) error

	all  []uint32         // ascending
	todo []uint32         // ascending; not asked for yet, or in vain
	late []uint32         // to be asked for alone
	lost map[uint32]error // why the server does not give it

	have   map[uint32]bool
	opened int  // len(have) when the connection was made
	empty  int  // answers in a row that broke off and brought nothing
	broken bool // a connection broke
	over   bool // no new one could be made, or it has another folder open
	proved bool // the server gives other messages
}

// A single says that messages are asked for one by one, for some servers break off where
// they are asked for many, whichever they are.
type single struct {
	found int // how often it was found to be so
	left  int // messages until more are asked for together again
}

// got notes that a message came.
func (s *salvage) got(uid uint32) {
	s.have[uid] = true
	s.fetcher.barren = 0
}

// run asks for messages until each has come or was lost, or is not there: for many at once,
// then one by one for those at which an answer broke off.
func (s *salvage) run(ctx context.Context, uids []uint32) error {
	s.all, s.todo, s.lost, s.have = uids, slices.Clone(uids), map[uint32]error{}, make(map[uint32]bool, len(uids))
	if err := s.fetcher.ready(ctx); err != nil {
		return err
	}
	for len(s.todo)+len(s.late) > 0 {
		some, note := s.next()
		before := len(s.have)
		err := s.ask(ctx, some)
		if err = note(ctx, some, len(s.have) > before, err); err != nil {
			return s.end(ctx, err)
		}
	}
	if s.broken && len(s.have) == 0 && len(s.lost) > 0 && !s.provedBy(ctx) {
		why := s.lost[slices.Sorted(maps.Keys(s.lost))[0]]
		s.lost = map[uint32]error{}
		return why // it broke at all of them: that is hardly about them
	}
	return nil
}

// A noteFunc notes what came of asking for some messages, and whether any came. It returns
// an error where asking on will not help.
type noteFunc func(ctx context.Context, some []uint32, came bool, err error) error

// next returns what is to be asked for: all that is left. Where the answer broke off and
// brought nothing, that may be one message's fault, or that of several: half of what is
// left, from behind. Where that brought nothing either, some servers do so at many
// messages, whichever they are: one. At last each alone at which an answer broke off.
func (s *salvage) next() ([]uint32, noteFunc) {
	n := len(s.todo)
	switch {
	case n == 0:
		return s.late[:1:1], s.noteAlone
	case s.fetcher.single.left > 0 || s.empty > 1:
		return slices.Clone(s.todo[n-1:]), s.noteTogether
	case s.empty == 1:
		return slices.Clone(s.todo[n/2:]), s.noteTogether
	}
	return slices.Clone(s.todo), s.noteTogether
}

func (s *salvage) noteTogether(ctx context.Context, some []uint32, came bool, err error) error {
	s.todo = slices.DeleteFunc(s.todo, func(uid uint32) bool { return s.have[uid] })
	one := &s.fetcher.single
	switch {
	case err == nil: // of the others the server gave nothing
		s.empty, one.left = 0, max(one.left-1, 0)
		s.drop(some)
		return nil
	case refusal(err):
		return s.refused(ctx, some, err)
	case !broke(err):
		return err
	case came:
		s.empty = 0
	default:
		stuck := stuckAt(err)
		if !slices.Contains(s.todo, stuck) {
			stuck = some[0]
		}
		s.late = append(s.late, stuck)
		s.drop([]uint32{stuck})
		if s.empty++; s.empty == 2 {
			one.found = min(one.found+1, 6)
			one.left = 1 << (2 * one.found) // each time for longer
		}
	}
	return s.again(ctx, err)
}

// noteAlone notes what came of asking for one message. Where that broke the connection,
// the message is lost.
func (s *salvage) noteAlone(ctx context.Context, some []uint32, _ bool, err error) error {
	if err != nil && !broke(err) && !refusal(err) {
		return err
	}
	s.late = s.late[1:]
	uid := some[0]
	if err == nil {
		return nil
	}
	if s.have[uid] { // and then the connection broke
		return s.again(ctx, err)
	}
	s.lost[uid] = err
	if refusal(err) {
		return nil
	}
	return s.again(ctx, err)
}

// again makes the next connection, unless three in a row brought nothing. Before the
// third it finds out whether the server gives anything at all.
func (s *salvage) again(ctx context.Context, cause error) error {
	s.broken = true
	if s.fetcher.barren++; len(s.have) > s.opened {
		s.fetcher.barren = 0
	}
	if s.fetcher.barren >= cmp.Or(s.fetcher.breaks, maxBarren) {
		return cause
	}
	if err := s.fetcher.reconnect(ctx, cause); err != nil {
		s.over = true
		return fmt.Errorf("%w; and then: %w", cause, err)
	}
	if s.opened = len(s.have); s.opened == 0 && s.fetcher.barren == maxBarren-1 {
		s.provedBy(ctx)
	}
	return nil
}

// provedBy reports whether the server is seen to give other messages than these.
func (s *salvage) provedBy(ctx context.Context) bool {
	s.proved = s.proved || s.fetcher.givesOthers(ctx, s.all, s.bodies)
	return s.proved
}

// refused notes that the server refused each of those of the messages that have not
// come, unless it refuses others as well: then that is not about them.
func (s *salvage) refused(ctx context.Context, uids []uint32, why error) error {
	left := slices.DeleteFunc(uids, func(uid uint32) bool { return s.have[uid] })
	if len(s.have) == 0 && !s.provedBy(ctx) {
		return why
	}
	there, err := s.fetcher.existing(ctx, left)
	if err != nil {
		return err
	}
	for _, uid := range there {
		s.lost[uid] = why
	}
	s.drop(left)
	return nil
}

// drop takes messages, ascending, from what is to be asked for.
func (s *salvage) drop(uids []uint32) {
	s.todo = slices.DeleteFunc(s.todo, func(uid uint32) bool {
		_, found := slices.BinarySearch(uids, uid)
		return found
	})
}

// end ends with an error. Where the server gives messages, those at which connections
// broke are lost for this time, so that they do not stop the others; if there are no
// others left, that is no error. Where it gives none, nothing is known of any.
func (s *salvage) end(ctx context.Context, why error) error {
	if ctx.Err() != nil || s.over || len(s.have) == 0 && !s.proved {
		s.lost, s.late = map[uint32]error{}, nil
		return why
	}
	for _, uid := range s.late {
		s.lost[uid] = why
	}
	s.late = nil
	if len(s.todo) == 0 && broke(why) {
		return nil
	}
	return why
}

// unknown returns the messages, ascending, that neither came nor are lost. After an
// error nothing is known of them; else the server gave nothing of them.
func (s *salvage) unknown() []uint32 {
	return slices.DeleteFunc(slices.Clone(s.all), func(uid uint32) bool { return s.have[uid] || s.lost[uid] != nil })
}
