package imapbox

import "tlsbrief/internal/netclient"

// tokenHint says what to do about a token that was refused, by the words of the
// large providers and by how the token was got.
func tokenHint(text string, grant netclient.Grant) string {
	switch {
	case imapOff(text):
		return imapOffHint
	case says(text, "authenticate failed"):
		return microsoftHint(grant)
	case says(text, "invalid credentials"):
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
