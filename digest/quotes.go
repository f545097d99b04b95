package digest

import (
	"slices"
	"strings"

	wording "tlsbrief/digest/words"
	"tlsbrief/templates"
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
	}{{"Reason given", reasons.explained()}, {moreLabel(links), links.explained()}, {"Server addresses seen", addresses}} {
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

// moreLabel stands before what senders add. Only what is a link is called one.
func moreLabel(more quotes) string {
	if slices.ContainsFunc(more.Seen, isLink) {
		return "More from the sender (a link from a stranger)"
	}
	return "More from the sender"
}

// isLink reports whether a mail program may make a link of a string.
func isLink(s string) bool {
	lower := strings.ToLower(strings.TrimSpace(s))
	return strings.Contains(lower, "://") || strings.HasPrefix(lower, "www.") || strings.HasPrefix(lower, "mailto:") || strings.HasPrefix(lower, "javascript:")
}

// explained returns reason codes with what they mean, where that is known.
func (q quotes) explained() quotes {
	out := quotes{More: q.More}
	for _, code := range q.Seen {
		if meaning := wording.ReasonMeaning(code); meaning != "" && !isLink(code) {
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
