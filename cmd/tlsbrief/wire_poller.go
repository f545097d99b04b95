package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/config"
	"tlsbrief/internal/dkim"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/oauth"
	"tlsbrief/internal/resolver"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

// newPoller makes the poller that the configuration describes. change, if not nil,
// changes its options.
func (a *app) newPoller(c *config.Config, d *db.DB, change func(*poller.Options)) (*poller.Poller, error) {
	boxes := make([]poller.Mailbox, 0, len(c.Mailboxes))
	for _, m := range c.Mailboxes {
		box, err := a.mailbox(c, m)
		if err != nil {
			return nil, err
		}
		boxes = append(boxes, box)
	}
	o := poller.Options{
		Store: d, Mailboxes: boxes, Ingest: a.newIngester(c, d), Parallel: c.Schedule.Parallel, Log: a.log,
		Lock: func(ctx context.Context, mailbox string) (func(), error) {
			return a.lock(ctx, c.Database.Path, mailboxLock(mailbox), fmt.Sprintf("mailbox %q", mailbox))
		},
	}
	if change != nil {
		change(&o)
	}
	return poller.New(o), nil
}

// daemonOptions returns the change for a poller on a schedule: it leaves a mailbox that
// is locked or refuses the login for the next poll.
func (a *app) daemonOptions(c *config.Config) func(*poller.Options) {
	return func(o *poller.Options) {
		o.Backoff = true
		o.Lock = func(_ context.Context, mailbox string) (func(), error) {
			unlock, err := a.tryLock(c.Database.Path, mailboxLock(mailbox), fmt.Sprintf("on mailbox %q", mailbox))
			if errors.Is(err, errLocked) {
				err = fmt.Errorf("%w: %w", poller.ErrBusy, err)
			}
			return unlock, err
		}
	}
}

func mailboxLock(mailbox string) string { return "mailbox " + mailbox }

// mailbox translates one [[mailbox]].
func (a *app) mailbox(c *config.Config, m config.Mailbox) (poller.Mailbox, error) {
	tlsConfig, err := clientTLS(m.Host, m.CAFile, m.Client)
	if err != nil {
		return poller.Mailbox{}, fmt.Errorf("mailbox %q: %w", m.Name, err)
	}
	token, err := a.tokens(c, m.OAuth2, oauth.IMAP)
	if err != nil {
		return poller.Mailbox{}, fmt.Errorf("mailbox %q: %w", m.Name, err)
	}
	return poller.Mailbox{
		Name: m.Name, Folders: m.Folders, After: poller.After(m.After), Keyword: m.Keyword, MoveTo: m.MoveTo,
		IMAP: imapbox.Options{
			Name: m.Name, Host: m.Host, Port: m.Port, TLS: m.TLS, TLSConfig: tlsConfig, Log: a.log,
			Token: token, Grant: grantOf(m.OAuth2), Version: readBuild().version,
			Auth: func(ctx context.Context) (netclient.Credentials, error) {
				if token != nil {
					return netclient.Credentials{Username: m.Username}, nil
				}
				// Read at each log-in, so that a secret can be changed while the daemon runs.
				secret, err := m.Password.Read(ctx)
				return netclient.Credentials{Username: m.Username, Password: secret.Reveal()}, err
			},
		},
	}, nil
}

// clientTLS returns a configuration that trusts the system's roots, or only those in
// caFile, and that sends the client certificate if one is configured.
func clientTLS(host, caFile string, client config.ClientTLS) (*tls.Config, error) {
	c := &tls.Config{ServerName: cmp.Or(client.ServerName, host), MinVersion: tls.VersionTLS12}
	if client.CertFile != "" {
		load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(client.CertFile, client.KeyFile)
			if err != nil {
				err = fmt.Errorf("client_cert_file and client_key_file: %w", err)
			}
			return &pair, err
		}
		if _, err := load(nil); err != nil {
			return nil, usage("%w", err)
		}
		c.GetClientCertificate = load // at each connection, since certificates are renewed
	}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, usage("reading ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, usage("ca_file %s holds no certificate in PEM form", caFile)
	}
	return c, nil
}

// keyTimeout is how long one query for a key may take. It is short, so that the next
// resolver, or the same one, can be asked while mail waits. A resolver that answers too
// late has the answer in its cache at the next poll.
const keyTimeout = 1500 * time.Millisecond

// newIngester translates [reports] and [dns].
func (a *app) newIngester(c *config.Config, d *db.DB) *ingest.Ingester {
	o := ingest.Options{
		Recorder: d, Log: a.log,
		Limits: read.Limits{
			MaxMessage: c.Reports.MaxMessage, MaxReport: c.Reports.MaxReport,
			MaxPolicies: c.Reports.MaxPolicies, MaxFailures: c.Reports.MaxFailures,
		},
		Require: c.Reports.Authenticity == "require",
		Domains: c.Reports.Domains, IgnoreSigners: c.Reports.IgnoreSigners,
	}
	if c.Reports.Authenticity != "off" {
		o.Keys = keyLookup(resolver.New(resolver.Options{Server: c.DNS.Server, Timeout: keyTimeout, Parallel: ingest.LookupsAtOnce}))
		o.Examine = ingest.Vouching{AuthservIDs: c.Reports.TrustedAuthservID, Microsoft365: c.Reports.TrustMicrosoft365}.Examine
	}
	return ingest.New(o)
}

// keyLookup returns a look-up of keys in DNS for package dkim.
func keyLookup(dns *resolver.Resolver) dkim.Lookup {
	return func(ctx context.Context, name string) ([]string, error) {
		records, err := dns.TXT(ctx, name)
		if errors.Is(err, resolver.ErrNotFound) {
			return nil, fmt.Errorf("%w: %w", dkim.ErrNoRecord, err)
		}
		return records, err
	}
}
