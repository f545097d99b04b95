package oauth

import "net/url"

// A Provider is what is known of a large provider, to be used where the
// configuration says nothing else.
type Provider struct {
	TokenURL, DeviceURL string
	Scopes              []string
	SecretInBody        bool
}

// The names of the providers in the configuration.
const (
	Microsoft365 = "microsoft365"
	Google       = "google"
)

// A Protocol is what a token is to be good for.
type Protocol int

// The protocols.
const (
	IMAP Protocol = iota
	SMTP
)

// Known returns what is known of a provider; nothing for an unknown name. The
// tenant is Microsoft's: a domain or an ID.
func Known(provider, tenant, grant string, protocol Protocol) Provider {
	switch provider {
	case Microsoft365:
		// https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
		base := "https://login.microsoftonline.com/" + url.PathEscape(tenant) + "/oauth2/v2.0/"
		p := Provider{TokenURL: base + "token", DeviceURL: base + "devicecode", SecretInBody: true}
		switch {
		case grant == ClientCredentials:
			p.Scopes = []string{"https://outlook.office365.com/.default"}
		case protocol == SMTP:
			p.Scopes = []string{"https://outlook.office.com/SMTP.Send", "offline_access"}
		default:
			p.Scopes = []string{"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"}
		}
		return p
	case Google:
		// Google's device endpoint gives no scope for mail, so it is left out:
		// https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes
		return Provider{TokenURL: "https://oauth2.googleapis.com/token", Scopes: []string{"https://mail.google.com/"}, SecretInBody: true}
	}
	return Provider{}
}
