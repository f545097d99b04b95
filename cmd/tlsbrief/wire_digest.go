package main

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/oauth"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// newDigester makes the digester that the configuration describes. sent, if not nil,
// records what it sends.
func (a *app) newDigester(c *config.Config, d *db.DB, sent *sentLog) (*digest.Digester, error) {
	set, err := loadTemplates(c)
	if err != nil {
		return nil, err
	}
	m, err := a.newMailer(c)
	if err != nil {
		return nil, err
	}
	from, to := c.SMTP.From, c.SMTP.To
	if c.SMTP.Host == "" { // a preview is not sent
		from = &mail.Address{Address: "tlsbrief@localhost"}
		to = []string{from.Address}
	}
	o := digest.Options{
		DB: d, Templates: set, Send: sent.wrap(m.Send), From: from, Fallback: to,
		Location: c.Schedule.Timezone, Hour: c.Schedule.Digest, Prefix: c.SMTP.SubjectPrefix,
		WarnAfter:       c.Schedule.WarnAfter,
		Overrun:         func() time.Time { return overrunSince(c, time.Now()) },
		AuthenticityOff: c.Reports.Authenticity == "off",
		Version:         readBuild().version, Now: time.Now, Log: a.log,
	}
	if o.Probe, err = newProber(c); err != nil {
		return nil, err
	}
	for _, s := range c.Digests {
		if len(s.To) == 0 {
			s.To = to
		}
		o.Digests = append(o.Digests, digest.Spec{
			Name: s.Name, Domains: s.Domains, To: s.To, Schedule: s.Schedule,
			Location: s.Timezone, OnlyWhen: digest.OnlyWhen(s.OnlyWhen), Prefix: s.SubjectPrefix,
		})
	}
	for _, r := range c.Accepts {
		o.Waivers = append(o.Waivers, digest.Waiver{
			Result: tlsrpt.ResultType(r.ResultType), MX: r.MX, Domain: r.Domain, Sender: r.Sender, Until: r.Until, Why: r.Why,
		})
	}
	for _, m := range c.Mailboxes {
		o.Mailboxes = append(o.Mailboxes, m.Name)
	}
	return digest.New(o)
}

// loadTemplates reads the templates; those of the configured folder replace the embedded
// ones. It finds errors in parsing and in execution, and returns them with their lines.
func loadTemplates(c *config.Config) (*templates.Set, error) {
	set, err := templates.Load(c.Templates.Dir)
	if err != nil || c.Templates.Dir == "" {
		return set, err
	}
	if err := digest.CheckTemplates(set); err != nil {
		return nil, fmt.Errorf("in %s: %w", c.Templates.Dir, err)
	}
	return set, nil
}

// needSMTP returns a usage error if there is no server to send by.
func needSMTP(c *config.Config) error {
	if c.SMTP.Host == "" {
		return usage("the configuration has no [smtp]: add the server that is to send the digests (config.toml.example shows how)")
	}
	return nil
}

// newMailer makes the mailer of [smtp].
func (a *app) newMailer(c *config.Config) (*mailer.Mailer, error) {
	tlsConfig, err := clientTLS(c.SMTP.Host, c.SMTP.CAFile, c.SMTP.Client)
	if err != nil {
		return nil, fmt.Errorf("[smtp]: %w", err)
	}
	token, err := a.tokens(c, c.SMTP.OAuth2, oauth.SMTP)
	if err != nil {
		return nil, fmt.Errorf("[smtp]: %w", err)
	}
	o := mailer.Options{Host: c.SMTP.Host, Port: c.SMTP.Port, TLS: c.SMTP.TLS, TLSConfig: tlsConfig, Token: token, Grant: grantOf(c.SMTP.OAuth2)}
	if token != nil {
		o.Auth = func(context.Context) (netclient.Credentials, error) {
			return netclient.Credentials{Username: c.SMTP.Username}, nil
		}
	} else if !c.SMTP.Password.IsZero() {
		o.Auth = func(ctx context.Context) (netclient.Credentials, error) {
			secret, err := c.SMTP.Password.Read(ctx)
			return netclient.Credentials{Username: c.SMTP.Username, Password: secret.Reveal()}, err
		}
	}
	return mailer.New(o), nil
}

// outboxLock takes the lock of the digests: one process at a time builds and sends them.
func (a *app) outboxLock(ctx context.Context, c *config.Config) (unlock func(), err error) {
	return a.lock(ctx, c.Database.Path, "outbox", "the digests")
}

// A sentLog is what a command sent, in lines for the user.
type sentLog struct{ lines []string }

// wrap returns a send that adds its successes to l. A nil l changes nothing.
func (l *sentLog) wrap(send digest.SendFunc) digest.SendFunc {
	if l == nil {
		return send
	}
	return func(ctx context.Context, from string, to []string, data []byte) ([]mailer.Result, error) {
		results, err := send(ctx, from, to, data)
		var taken []string
		for _, r := range results {
			if r.Err == nil {
				taken = append(taken, r.Address)
			}
		}
		if err == nil && len(taken) > 0 {
			l.lines = append(l.lines, printable("sent to "+strings.Join(taken, ", ")+": "+subject(data)))
		}
		return results, err
	}
}

// subject returns the decoded subject of a digest.
func subject(data []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return "(no subject)"
	}
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return m.Header.Get("Subject")
	}
	return text
}
