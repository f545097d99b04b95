package mailer

import (
	"crypto/tls"
	"errors"
	"strings"

	"tlsbrief/internal/netclient"
)

// explainTLS makes an error of the handshake readable.
func explainTLS(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(tls.RecordHeaderError)):
		return netclient.WithText(err, "it does not speak TLS on this port")
	}
	if text, ok := strings.CutPrefix(err.Error(), "tls: "); ok {
		return netclient.WithText(err, text) // the step is called so already
	}
	return err
}
