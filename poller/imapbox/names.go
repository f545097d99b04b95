package imapbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"tlsbrief/internal/spelling"
)

// Match lists the folders whose names match a pattern, sorted: "*" stands for
// anything, "%" for anything within one level (RFC 9051, section 6.3.9), and "/"
// for the server's separator, whatever that is.
func (s *Session) Match(ctx context.Context, pattern string) ([]string, error) {
	var folders []string
	err := s.list(ctx, "*", nil, func(d *imap.ListData) {
		if matches(pattern, d.Mailbox, d.Delim) {
			folders = append(folders, d.Mailbox)
		}
	})
	slices.Sort(folders)
	return folders, err
}

// matches reports whether a name matches a pattern. It goes back to the last
// wildcard only, so that no pattern takes more than the product of both lengths;
// a "%" that cannot reach further leaves it to the last "*" before it.
func matches(pattern, name string, delim rune) bool {
	type retry struct{ p, n int }
	pat, runes := []rune(pattern), []rune(name)
	star, level := retry{-1, 0}, retry{-1, 0}
	p, n := 0, 0
	for n < len(runes) {
		switch {
		case p < len(pat) && pat[p] == '*':
			star, level = retry{p, n}, retry{-1, 0}
			p++
		case p < len(pat) && pat[p] == '%':
			level = retry{p, n}
			p++
		case p < len(pat) && (pat[p] == runes[n] || pat[p] == '/' && runes[n] == delim && delim != 0):
			p, n = p+1, n+1
		case level.p >= 0 && runes[level.n] != delim:
			level.n++
			p, n = level.p+1, level.n
		case star.p >= 0:
			star.n++
			p, n, level = star.p+1, star.n, retry{-1, 0}
		default:
			return false
		}
	}
	for p < len(pat) && (pat[p] == '*' || pat[p] == '%') {
		p++
	}
	return p == len(pat)
}

// alike names the folders that may have been meant by one that is not there; all
// of them where they are few.
func alike(name string, all []string) string {
	const most, few, longest, many = 3, 6, 200, 5000
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	wanted := bare(name)
	for i, folder := range all {
		if i == many || len(folder) > longest || len(name) > longest {
			continue
		}
		have := bare(folder)
		d := spelling.Distance([]rune(wanted), []rune(have))
		if strings.Contains(have, wanted) || strings.Contains(wanted, have) {
			d = min(d, 1) // in another place
		}
		if d <= 1+len([]rune(wanted))/3 {
			near = append(near, candidate{folder, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range near[:min(most, len(near))] {
		names = append(names, fmt.Sprintf("%q", printable(c.name)))
	}
	switch {
	case len(names) > 0:
		return ": is it " + strings.Join(names, " or ") + "?"
	case len(all) == 0 || len(all) > few:
		return ""
	}
	for _, folder := range all {
		names = append(names, fmt.Sprintf("%q", printable(folder)))
	}
	return ": there are " + strings.Join(names, ", ")
}

// bare is a name without what people get wrong: case, blanks, separators.
func bare(name string) string {
	return strings.NewReplacer("/", "", ".", "", " ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}
