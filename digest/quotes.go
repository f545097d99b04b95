package digest

import (
	"strings"

	"tlsbrief/templates"
	"tlsbrief/tlsrpt"
)

// quote fills in what the details say beyond their counts.
func (v *findingView) quote(group []*finding) {
	var reasons, links, addresses quotes
	for _, g := range group {
		reasons.join(g.Reasons)
		links.join(g.Links)
		addresses.join(g.Addresses)
	}
	for _, q := range []struct {
		label string
		quotes
	}{{"Reason given", reasons.explained()}, {"More from the sender (a link from a stranger)", links}, {"Server addresses seen", addresses}} {
		if len(q.Seen) == 0 {
			continue
		}
		shown := make([]string, len(q.Seen))
		for i, s := range q.Seen {
			shown[i] = templates.Line(s)
		}
		text := q.label + ": " + strings.Join(shown, "; ")
		if q.More {
			text += "; and more"
		}
		v.Quotes = append(v.Quotes, text)
	}
}

// explained returns reason codes with what they mean, where that is known.
func (q quotes) explained() quotes {
	out := quotes{More: q.More}
	for _, code := range q.Seen {
		if meaning := tlsrpt.ReasonMeaning(code); meaning != "" {
			code = short(code) + ": " + strings.TrimSuffix(lowerFirst(meaning), ".")
		}
		out.Seen = append(out.Seen, code)
	}
	return out
}

// join adds the strings of another.
func (q *quotes) join(other quotes) {
	for _, s := range other.Seen {
		q.add(s)
	}
	q.More = q.More || other.More
}
