package config

import (
	"net/url"
	"strings"
)

// An OAuth2 says how access tokens are got that stand in for a password.
type OAuth2 struct {
	Grant              string         // "client_credentials", "refresh_token" or "service_account"; empty: a password is used
	Provider           string         // "microsoft365" or "google", for what they have in common; else empty
	Tenant             string         // of Microsoft 365: a domain or an ID
	ClientID           string         // empty with service_account
	ClientSecret       PasswordSource // may be zero
	CertificateFile    string         // PEM, with KeyFile, in place of the secret. Not opened by Load
	KeyFile            string
	RefreshTokenFile   string   // set with refresh_token
	ServiceAccountFile string   // set with service_account
	Subject            string   // whose mailbox it is, with service_account
	TokenURL           string   // empty: the provider's
	AuthURL            string   // where a device grant begins (RFC 8628); empty: the provider's, if any
	Scopes             []string // none: the provider's
	CAFile             string   // PEM; empty: the system's. Not opened by Load
}

// The grants and the providers.
const (
	grantClient    = "client_credentials"
	grantRefresh   = "refresh_token"
	grantAccount   = "service_account"
	providerMS     = "microsoft365"
	providerGoogle = "google"
)

type fileOAuth2 struct {
	At key

	Grant               textKey `toml:"grant"`
	Provider            textKey `toml:"provider"`
	Tenant              textKey `toml:"tenant"`
	ClientID            textKey `toml:"client_id"`
	ClientSecret        rawKey  `toml:"client_secret"`
	ClientSecretFile    textKey `toml:"client_secret_file"`
	ClientSecretEnv     textKey `toml:"client_secret_env"`
	ClientSecretCommand listKey `toml:"client_secret_command"`
	CertificateFile     textKey `toml:"certificate_file"`
	KeyFile             textKey `toml:"key_file"`
	RefreshTokenFile    textKey `toml:"refresh_token_file"`
	ServiceAccountFile  textKey `toml:"service_account_file"`
	Subject             textKey `toml:"subject"`
	TokenURL            textKey `toml:"token_url"`
	AuthURL             textKey `toml:"auth_url"`
	Scopes              listKey `toml:"scopes"`
	CAFile              textKey `toml:"ca_file"`
}

// oauth2 judges how to get tokens for a server that username logs in to.
func (c *checker) oauth2(f *fileServer) OAuth2 {
	o := &f.OAuth2
	if o.ClientSecret.set {
		c.fault(o.ClientSecret.key, "there is no such key, so that this file can be shown and copied without giving a secret away; use client_secret_file, client_secret_env or client_secret_command")
	}
	if o.Grant.value == "" {
		if k := o.firstSet(); k != nil && !o.Grant.bad {
			c.fault(o.Grant.key, "missing, and %s is set; set one of %s, %s and %s", last(k.path), grantClient, grantRefresh, grantAccount)
		}
		return OAuth2{}
	}
	if first, _ := firstTwo(f); first != nil {
		c.fault(*first, "is set, and oauth2.grant as well; keep one of the two")
	}
	out := OAuth2{
		Grant:    c.oneOf(o.Grant, grantClient, grantRefresh, grantAccount),
		Provider: o.Provider.value, Tenant: o.Tenant.value, ClientID: o.ClientID.value,
		ClientSecret: PasswordSource{
			Kind: "client_secret", File: c.secretFile(o.ClientSecretFile), Env: c.envName(o.ClientSecretEnv), Command: c.command(o.ClientSecretCommand),
		},
		CertificateFile: c.guarded(o.CertificateFile), KeyFile: c.secretFile(o.KeyFile),
		RefreshTokenFile: c.secretFile(o.RefreshTokenFile), ServiceAccountFile: c.secretFile(o.ServiceAccountFile),
		Subject: o.Subject.value, TokenURL: c.endpoint(o.TokenURL), AuthURL: c.endpoint(o.AuthURL),
		Scopes: c.scopes(o.Scopes), CAFile: c.guarded(o.CAFile),
	}
	if out.Provider != "" {
		c.oneOf(o.Provider, providerMS, providerGoogle)
	}
	c.provider(o)
	c.grant(o)
	if out.Subject == "" && out.Grant == grantAccount {
		out.Subject = f.Username.value
	}
	return out
}

