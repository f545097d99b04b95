package mailer

import (
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestTLSErrorsInPlainWords(t *testing.T) {
	t.Parallel()
	const bare = "server selected unsupported protocol version 302"
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"plain text", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "it does not speak TLS on this port"},
		{"the step says tls already", errors.New("tls: " + bare), bare},
		{"the connection's own error, as it is", io.EOF, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := explainTLS(tt.err)
			if !strings.Contains(got.Error(), tt.want) || strings.HasPrefix(got.Error(), "tls: ") || !errors.Is(got, tt.err) {
				t.Errorf("explainTLS(%v) = %v, want %q, wrapping it", tt.err, got, tt.want)
			}
		})
	}
}
