package authres

import (
	"slices"
	"strings"
)

// Trusted returns the results of the topmost field of one of the trusted
// servers, and whether there is one that can be believed; the package
// documentation has the rule and its reasons. ids are authserv-ids; upper and
// lower case are the same.
//
// microsoft365 says that the mailbox is at Microsoft 365: then the topmost field
// of all is Microsoft's if it has no authserv-id.
func Trusted(message []byte, ids []string, microsoft365 bool) (Results, bool) {
	fields := scan(message)
	for n, f := range fields {
		r, plain, err := parse(f.value)
		switch {
		case err != nil && r.AuthservID == "":
			// It may be the trusted server's, and then those below are not.
			return Results{}, false
		case r.AuthservID == "":
			if microsoft365 && n == 0 {
				return r, true
			}
		case !named(r.AuthservID, ids):
		case err != nil || !plain:
			return Results{}, false
		default:
			r.DKIM = append(r.DKIM, further(r, f.hop, fields[n+1:])...)
			return r, true
		}
	}
	return Results{}, false
}

// further returns the DKIM results of the fields that the server of r wrote
// right below it, at the same hop, where r has none.
func further(r Results, hop int, below []field) []DKIM {
	if len(r.DKIM) > 0 || r.NoResult {
		return nil
	}
	for _, f := range below {
		next, plain, err := parse(f.value)
		if f.hop != hop || err != nil || !plain || next.AuthservID != r.AuthservID || next.NoResult {
			return nil
		}
		if len(next.DKIM) > 0 {
			return next.DKIM
		}
	}
	return nil
}

// named reports whether id, which is in lower case, is one of ids.
func named(id string, ids []string) bool {
	return slices.ContainsFunc(ids, func(s string) bool { return lower(strings.TrimSpace(s)) == id })
}