// provider judges what goes with which provider.
func (c *checker) provider(o *fileOAuth2) {
	ms := o.Provider.value == providerMS
	switch {
	case ms && o.Tenant.value == "" && o.TokenURL.value == "":
		c.required(o.Tenant, `tenant = "example.onmicrosoft.com"`)
	case !ms && o.Tenant.value != "":
		c.fault(o.Tenant.key, `only goes with provider = "microsoft365"; take it out`)
	case !printable(o.Tenant.value):
		c.fault(o.Tenant.key, "has characters that do not print; write the tenant's domain or ID")
	}
	switch grant := o.Grant.value; {
	case ms && grant == grantAccount:
		c.fault(o.Grant.key, "Microsoft 365 does not know it; use client_credentials")
	case o.Provider.value == providerGoogle && grant == grantClient:
		c.fault(o.Grant.key, "Google gives no access to mail by it; use service_account (Google Workspace) or refresh_token")
	case o.Provider.value == "" && o.TokenURL.value == "":
		c.fault(o.TokenURL.key, `missing; set it, or provider = "microsoft365" or "google"`)
	}
	if o.Provider.value == "" && len(o.Scopes.values) == 0 && o.Grant.value == grantAccount {
		c.fault(o.Scopes.key, `missing; name what the token is to be good for, as in scopes = ["https://mail.example.com/"]`)
	}
}

// grant judges what goes with which grant.
func (c *checker) grant(o *fileOAuth2) {
	grant := o.Grant.value
	only := func(k *textKey, with string) {
		if k.value != "" && grant != with {
			c.fault(k.key, "only goes with grant = %q; take it out", with)
		}
	}
	only(&o.CertificateFile, grantClient)
	only(&o.KeyFile, grantClient)
	only(&o.RefreshTokenFile, grantRefresh)
	only(&o.ServiceAccountFile, grantAccount)
	only(&o.Subject, grantAccount)
	secret, second := firstTwoOf(&o.ClientSecretFile, &o.ClientSecretEnv, &o.ClientSecretCommand)
	if second != nil {
		c.fault(*second, "%s is set as well; keep one of the two", last(secret.path))
	}
	if grant != grantAccount {
		c.required(o.ClientID, `client_id = "11111111-2222-3333-4444-555555555555"`)
	}
	switch grant {
	case grantClient:
		switch {
		case (o.CertificateFile.value == "") != (o.KeyFile.value == ""):
			c.fault(o.CertificateFile.key, "certificate_file and key_file go together; set both")
		case secret != nil && o.CertificateFile.value != "":
			c.fault(*secret, "is set, and certificate_file as well; keep one of the two")
		case secret == nil && o.CertificateFile.value == "" && !o.ClientSecret.set:
			c.fault(o.ClientSecretFile.key, "missing; set one of client_secret_file, client_secret_env and client_secret_command, or certificate_file with key_file")
		}
	case grantRefresh:
		c.required(o.RefreshTokenFile, `refresh_token_file = "/var/lib/tlsbrief/token"; "tlsbrief login" fills it`)
	case grantAccount:
		c.required(o.ServiceAccountFile, `service_account_file = "/etc/tlsbrief/google.json"`)
		if secret != nil {
			c.fault(*secret, "does not go with service_account, whose file holds a key; take it out")
		}
	}
}

// endpoint judges an address that secrets are sent to.
func (c *checker) endpoint(k textKey) string {
	if k.value == "" || k.bad {
		return ""
	}
	u, err := url.Parse(k.value)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || !printable(k.value):
		c.fault(k.key, "%s is not an address; write it as in https://idp.example.com/token", quote(k.value))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		c.fault(k.key, "%s would send secrets in plain text; write it with https (http is for this machine only)", quote(k.value))
	}
	return k.value
}

// scopes judges names of RFC 6749, section 3.3.
func (c *checker) scopes(k listKey) []string {
	for i, s := range k.values {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			c.fault(k.at(i), `%s is not a scope; write each as an item of its own, as in ["https://mail.google.com/"]`, quote(s))
		}
	}
	return k.values
}

// firstSet gives the first key that has a value, in the order of the struct.
func (o *fileOAuth2) firstSet() *key {
	for _, k := range []*textKey{
		&o.Provider, &o.Tenant, &o.ClientID, &o.ClientSecretFile, &o.ClientSecretEnv, &o.CertificateFile, &o.KeyFile,
		&o.RefreshTokenFile, &o.ServiceAccountFile, &o.Subject, &o.TokenURL, &o.AuthURL, &o.CAFile,
	} {
		if k.value != "" {
			return &k.key
		}
	}
	for _, k := range []*listKey{&o.ClientSecretCommand, &o.Scopes} {
		if len(k.values) > 0 {
			return &k.key
		}
	}
	return nil
}

// last gives the name of a key without that of its table.
func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
