package tlsrpt

import "tlsbrief/internal/hostname"

// changeNote words what became of a name that is not in its normal form; empty
// for one that is.
func changeNote(c hostname.Change) string {
	return [...]string{
		hostname.DotRemoved: "a dot at the end; removed",
		hostname.Lowered:    "upper-case letters; read as lower case",
		hostname.Encoded:    "an internationalized name; read as its A-label",
		hostname.NotName:    "not a domain name; kept as sent",
	}[c]
}
