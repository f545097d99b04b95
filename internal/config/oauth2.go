package config

import (
	"cmp"
	"net/url"
	"reflect"
	"strings"
)

// An OAuth2 says how access tokens are got that stand in for a password. Without a
// grant it is zero, and a password is used.
type OAuth2 struct {
	Grant              string         `toml:"grant" rule:"client_credentials|refresh_token|service_account"`
	Provider           string         `toml:"provider" rule:"microsoft365|google"` // for what they have in common; may be empty
	Tenant             string         `toml:"tenant"`                              // of Microsoft 365: a domain or an ID
	ClientID           string         `toml:"client_id"`                           // empty with service_account
	ClientSecret       PasswordSource `prefix:"client_secret"`                     // may be zero
	CertificateFile    string         `toml:"certificate_file" rule:"guarded"`     // PEM, with KeyFile, in place of the secret. Not opened by Load
	KeyFile            string         `toml:"key_file" rule:"secret"`
	RefreshTokenFile   string         `toml:"refresh_token_file" rule:"secret"`   // set with refresh_token
	ServiceAccountFile string         `toml:"service_account_file" rule:"secret"` // set with service_account
	Subject            string         `toml:"subject"`                            // whose mailbox it is, with service_account
	TokenURL           string         `toml:"token_url" rule:"url"`               // empty: the provider's
	AuthURL            string         `toml:"auth_url" rule:"url"`                // where a device grant begins (RFC 8628); empty: the provider's, if any
	Scopes             []string       `toml:"scopes" rule:"scopes"`               // none: the provider's
	CAFile             string         `toml:"ca_file" rule:"guarded"`             // PEM; empty: the system's. Not opened by Load
}

// The grants and the providers.
const (
	grantClient    = "client_credentials"
	grantRefresh   = "refresh_token"
	grantAccount   = "service_account"
	providerMS     = "microsoft365"
	providerGoogle = "google"
)

// oauth2 judges how to get tokens for a server.
func (c *checker) oauth2(s *Server) {
	o := &s.OAuth2
	c.refuse(&o.ClientSecret)
	grant := c.key(&o.Grant)
	if grant.text == "" {
		if k := c.firstSet(o); k != nil && !grant.bad {
			c.fault(grant, "missing, and %s is set; set one of %s, %s and %s", last(k.path), grantClient, grantRefresh, grantAccount)
		}
		return
	}
	if first, _ := c.firstTwo(&s.Password); first != nil {
		c.fault(*first, "is set, and oauth2.grant as well; keep one of the two")
	}
	c.rules(o)
	o.ClientSecret.Kind = "client_secret"
	c.provider(o)
	c.grant(o)
	if o.Grant == grantAccount {
		o.Subject = cmp.Or(o.Subject, s.Username)
	}
}

// provider judges what goes with which provider.
func (c *checker) provider(o *OAuth2) {
	ms := o.Provider == providerMS
	switch {
	case ms && o.Tenant == "" && o.TokenURL == "":
		c.required(c.key(&o.Tenant), `tenant = "example.onmicrosoft.com"`)
	case !ms && o.Tenant != "":
		c.fault(c.key(&o.Tenant), `only goes with provider = "microsoft365"; take it out`)
	case !printable(o.Tenant):
		c.fault(c.key(&o.Tenant), "has characters that do not print; write the tenant's domain or ID")
	}
	switch grant := o.Grant; {
	case ms && grant == grantAccount:
		c.fault(c.key(&o.Grant), "Microsoft 365 does not know it; use client_credentials")
	case o.Provider == providerGoogle && grant == grantClient:
		c.fault(c.key(&o.Grant), "Google gives no access to mail by it; use service_account (Google Workspace) or refresh_token")
	case o.Provider == "" && o.TokenURL == "":
		c.fault(c.key(&o.TokenURL), `missing; set it, or provider = "microsoft365" or "google"`)
	}
	if o.Provider == "" && len(o.Scopes) == 0 && o.Grant == grantAccount {
		c.fault(c.key(&o.Scopes), `missing; name what the token is to be good for, as in scopes = ["https://mail.example.com/"]`)
	}
}

// grant judges what goes with which grant.
func (c *checker) grant(o *OAuth2) {
	grant := o.Grant
	only := func(field *string, with string) {
		if *field != "" && grant != with {
			c.fault(c.key(field), "only goes with grant = %q; take it out", with)
		}
	}
	only(&o.CertificateFile, grantClient)
	only(&o.KeyFile, grantClient)
	only(&o.RefreshTokenFile, grantRefresh)
	only(&o.ServiceAccountFile, grantAccount)
	only(&o.Subject, grantAccount)
	c.oneSource(&o.ClientSecret)
	secret, _ := c.firstTwo(&o.ClientSecret)
	if grant != grantAccount {
		c.required(c.key(&o.ClientID), `client_id = "11111111-2222-3333-4444-555555555555"`)
	}
	switch grant {
	case grantClient:
		switch {
		case (o.CertificateFile == "") != (o.KeyFile == ""):
			c.fault(c.key(&o.CertificateFile), "certificate_file and key_file go together; set both")
		case secret != nil && o.CertificateFile != "":
			c.fault(*secret, "is set, and certificate_file as well; keep one of the two")
		case secret == nil && o.CertificateFile == "" && !c.key(&o.ClientSecret).set:
			c.fault(c.key(&o.ClientSecret.File), "missing; set one of client_secret_file, client_secret_env and client_secret_command, or certificate_file with key_file")
		}
	case grantRefresh:
		c.required(c.key(&o.RefreshTokenFile), `refresh_token_file = "/var/lib/tlsbrief/token"; "tlsbrief login" fills it`)
	case grantAccount:
		c.required(c.key(&o.ServiceAccountFile), `service_account_file = "/etc/tlsbrief/google.json"`)
		if secret != nil {
			c.fault(*secret, "does not go with service_account, whose file holds a key; take it out")
		}
	}
}

// endpoint judges an address that secrets are sent to.
func (c *checker) endpoint(k key) string {
	u, err := url.Parse(k.text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || !printable(k.text):
		c.fault(k, "%s is not an address; write it as in https://idp.example.com/token", quote(k.text))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		c.fault(k, "%s would send secrets in plain text; write it with https (http is for this machine only)", quote(k.text))
	}
	return k.text
}

// scopes judges names of RFC 6749, section 3.3.
func (c *checker) scopes(k key) []string {
	for i, s := range k.items {
		if s.text == "" || strings.ContainsFunc(s.text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			c.fault(k.at(i), `%s is not a scope; write each as an item of its own, as in ["https://mail.google.com/"]`, quote(s.text))
		}
	}
	return k.list()
}

// firstSet returns the first key that has a value, in the order of the struct and
// lists last.
func (c *checker) firstSet(o *OAuth2) *key {
	var list *key
	v := reflect.ValueOf(o).Elem()
	for _, s := range c.settings(v.Type()) {
		k := c.key(v.FieldByIndex(s.index).Addr().Interface())
		if k.text != "" {
			return &k
		}
		if len(k.items) > 0 && list == nil {
			list = &k
		}
	}
	return list
}
