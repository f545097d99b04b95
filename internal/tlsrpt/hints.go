package tlsrpt

import (
	"path"
	"strings"

	"tlsbrief/internal/hostname"
)

// hints say where else than in its policies a report may name its domain (Q11).
type hints struct {
	subject string // the domain that TLS-Report-Domain or the Subject names
	file    string // the file's name
}

// domain returns the policy domain that the report-id, the Subject or the file
// name shows, in that order, and which of them it was.
func (h hints) domain(reportID string) (domain, source string) {
	if domain = domainOfReportID(reportID); domain != "" {
		return domain, "report-id"
	}
	if domain = asDomain(h.subject); domain != "" {
		return domain, "Subject"
	}
	if parts, ok := splitFileName(h.file); ok {
		if domain = asDomain(parts[1]); domain != "" {
			return domain, "file name"
		}
	}
	return "", ""
}

// domainOfReportID knows the report-ids of those who put the domain into it:
//
//	2022-09-15T00:00:00Z_example.com                  Google
//	2025-09-20T00:00:00Z_idx1_example.com             tlsrpt-reporter
//	133526718584528772+example.com                    Microsoft
//	20240225.example.com@sender.example               mox
func domainOfReportID(id string) string {
	id, _, mox := strings.Cut(id, "@")
	if _, rest, ok := strings.Cut(id, "Z_"); ok {
		if index, domain, ok := strings.Cut(rest, "_"); ok && strings.HasPrefix(index, "idx") && isDigits(index[3:]) {
			rest = domain
		}
		return asDomain(rest)
	}
	if digits, rest, ok := strings.Cut(id, "+"); ok && isDigits(digits) {
		return asDomain(rest)
	}
	if digits, rest, ok := strings.Cut(id, "."); ok && mox && len(digits) == 8 && isDigits(digits) {
		return asDomain(rest)
	}
	return ""
}

// asDomain returns s normalized if it is a domain of at least two labels.
func asDomain(s string) string {
	domain, _ := hostname.Normalize(s)
	if !strings.Contains(domain, ".") || !hostname.Valid(domain) {
		return ""
	}
	return domain
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
	if len(fields) < 4 || fields[0] == "" || fields[1] == "" || !isDigits(fields[2]) || !isDigits(fields[3]) {
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
