package imapbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tlsbrief/poller/imapbox/wire"

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

// similarNames names the folders that may have been meant by one that is not there; all
// of them where they are few.
func similarNames(name string, all []string) string {
	const most, few, longest, many = 3, 6, 200, 5000
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	wanted := foldName(name)
	for i, folder := range all {
		if i == many || len(folder) > longest || len(name) > longest {
			continue
		}
		have := foldName(folder)
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
		names = append(names, fmt.Sprintf("%q", wire.Printable(c.name)))
	}
	switch {
	case len(names) > 0:
		return ": is it " + strings.Join(names, " or ") + "?"
	case len(all) == 0 || len(all) > few:
		return ""
	}
	for _, folder := range all {
		names = append(names, fmt.Sprintf("%q", wire.Printable(folder)))
	}
	return ": there are " + strings.Join(names, ", ")
}

// foldName returns a name without what people get wrong: case, blanks, separators.
func foldName(name string) string {
	return strings.NewReplacer("/", "", ".", "", " ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}

// Misplaced returns why a folder that is not there yet cannot be created under this
// name: on some servers the names of one's own folders begin with "INBOX."; empty
// if it can, or if the server does not tell. RFC 2342.
//
// go-imap gives up the connection where there are several namespaces of a kind:
// call it last.
func (s *Session) Misplaced(ctx context.Context, folder string) string {
	if !s.Has("NAMESPACE") || s.Broken() || canonical(folder) == "INBOX" {
		return ""
	}
	var spaces imap.NamespaceData
	err := s.run(ctx, "namespace", "", maxReply, func() error {
		data, err := s.client.Namespace().Wait()
		spaces = *data
		return err
	})
	if err != nil || len(spaces.Personal) == 0 {
		return ""
	}
	for _, space := range slices.Concat(spaces.Personal, spaces.Other, spaces.Shared) {
		if space.Prefix != "" && hasPrefixFold(folder, space.Prefix) {
			return ""
		}
	}
	own := spaces.Personal[0]
	if own.Prefix == "" {
		return ""
	}
	better := folder
	if own.Delim != 0 && !strings.ContainsRune(folder, own.Delim) {
		better = strings.ReplaceAll(folder, "/", string(own.Delim))
	}
	if !hasPrefixFold(better, own.Prefix) {
		better = own.Prefix + better
	}
	return fmt.Sprintf("the names of this account's folders begin with %q: %q can be created, %q cannot",
		wire.Printable(own.Prefix), wire.Printable(better), folder)
}

// hasPrefixFold is for a prefix that may be INBOX, in any case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// mayName checks that the library can send a folder's name. Where names are UTF-8
// it still writes "&" as "&-", which is another name.
func (s *Session) mayName(step, folder string) error {
	if s.utf8 && strings.Contains(folder, "&") {
		return s.stepError(step, folder, errors.New(ampersand))
	}
	return nil
}

const ampersand = `a folder's name has an "&", which go-imap can neither send nor read where names are UTF-8 (UTF8=ONLY, or IMAP4rev2 alone): rename that folder`

// canonical spells INBOX, which is case-insensitive, the way go-imap does: it
// drops a STATUS answer whose name is not the one that it asked for.
func canonical(folder string) string {
	if strings.EqualFold(folder, "INBOX") {
		return "INBOX"
	}
	return folder
}
