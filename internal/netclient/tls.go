package netclient

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// MinTLS returns a copy of config, which may be nil, that asks for TLS 1.2 at least.
func MinTLS(config *tls.Config) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}

// handshake returns conn under TLS. An error that is about the server's certificate is
// a *[CertificateError].
func (s Server) handshake(ctx context.Context, conn net.Conn, passed func(step, detail string)) (net.Conn, error) {
	config := MinTLS(s.TLSConfig)
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		if fault := certificateError(err, config.ServerName); fault != nil {
			return nil, fault
		}
		return nil, err
	}
	state := secure.ConnectionState()
	detail := tls.VersionName(state.Version) + ", its certificate is not verified"
	if len(state.VerifiedChains) > 0 {
		detail = tls.VersionName(state.Version) + ", certificate valid until " + state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly)
	}
	passed(StepTLS, detail)
	return secure, nil
}
