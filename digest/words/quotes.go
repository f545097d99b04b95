package words

import (
	"slices"
	"strings"

	"tlsbrief/digest/facts"
	"tlsbrief/digest/judge"
	"tlsbrief/templates"
)

// quote fills in what the details say beyond their counts.
func (v *findingView) quote(group []*judge.Finding) {
	var reasons, links, addresses facts.Quotes
	for _, g := range group {
		reasons.Join(g.Reasons)
		links.Join(g.Links)
		addresses.Join(g.Addresses)
	}
	for _, q := range []struct {
		label string
		facts.Quotes
	}{{"Reason given", explainedQuotes(reasons)}, {moreLabel(links), explainedQuotes(links)}, {"Server addresses seen", addresses}} {
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
func moreLabel(more facts.Quotes) string {
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

// explainedQuotes returns reason codes with what they mean, where that is known.
func explainedQuotes(q facts.Quotes) facts.Quotes {
	out := facts.Quotes{More: q.More}
	for _, code := range q.Seen {
		if meaning := ReasonMeaning(code); meaning != "" && !isLink(code) {
			code = short(code) + ": " + strings.TrimSuffix(lowerFirst(meaning), ".")
		}
		out.Seen = append(out.Seen, code)
	}
	return out
}
