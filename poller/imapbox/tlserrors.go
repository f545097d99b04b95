package imapbox

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"tlsbrief/internal/certfault"
)

// explainTLS makes an error of the handshake readable, and says what to do.
// A *[certfault.Error] is one about the server's certificate.
func explainTLS(err error, host string) error {
	if fault := certfault.Explain(err, host); fault != nil {
		return fault
	}
	var plain tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.As(err, &plain):
		return &protocolError{detail: fmt.Sprintf("it does not speak TLS on this port; use tls = %q (port 143), or the port for TLS (993)", TLSStart)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &network) && (network.Op == "read" || network.Op == "write"):
		return &lostError{err: fmt.Errorf("in the TLS handshake: %w", err)}
	}
	return fmt.Errorf("the TLS handshake failed: %w (the server must offer TLS 1.2 or newer)", err)
}
