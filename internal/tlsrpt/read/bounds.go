package read

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tlsbrief/internal/tlsrpt"
)

// Bounds of what is kept of a report, beside its own text. What lies beyond them is
// left out and noted as a deviation: it costs neither the report nor its totals. No
// sender comes near any of them.
const (
	maxElements = 300      // elements of one policy-string or mx-host
	maxName     = 1000     // bytes of a name: organization-name, report-id, a type, a host, an address
	maxText     = 4 << 10  // bytes of a text: a line of a policy, a reason, a HELO
	maxKept     = 8 << 20  // bytes of the failure details and lists of one message or file
	leastKept   = 64 << 10 // of which a report may have so many, however short it is
)

// What a database takes for one of them beside its text, in bytes, at most.
const (
	policyCost  = 100
	failureCost = 60
	elementCost = 4
)

// rowSize returns what a database takes for a row of n bytes: what is too large to
// stand among others takes pages of its own.
func rowSize(n int) int {
	const page, most, least = 4092, 1000, 489
	if n <= most {
		return n
	}
	return least + (n-least+page-1)/page*page
}

// keeps reports whether n bytes more may be kept, and counts them if so.
func (d *decoder) keeps(n int) bool {
	if d.kept+n > d.mayKeep {
		return false
	}
	d.kept += n
	return true
}

// mayKeepOf returns how many bytes may be kept of a report of the given size that was
// packed into so many: with its text as it came, less than one and a half times its size.
func (b budget) mayKeepOf(size, packed int) int {
	return min(b.kept, max(leastKept, size+size/3-packed))
}

// shortened cuts a string that is too long to be kept.
func (d *decoder) shortened(field, s string, most int) string {
	if len(s) <= most {
		return s
	}
	d.noteCut(field, fmt.Sprintf("%d bytes long; cut to %d", len(s), most))
	return cutText(s, most)
}

// cutText returns the beginning of a string, of at most so many bytes and as many
// whole characters. It shares no memory with s, which may be far larger.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.Clone(s[:most])
}

// firstElements returns as many elements of a list as are kept.
func (d *decoder) firstElements(field string, list []string) []string {
	if len(list) <= maxElements {
		return list
	}
	d.noteCut(field, fmt.Sprintf("more than %d elements; the rest is left out", maxElements))
	return list[:maxElements:maxElements]
}

// keepsLists keeps the lists of a policy, if the row that they make may be kept.
func (d *decoder) keepsLists(p *tlsrpt.Policy) {
	n := policyCost
	for _, list := range [...][]string{p.Strings, p.MXHosts} {
		for _, s := range list {
			n += len(s) + elementCost
		}
	}
	if !d.keeps(rowSize(n) - policyCost) {
		p.Strings, p.MXHosts = nil, nil
		d.noteFull("policy")
	}
}

// noteFull notes that no more may be kept.
func (d *decoder) noteFull(field string) {
	d.noteCut(field, "more than is kept of one report; the rest is left out")
}

// keepsFailure reports whether a failure detail may be kept.
func (d *decoder) keepsFailure(f *tlsrpt.Failure) bool {
	return d.keeps(rowSize(failureCost + len(f.ResultType) + len(f.SendingMTAIP) + len(f.ReceivingMXHostname) + len(f.ReceivingMXHELO) +
		len(f.ReceivingIP) + len(f.AdditionalInformation) + len(f.ReasonCode)))
}
