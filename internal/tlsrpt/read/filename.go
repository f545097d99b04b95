package read

import (
	"path"
	"strings"

	"tlsbrief/internal/hostname"
	"tlsbrief/internal/tlsrpt"
)

// hints say where else than in its policies a report may name its domain (Q11).
type hints struct {
	subject string // the domain that TLS-Report-Domain or the Subject names
	file    string // the file's name
}

// domain returns the policy domain that the report-id, the Subject or the file
// name shows, in that order, and which of them it was.
func (h hints) domain(reportID string) (domain, source string) {
	if domain = tlsrpt.DomainOfReportID(reportID); domain != "" {
		return domain, "report-id"
	}
	if domain = hostname.Domain(h.subject); domain != "" {
		return domain, "Subject"
	}
	if parts, ok := splitFileName(h.file); ok {
		if domain = hostname.Domain(parts[1]); domain != "" {
			return domain, "file name"
		}
	}
	return "", ""
}

// FileNameLooksLikeReport reports whether a file has the name that RFC 8460,
// section 5.1, gives to a report:
//
//	sender!policy-domain!begin-timestamp!end-timestamp[!unique-id].json[.gz]
//
// It may have a path before it. DMARC reports are named alike, but end in .xml,
// .xml.gz or .zip.
func FileNameLooksLikeReport(name string) bool {
	_, ok := splitFileName(name)
	return ok
}

// splitFileName returns the fields of a name of RFC 8460, section 5.1.
func splitFileName(name string) (fields []string, ok bool) {
	name = path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/"))
	stem, ok := trimJSON(name)
	if !ok {
		return nil, false
	}
	fields = strings.Split(stem, "!")
	if len(fields) < 4 || fields[0] == "" || fields[1] == "" || !isAllDigits(fields[2]) || !isAllDigits(fields[3]) {
		return nil, false
	}
	return fields, true
}

// trimJSON cuts .json or .json.gz off a file name, in any case.
func trimJSON(name string) (stem string, ok bool) {
	lower := strings.ToLower(name)
	for _, suffix := range [...]string{".json", ".json.gz"} {
		if strings.HasSuffix(lower, suffix) && len(lower) == len(name) {
			return name[:len(name)-len(suffix)], true
		}
	}
	return "", false
}
