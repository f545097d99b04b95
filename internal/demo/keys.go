package demo

import (
	"time"

	"tlsbrief/internal/testing/dnstest"
	"tlsbrief/internal/testing/samples"
)

const selector = "demo"

// A keyring signs for any domain and publishes the key in the demo's DNS.
type keyring struct {
	dns *dnstest.Server
	key *samples.Key
}

func newKeyring(dns *dnstest.Server) (*keyring, error) {
	key, err := samples.NewKey()
	return &keyring{dns, key}, err
}

// sign is a samples.Signer.
func (k *keyring) sign(domain string, message []byte, sent time.Time) ([]byte, error) {
	k.dns.SetTXT(selector+"._domainkey."+domain, k.key.Record(""))
	return k.key.Sign(message, samples.Signature{Domain: domain, Selector: selector, At: sent})
}
