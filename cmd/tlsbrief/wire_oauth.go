package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tlsbrief/internal/config"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/oauth"
)

// A tokenFunc returns an access token that is not the refused one.
type tokenFunc = func(ctx context.Context, refused string) (string, error)

// tokens makes the source of access tokens that is configured; nil if there is none.
func (a *app) tokens(c *config.Config, o config.OAuth2, protocol oauth.Protocol) (tokenFunc, error) {
	if o.Grant == "" {
		return nil, nil
	}
	options, err := a.oauthOptions(c, o, protocol)
	if err != nil {
		return nil, err
	}
	return oauth.New(options).Token, nil
}

// grantOf returns whose tokens a grant gives, for advice on refused ones.
func grantOf(o config.OAuth2) netclient.Grant {
	switch o.Grant {
	case oauth.ClientCredentials:
		return netclient.GrantProgram
	case oauth.RefreshToken:
		return netclient.GrantPerson
	case oauth.ServiceAccount:
		return netclient.GrantServiceAccount
	}
	return 0
}

// oauthOptions translates one [….oauth2].
func (a *app) oauthOptions(c *config.Config, o config.OAuth2, protocol oauth.Protocol) (oauth.Options, error) {
	tlsConfig, err := clientTLS("", o.CAFile, config.ClientTLS{})
	if err != nil {
		return oauth.Options{}, fmt.Errorf("oauth2: %w", err)
	}
	known := oauth.Known(o.Provider, o.Tenant, o.Grant, protocol)
	options := oauth.Options{
		Grant: o.Grant, TokenURL: cmp.Or(o.TokenURL, known.TokenURL), DeviceURL: cmp.Or(o.AuthURL, known.DeviceURL),
		Scopes: o.Scopes, ClientID: o.ClientID, Certificate: o.CertificateFile, Key: o.KeyFile,
		RefreshTokenFile: o.RefreshTokenFile, ServiceAccountFile: o.ServiceAccountFile, Subject: o.Subject,
		SecretInBody: known.SecretInBody, TLSConfig: tlsConfig, Log: a.log, Answered: a.clock.compareServer,
		Lock: func(ctx context.Context) (func(), error) {
			return a.lock(ctx, c.Database.Path, "token "+o.RefreshTokenFile, "the refresh token")
		},
	}
	if len(options.Scopes) == 0 {
		options.Scopes = known.Scopes
	}
	if !o.ClientSecret.IsZero() {
		options.ClientSecret = func(ctx context.Context) (string, error) {
			secret, err := o.ClientSecret.Read(ctx)
			return secret.Reveal(), err
		}
	}
	return options, nil
}

// loginOptions returns the options of the mailbox that "login NAME" names, or of [smtp]
// if NAME is smtp and no mailbox has that name. One login serves all that share a
// refresh_token_file, so its scopes are those of all of them.
func (a *app) loginOptions(c *config.Config, name string) (oauth.Options, error) {
	type entry struct {
		o        config.OAuth2
		protocol oauth.Protocol
	}
	var all []entry
	found := -1
	for _, m := range c.Mailboxes {
		if m.Name == name {
			found = len(all)
		}
		all = append(all, entry{m.OAuth2, oauth.IMAP})
	}
	all = append(all, entry{c.SMTP.OAuth2, oauth.SMTP})
	if found < 0 && name == "smtp" && c.SMTP.Host != "" {
		found = len(all) - 1
	}
	if found < 0 {
		return oauth.Options{}, usage("the configuration has no mailbox %q", name)
	}
	if grant := all[found].o.Grant; grant != oauth.RefreshToken {
		return oauth.Options{}, usage("%q needs no login: that is for oauth2.grant = %q, and it has %q", name, oauth.RefreshToken, grant)
	}
	options, err := a.oauthOptions(c, all[found].o, all[found].protocol)
	if err != nil {
		return options, err
	}
	options.Scopes = slices.Clone(options.Scopes)
	for _, e := range all {
		if e.o.RefreshTokenFile != options.RefreshTokenFile {
			continue
		}
		other, err := a.oauthOptions(c, e.o, e.protocol)
		if err != nil {
			return options, err
		}
		options.Scopes = distinct(append(options.Scopes, other.Scopes...))
	}
	return options, nil
}
