package report

import (
	"encoding/json"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// A DomainCheck is what a look at a domain found.
type DomainCheck struct {
	Domain   string // in lower case, as A-labels
	At       time.Time
	Mode     tlsrpt.Mode // of the MTA-STS policy; empty where there is none, or it could not be read
	Findings []CheckFinding
	Seen     json.RawMessage // what the domain published, for comparing it with the next look
}

// A CheckFinding is one thing that was found, in words (docs/check.md).
type CheckFinding struct {
	Check      string            `json:"check"`
	Code       string            `json:"code"`
	Severity   string            `json:"severity"` // ok, info, warning or error
	Message    string            `json:"message"`
	Fix        string            `json:"fix"`
	ResultType tlsrpt.ResultType `json:"result_type"` // what a sender reports it as; empty: nothing
}

// A DomainChange is what was different at a domain from one look to the next.
type DomainChange struct {
	Domain  string
	At      time.Time // when it was noticed
	Code    string
	Message string
	Fix     string // what to do; empty: nothing
}

// A ChangeFilter selects what had changed at domains. Zero values do not bound it.
type ChangeFilter struct {
	Domains           []string // nil: all
	SeqAfter, SeqUpTo int64    // exclusive and inclusive
	From, To          time.Time
}
