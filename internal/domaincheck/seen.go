package domaincheck

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// Seen is what a domain published and its mail servers showed at a run, to be
// compared with the next one. What could not be found out is left out: a server
// that is silent for a day has changed nothing. It is written down as JSON.
type Seen struct {
	At time.Time `json:"at"`

	Report *string `json:"tlsrpt,omitempty"` // the TLS-RPT record; empty: there is none

	PolicyID *string     `json:"sts_id,omitempty"` // of the MTA-STS record; empty: there is none
	Policy   string      `json:"policy,omitempty"` // a digest of the policy's text
	Mode     tlsrpt.Mode `json:"mode,omitempty"`
	// PolicyOfID is the policy that was first seen under this id.
	PolicyOfID string `json:"policy_of_id,omitempty"`

	Hosts        []string               `json:"mx,omitempty"` // sorted
	Certificates map[string]Certificate `json:"certificates,omitempty"`
}

// A Certificate is what one address of an MX host showed. It is found under the
// host's name and the address, with a space between.
type Certificate struct {
	Fingerprint string    `json:"sha256"`
	Issuer      string    `json:"issuer"` // printable and short
	Until       time.Time `json:"until"`
}

// hostOf is the host of a certificate's key.
func hostOf(key string) string {
	host, _, _ := strings.Cut(key, " ")
	return host
}

// maxCertificates is how many a run keeps of those before it: a host may have
// other addresses at each.
const maxCertificates = 200

// sawCertificate keeps which certificate a server showed.
func (l *run) sawCertificate(at *Server, state tls.ConnectionState) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	leaf := state.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.Certificates[at.Host+" "+at.Address] = Certificate{
		Fingerprint: hex.EncodeToString(sum[:]), Issuer: clean(leaf.Issuer.String(), maxWord), Until: leaf.NotAfter.UTC(),
	}
}

// policyDigest tells one policy from another.
func policyDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// follow takes over from the run before what only a series of runs can know.
func (s *Seen) follow(before *Seen) {
	if s.PolicyID == nil || *s.PolicyID == "" {
		return
	}
	s.PolicyOfID = s.Policy
	if before != nil && before.PolicyID != nil && *before.PolicyID == *s.PolicyID && before.PolicyOfID != "" {
		s.PolicyOfID = before.PolicyOfID
	}
}

// over returns s with what it did not find out as it was before, so that a day
// without an answer hides no change.
func (s Seen) over(before *Seen) Seen {
	if s.Report == nil {
		s.Report = before.Report
	}
	if s.PolicyID == nil {
		s.PolicyID = before.PolicyID
	}
	if s.Policy == "" && s.PolicyID != nil && *s.PolicyID != "" {
		s.Policy, s.Mode = before.Policy, before.Mode
		if s.PolicyOfID == "" && before.PolicyID != nil && *before.PolicyID == *s.PolicyID {
			s.PolicyOfID = before.PolicyOfID
		}
	}
	if s.Hosts == nil {
		s.Hosts = before.Hosts
	}
	certificates := maps.Clone(s.Certificates)
	if certificates == nil {
		certificates = map[string]Certificate{}
	}
	for _, key := range slices.Sorted(maps.Keys(before.Certificates)) {
		if _, known := certificates[key]; !known && len(certificates) < maxCertificates && slices.Contains(s.Hosts, hostOf(key)) {
			certificates[key] = before.Certificates[key]
		}
	}
	s.Certificates = certificates
	return s
}

// staleID reports whether the policy is another than when its id was new: senders
// that have it keep the old one.
func (s *Seen) staleID() bool {
	return s.Policy != "" && s.PolicyOfID != "" && s.Policy != s.PolicyOfID
}
