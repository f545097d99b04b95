package main

import (
	"context"
	"fmt"
	"net/mail"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/config"
	"tlsbrief/internal/mailer"
	"tlsbrief/internal/oauth"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// newDigester makes the digester that the configuration describes. sent, where
// given, notes what it sends.
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
	if c.SMTP.Host == "" { // a preview needs no server, and goes nowhere
		from = &mail.Address{Address: "tlsbrief@localhost"}
		to = []string{from.Address}
	}
	o := digest.Options{
		DB: d, Templates: set, Send: sent.noting(m.Send), From: from, Fallback: to,
		Location: c.Schedule.Timezone, Hour: c.Schedule.Digest, Prefix: c.SMTP.SubjectPrefix,
		WarnAfter:       c.Schedule.WarnAfter,
		Overrun:         func() time.Time { return overrunSince(c, time.Now()) },
		AuthenticityOff: c.Reports.Authenticity == "off",
		Version:         readBuild().version, Now: time.Now, Log: a.log,
	}
	look, err := newLookout(c)
	if err != nil {
		return nil, err
	}
	if look != nil {
		o.Probe = look.ask
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

// loadTemplates reads the templates, those of the configured folder in the place of
// the embedded ones. An error in one is told with its line, whether it shows in
// reading or only in filling it in.
func loadTemplates(c *config.Config) (*templates.Set, error) {
	set, err := templates.Load(c.TemplatesDir)
	if err != nil || c.TemplatesDir == "" {
		return set, err
	}
	if err := digest.CheckTemplates(set); err != nil {
		return nil, fmt.Errorf("in %s: %w", c.TemplatesDir, err)
	}
	return set, nil
}

// needSMTP refuses a command that sends where there is no server to send by.
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
		o.Auth = func(context.Context) (mailer.Credentials, error) {
			return mailer.Credentials{Username: c.SMTP.Username}, nil
		}
	} else if !c.SMTP.Password.IsZero() {
		o.Auth = func(ctx context.Context) (mailer.Credentials, error) {
			secret, err := c.SMTP.Password.Read(ctx)
			return mailer.Credentials{Username: c.SMTP.Username, Password: secret.Reveal()}, err
		}
	}
	return mailer.New(o), nil
}

// outboxLock keeps other processes from building and sending digests meanwhile.
func (a *app) outboxLock(ctx context.Context, c *config.Config) (unlock func(), err error) {
	return a.lock(ctx, c.Database.Path, "outbox", "the digests")
}
