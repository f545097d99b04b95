package imapbox_test

import (
	"strings"

	"github.com/google/go-cmp/cmp"
)

// ignoreCase compares flags as IMAP does.
func ignoreCase() cmp.Option {
	return cmp.Comparer(func(a, b string) bool { return strings.EqualFold(a, b) })
}
