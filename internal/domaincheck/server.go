package domaincheck

import (
	"crypto/tls"
	"math"
	"time"
)

// A Server is one address of an MX host, and what it showed of its TLS.
type Server struct {
	Host    string `json:"mx_host"`
	Address string `json:"address"`

	// Of TLS as crypto/tls names it; empty where no handshake was completed.
	TLSVersion  string `json:"tls_version"`
	CipherSuite string `json:"cipher_suite"`

	// When the certificate of the host itself runs out, and how many whole days that
	// is from now: negative if it has. Nil where none was shown.
	Expires *time.Time `json:"certificate_expires"`
	Days    *int       `json:"certificate_days"`
}

// note takes over what a handshake has shown.
func (s *Server) note(state tls.ConnectionState, now time.Time) {
	s.TLSVersion, s.CipherSuite = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	if len(state.PeerCertificates) == 0 {
		return
	}
	expires := state.PeerCertificates[0].NotAfter.UTC()
	days := int(math.Floor(float64(expires.Sub(now)) / float64(day)))
	s.Expires, s.Days = &expires, &days
}

// saw keeps what a server showed.
func (l *run) saw(s Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers = append(l.servers, s)
}
