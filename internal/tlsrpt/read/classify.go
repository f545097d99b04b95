package read

import "strings"

// A Likelihood is how likely a message is a TLS report, by its header.
type Likelihood int

// The likelihoods.
const (
	No      Likelihood = iota // it is none
	Maybe                     // its parts tell: see [ClassifyPart]
	Certain                   // it says that it is one, whether it can be read or not
)

// String returns the likelihood as a word.
func (l Likelihood) String() string {
	switch l {
	case No:
		return "no"
	case Maybe:
		return "maybe"
	case Certain:
		return "certain"
	}
	return "unknown"
}

// A PartKind says what a MIME part can be, by its header.
type PartKind int

// The kinds of parts.
const (
	PartOther     PartKind = iota // no report
	PartReport                    // it says that it is a report
	PartContainer                 // a multipart or a message, whose parts tell
	PartEncoded                   // the same in a transfer encoding, so that no server shows its parts: the whole message tells
)

// String returns the kind as a word.
func (k PartKind) String() string {
	switch k {
	case PartOther:
		return "other"
	case PartReport:
		return "report"
	case PartContainer:
		return "container"
	case PartEncoded:
		return "encoded"
	}
	return "unknown"
}

// ClassifyHeader tells from the header of a message whether it can be a TLS
// report (DESIGN 5). h returns the raw value of the topmost field of a name, ""
// if there is none; Content-Type, Content-Disposition, TLS-Report-Domain,
// TLS-Report-Submitter, Subject and From are asked for. Any value may be
// malformed.
//
// A message that is no multipart has no parts to look at, so that its header
// alone decides: it is never Maybe, unless it is a message within a message.
// Other people's mail must not be taken for a report, so that a lone attachment
// is one only if it is named like one (RFC 8460, section 5.1), or if From,
// Subject or its name speak of TLS reports and its type fits. The multipart/report of
// a bounce, of a read receipt or of an abuse report is never one.
func ClassifyHeader(h func(field string) string) Likelihood {
	if h("TLS-Report-Domain") != "" || h("TLS-Report-Submitter") != "" {
		return Certain
	}
	contentType := h("Content-Type")
	t, params := mediaType(contentType)
	switch {
	case isReportType(t):
		return Certain
	case t == "multipart/report":
		return classifyMultipartReport(token(params["report-type"]))
	case t == "multipart/encrypted":
		return No
	case strings.HasPrefix(t, "multipart/"), isMessageType(t):
		return Maybe
	case strings.HasPrefix(t, "application/"):
		return classifyLone(t, partName(contentType, h("Content-Disposition")), h("From"), h("Subject"))
	}
	return No
}

// classifyMultipartReport decides by the report-type of RFC 6522.
func classifyMultipartReport(reportType string) Likelihood {
	switch {
	case reportType == "tlsrpt":
		return Certain
	case isOtherReportType(reportType):
		return No
	}
	return Maybe
}

// classifyLone decides about a message that is one attachment and nothing else.
func classifyLone(t, name, from, subject string) Likelihood {
	if FileNameLooksLikeReport(name) {
		return Certain
	}
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, ".xml") || strings.Contains(lower, ".xml.") {
		return No
	}
	switch t {
	case "application/gzip", "application/x-gzip", "application/gzip-compressed", "application/json",
		"application/octet-stream", "application/zip", "application/x-zip-compressed":
	default:
		return No
	}
	for _, s := range [...]string{lower, decodeField(from), decodeField(subject)} {
		if speaksOfTLSReports(s) {
			return Certain
		}
	}
	return No
}

// speaksOfTLSReports finds the words that names and addresses of reports have.
// The Subject of RFC 8460 is not among them: DMARC reports have the same.
func speaksOfTLSReports(s string) bool {
	s = strings.ToLower(s)
	for _, word := range [...]string{"tlsrpt", "tls-rpt", "tls_rpt", "tls report", "tls-report", "tlsreport", "smtp-tls"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// ClassifyPart tells from the header of a MIME part whether it can be a report.
// h returns raw values, as for ClassifyHeader; Content-Type, Content-Disposition and
// Content-Transfer-Encoding are asked for. A part is a report if its type says so or
// its name has the form of RFC 8460, section 5.1; that of anybody's mail with a
// .json or .gz attached is not.
func ClassifyPart(h func(field string) string) PartKind {
	contentType := h("Content-Type")
	t, params := mediaType(contentType)
	switch {
	case isReportType(t):
		return PartReport
	case t == "multipart/report" && isOtherReportType(token(params["report-type"])):
		return PartOther
	case t == "multipart/encrypted":
		return PartOther
	case strings.HasPrefix(t, "multipart/"), isMessageType(t):
		switch token(h("Content-Transfer-Encoding")) {
		case "", "7bit", "8bit", "binary":
			return PartContainer
		}
		return PartEncoded // forbidden by RFC 2045, section 6.4, and sent
	case FileNameLooksLikeReport(partName(contentType, h("Content-Disposition"))):
		return PartReport
	}
	return PartOther
}

// isReportType reports whether a media type is one of RFC 8460, section 6.4 and
// 6.5, or what senders make of them (Q14, Q15).
func isReportType(t string) bool {
	return t == "application/tlsrpt" || strings.HasPrefix(t, "application/tlsrpt+")
}

// isMessageType reports whether a part is a whole message.
func isMessageType(t string) bool { return t == "message/rfc822" || t == "message/global" }

// isOtherReportType reports whether a multipart/report is of another kind. What a
// bounce or an abuse report encloses was not sent to us as a report.
func isOtherReportType(reportType string) bool {
	switch reportType {
	case "delivery-status", "disposition-notification", "feedback-report", "multi-message-report", "disposition-report":
		return true
	}
	return false
}
