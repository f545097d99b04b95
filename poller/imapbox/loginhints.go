package imapbox

import (
	"strings"

	"tlsbrief/internal/netclient"
	"tlsbrief/poller/imapbox/wire"
)

// isUnavailable reports whether a server that gives no reason as a code says, in
// words, that it cannot judge a log-in for now. Microsoft 365 says "Server
// Unavailable. 15". It is for answers to a log-in alone: elsewhere the same words
// may be about a message.
func isUnavailable(r *Reply) bool {
	return (r.Code == "" || r.Code == "ALERT") &&
		containsAny(r.Text, "unavailable", "temporar", "server busy", "server is busy", "overloaded", "maintenance",
			"internal error", "internal server error", "server error", "system error", "try later", "retry later", "again in", "timed out")
}

// containsAny reports whether text has one of some phrases, which are in lower case.
func containsAny(text string, phrases ...string) bool {
	text = strings.ToLower(text)
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}

// isIMAPOff reports whether a server says that IMAP is switched off.
func isIMAPOff(text string) bool {
	return containsAny(text, "imap access is disabled", "imap access disabled", "not enabled for imap", "imap is disabled", "imap is not enabled", "imap disabled", "imap not enabled")
}

const imapOffHint = "IMAP is switched off for this mailbox: switch it on in its settings, or let its administrator do so"

// passwordHint returns what to do about a password that was refused, by the words of
// the large providers.
func passwordHint(host string, r *Reply, a wire.Alert) string {
	text := r.Text + "\n" + a.Text
	exchange := strings.EqualFold(r.Text, "LOGIN failed.") || strings.EqualFold(r.Text, "AUTHENTICATE failed.")
	switch {
	case a.Address != "":
		return "log in once with a web browser at " + a.Address + " and try again; with an app password, or OAuth2 ([mailbox.oauth2]), nobody has to"
	case containsAny(text, "web login required", "web browser"):
		return "log in once with a web browser, as it says, and try again; with an app password, or OAuth2 ([mailbox.oauth2]), nobody has to"
	case containsAny(text, "application-specific password", "application specific password", "app-specific password", "app specific password",
		"application password", "app password", "authorization code", "authorized code"):
		return "it wants an app password: make one in the settings of the account, and use it in place of the account's own"
	case isIMAPOff(text):
		return imapOffHint
	case containsAny(text, "basic auth", "basicauth", "legacy auth", "modern auth", "oauth"), exchange && ofMicrosoft(host):
		return "this provider takes no password: use OAuth2 ([mailbox.oauth2]; docs/mailboxes.md has it step by step)"
	case exchange:
		return "check username and password; if this is Microsoft 365, it takes none: use OAuth2 ([mailbox.oauth2]; docs/mailboxes.md has it step by step)"
	case r.Code == "EXPIRED":
		return "the password has expired"
	case wantsAppPassword(host):
		return "check username and password; this provider takes an app password and not the account's own"
	}
	return "check username and password"
}

// ofMicrosoft reports whether a host is one of Microsoft 365, its national clouds
// included.
func ofMicrosoft(host string) bool {
	return within(host, "office365.com", "office365.us", "outlook.com", "outlook.cn")
}

// wantsAppPassword reports whether a host is of a provider whose IMAP takes app
// passwords alone.
func wantsAppPassword(host string) bool {
	return within(host, "gmail.com", "googlemail.com", "yahoo.com", "aol.com", "me.com", "icloud.com", "fastmail.com")
}

func within(host string, domains ...string) bool {
	host = strings.ToLower(host)
	for _, domain := range domains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// isNotConnected reports whether Exchange knows who we are and does not let us in,
// which it says with BAD, and often not before the first folder is asked for.
func isNotConnected(r *Reply) bool { return containsAny(r.Text, "authenticated but not connected") }

// notConnectedHint returns what to do about it.
func (s *Session) notConnectedHint() string {
	if s.token {
		return tokenNotConnected(s.grant)
	}
	return "the log-in is good, but the server did not open the mailbox: check that username names a mailbox, that this user may open it, and that IMAP is switched on for it (Set-CASMailbox -ImapEnabled $true)"
}

// tokenNotConnected is notConnectedHint for a token.
func tokenNotConnected(grant netclient.Grant) string {
	const app = "give the app's service principal the right to it (Add-MailboxPermission)"
	const person = "give the person who logged in the right to it (Add-MailboxPermission -AccessRights FullAccess)"
	const rest = ", check that username is the mailbox to open, and that IMAP is switched on for it (Set-CASMailbox -ImapEnabled $true)"
	switch grant {
	case netclient.GrantProgram:
		return "the token is good, but not for this mailbox: " + app + rest
	case netclient.GrantPerson:
		return "the token is good, but not for this mailbox: " + person + rest
	}
	return "the token is good, but not for this mailbox: " + app + ", or " + person + rest
}

// tokenHint returns what to do about a token that was refused, by the words of the
// large providers and by how the token was got.
func tokenHint(text string, grant netclient.Grant) string {
	switch {
	case isIMAPOff(text):
		return imapOffHint
	case containsAny(text, "authenticate failed"):
		return microsoftHint(grant)
	case containsAny(text, "invalid credentials"):
		return googleHint(grant)
	}
	switch grant {
	case netclient.GrantProgram:
		return "it takes no such token for this mailbox: check username, scopes, the app's right to the mailbox, and that IMAP is switched on for it"
	case netclient.GrantPerson:
		return "it takes no such token for this mailbox: check username, scopes, whether the person who logged in may open the mailbox, and that IMAP is switched on for it"
	case netclient.GrantServiceAccount:
		return "it takes no such token for this mailbox: check username, scopes, that subject is the mailbox's person, and that IMAP is switched on for it"
	}
	return "it takes no such token for this mailbox: check username, scopes, the right to the mailbox, and that IMAP is switched on for it"
}

// microsoftHint is for what Microsoft 365 refuses. It does not say why.
func microsoftHint(grant netclient.Grant) string {
	const (
		app    = "the app is not registered as a service principal in Exchange (New-ServicePrincipal, with the object ID of the enterprise application), lacks the permission IMAP.AccessAsApp, or has no right to this mailbox (Add-MailboxPermission)"
		person = "the app lacks the delegated permission IMAP.AccessAsUser.All or the consent to it, the person who logged in has no FullAccess to this mailbox (Add-MailboxPermission), or username is not the mailbox's address"
		rest   = ", or IMAP is switched off for it; what was set a moment ago may take half an hour"
	)
	switch grant {
	case netclient.GrantProgram:
		return "at Microsoft 365 either " + app + rest
	case netclient.GrantPerson:
		return "at Microsoft 365 either " + person + rest
	}
	return "at Microsoft 365, with client_credentials, either " + app + "; with refresh_token, " + person + rest
}

// googleHint is for what Google refuses.
func googleHint(grant netclient.Grant) string {
	const rest = ", that IMAP is allowed for it, and that the scope is https://mail.google.com/"
	switch grant {
	case netclient.GrantServiceAccount:
		return "check that username is the main address of the mailbox that the token was made for (subject)" + rest + " in the domain-wide delegation too"
	case netclient.GrantPerson:
		return "check that username is the main address of the person who gave the refresh token" + rest
	}
	return "check that username is the address of the mailbox that the token was made for (subject)" + rest
}
