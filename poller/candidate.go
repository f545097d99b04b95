package poller

import (
	"context"
	"errors"
	"fmt"

	"tlsbrief/poller/imapbox"
	"tlsbrief/tlsrpt"
)

// A candidate is a message with what its header says it may be.
type candidate struct {
	header     imapbox.Header
	likelihood tlsrpt.Likelihood
	fetch      bool  // it can be a TLS report: to be fetched whole
	lost       error // why there is no telling: to be asked for again at the next poll
}

const (
	partDepth   = 4  // how deep part headers are followed
	partQueries = 12 // how often they are asked for, a message
)

// candidate decides from the header, and where that leaves it open from the
// headers of the parts, whether a message can be a TLS report (DESIGN 5).
func (e *examination) candidate(ctx context.Context, h imapbox.Header) (candidate, error) {
	c := candidate{header: h, likelihood: tlsrpt.ClassifyHeader(h.Fields.Get)}
	switch c.likelihood {
	case tlsrpt.Certain:
		c.fetch = true
	case tlsrpt.Maybe:
		var err error
		c.fetch, err = e.holdsReport(ctx, h.UID)
		if jams(err) && e.suspect(ctx, err) { // once more, on a fresh connection
			c.fetch, err = e.holdsReport(ctx, h.UID)
		}
		switch {
		case refusesParts(err):
			c.fetch = true // some servers give no part headers: the whole message tells
		case err != nil && e.suspect(ctx, err):
			lost := map[uint32]error{h.UID: err}
			e.quarantine(ctx, lost, false, false)
			c.lost = lost[h.UID]
		case err != nil:
			return c, fmt.Errorf("looking at the parts of UID %d: %w", h.UID, err)
		}
	case tlsrpt.No:
	}
	return c, nil
}

// refusesParts tells whether a server does not give the headers of parts, and is
// otherwise well.
func refusesParts(err error) bool {
	var reply *imapbox.Reply
	return errors.As(err, &reply) && (reply.Status == "NO" || reply.Status == "BAD") && !imapbox.Temporary(err)
}

// holdsReport looks for a part that is labelled as a report, descending into
// multiparts and forwarded messages, breadth first.
func (e *examination) holdsReport(ctx context.Context, uid uint32) (bool, error) {
	queue := [][]int{nil}
	for query := 0; len(queue) > 0 && query < partQueries; query++ {
		path := queue[0]
		queue = queue[1:]
		parts, err := e.session.PartHeaders(ctx, uid, path)
		if err != nil {
			return false, err
		}
		for _, part := range parts {
			switch tlsrpt.ClassifyPart(part.Fields.Get) {
			case tlsrpt.PartReport:
				return true, nil
			case tlsrpt.PartContainer:
				if len(path) < partDepth {
					queue = append(queue, part.Path)
				}
			case tlsrpt.PartOther:
			}
		}
	}
	return false, nil
}
