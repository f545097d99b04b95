package db

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"tlsbrief/tlsrpt"
)

func identityOf(r *tlsrpt.Report) [32]byte {
	var domains []string
	for _, p := range r.Policies {
		domains = append(domains, p.Domain)
	}
	slices.Sort(domains)
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %q", r.OrganizationName, r.ReportID, r.Start.Unix(), r.End.Unix(), slices.Compact(domains)))
}

func contentOf(r *tlsrpt.Report) [32]byte {
	c := *r
	c.JSON = nil
	b, _ := json.Marshal(c)
	return sha256.Sum256(b)
}
