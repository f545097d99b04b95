package poller

import (
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/poller/imapbox"
)

// A candidate is a message with what its header says it may be.
type candidate struct {
	header     imapbox.Header
	likelihood tlsrpt.Likelihood
	fetch      bool  // it can be a TLS report: to be fetched whole
	claimed    bool  // its header, or that of a part, says that it is one
	lost       error // why there is no telling: to be asked for again at the next poll
}

// candidate decides from the header, and where that leaves it open from the
// headers of the parts, whether a message can be a TLS report (DESIGN 5).
func (e *examination) candidate(ctx context.Context, h imapbox.Header, outer partAnswer) (candidate, error) {
	c := candidate{header: h, likelihood: tlsrpt.ClassifyHeader(h.Fields.Get)}
	switch c.likelihood {
	case tlsrpt.Certain:
		c.fetch, c.claimed = true, true
	case tlsrpt.Maybe:
		if err := e.lookInside(ctx, &c, outer); err != nil {
			return c, fmt.Errorf("looking at the parts of UID %d: %w", h.UID, err)
		}
	case tlsrpt.No:
	}
	return c, nil
}

// A partAnswer is what the server told of the parts of a container.
type partAnswer struct {
	parts []part // none: it told of none, though a container has at least one
	lost  error  // why there is no telling
}

// A part is what a part's header says: of thousands of messages that is far less
// than the headers.
type part struct {
	path []int
	kind tlsrpt.PartKind
}

func partsOf(headers []imapbox.PartHeader) []part {
	parts := make([]part, len(headers))
	for i, h := range headers {
		parts[i] = part{h.Path, tlsrpt.ClassifyPart(h.Fields.Get)}
	}
	return parts
}

// outerParts asks for the headers of the outermost parts of all messages of which their
// own header does not tell what they are, many at a time. With an error it returns the
// messages of which nothing is known.
func (e *examination) outerParts(ctx context.Context, headers map[uint32]imapbox.Header) (all map[uint32]partAnswer, rest []uint32, err error) {
	var open []uint32
	for uid, h := range headers {
		if e.wanted(h) && tlsrpt.ClassifyHeader(h.Fields.Get) == tlsrpt.Maybe {
			open = append(open, uid)
		}
	}
	slices.Sort(open)
	all = map[uint32]partAnswer{}
	for done := 0; done < len(open); {
		some := open[done:min(done+e.p.o.Bounds.PartHeaders, len(open))]
		if rest, err = e.parts(ctx, some, all); err != nil {
			return all, append(rest, open[done+len(some):]...), err
		}
		done += len(some)
	}
	return all, nil, nil
}

// parts asks for the headers of the outermost parts of messages, ascending, and puts what
// it learns into all. With an error it returns the messages of which nothing is known.
func (e *examination) parts(ctx context.Context, uids []uint32, all map[uint32]partAnswer) (rest []uint32, err error) {
	s := e.salvage(false)
	s.ask = func(ctx context.Context, uids []uint32) error {
		headers, err := e.session.PartHeadersOf(ctx, uids, nil)
		for uid, of := range headers {
			s.got(uid)
			all[uid] = partAnswer{parts: partsOf(of.Headers)} // none where it was refused: the whole message tells
		}
		return err
	}
	err = s.run(ctx, uids)
	for uid, why := range s.lost {
		all[uid] = partAnswer{lost: why}
	}
	if err == nil {
		return nil, nil
	}
	return s.unknown(), err
}

// lookInside looks for a part that is labelled as a report, descending into
// multiparts and forwarded messages, breadth first. Where the server tells of no part of
// a container, only the whole message can tell.
func (e *examination) lookInside(ctx context.Context, c *candidate, outer partAnswer) error {
	queue := [][]int{nil}
	answer := outer
	for query := 0; len(queue) > 0 && query < ingest.PartContainers; query++ {
		path := queue[0]
		queue = queue[1:]
		if path != nil {
			var err error
			if answer, err = e.innerParts(ctx, c.header.UID, path); err != nil {
				return err
			}
		}
		if c.lost = answer.lost; c.lost != nil {
			return nil
		}
		if c.fetch = c.fetch || len(answer.parts) == 0; c.fetch {
			return nil
		}
		for _, p := range answer.parts {
			switch p.kind {
			case tlsrpt.PartReport:
				c.fetch, c.claimed = true, true
				return nil
			case tlsrpt.PartEncoded:
				c.fetch = true
			case tlsrpt.PartContainer:
				if len(path) < ingest.PartDepth {
					queue = append(queue, p.path)
				}
			case tlsrpt.PartOther:
			}
		}
	}
	if len(outer.parts) == 1 && !c.fetch && outer.parts[0].kind == tlsrpt.PartOther {
		return e.lookForStandIn(ctx, c)
	}
	return nil
}

// maxInnerBreaks is how many messages may break the connection where it is asked for parts
// within parts, before such parts are not asked for any more: the whole message tells.
const maxInnerBreaks = 2

// innerParts asks for the headers of the parts of a container within a message.
func (e *examination) innerParts(ctx context.Context, uid uint32, path []int) (partAnswer, error) {
	if e.innerBreaks >= maxInnerBreaks {
		return partAnswer{}, nil
	}
	told, err := e.session.PartHeaders(ctx, uid, path)
	switch {
	case broke(err):
		e.innerBreaks++
		return partAnswer{lost: err}, e.reopen(ctx, err)
	case refusal(err):
		return partAnswer{}, nil
	}
	return partAnswer{parts: partsOf(told.Headers)}, err
}

// lookForStandIn looks at the beginning of a message that consists of one part although
// its header says otherwise: a stand-in may have been given for its parts alone. Where the
// beginning does not come, that says nothing of the message.
func (e *examination) lookForStandIn(ctx context.Context, c *candidate) error {
	data, err := e.session.Peek(ctx, c.header.UID, canaryBytes)
	if env := tlsrpt.EnvelopeOf(data); isStandIn(env.From, env.Subject) {
		c.lost = errStandIn
	}
	if broke(err) {
		c.lost = err
		return e.reopen(ctx, err)
	}
	if refusal(err) {
		return nil
	}
	return err
}
