package imapbox

import "strings"

// notConnected tells whether Microsoft knows who we are and does not let us in,
// which it says with BAD, and often not before the first folder is asked for.
func notConnected(r *Reply) bool {
	return strings.Contains(strings.ToLower(r.Text), "authenticated but not connected")
}

// tokenHint says what to do about a token that was refused, by the words of the
// large providers.
func tokenHint(text string) string {
	switch text = strings.ToLower(text); {
	case notConnected(&Reply{Text: text}):
		return "the token is good, but not for this mailbox: give the app's service principal the right to it (Add-MailboxPermission), check username, and that IMAP is switched on for it (Set-CASMailbox -ImapEnabled $true)"
	case strings.Contains(text, "imap access is disabled"), strings.Contains(text, "not enabled for imap"), strings.Contains(text, "imap is disabled"):
		return "IMAP is switched off for this mailbox: let its administrator switch it on"
	case strings.Contains(text, "authenticate failed"):
		return "at Microsoft 365 either the app is not registered as a service principal in Exchange (New-ServicePrincipal, with the object ID of the enterprise application), lacks the permission IMAP.AccessAsApp, or has no right to this mailbox (Add-MailboxPermission), or IMAP is switched off for it; what was set a moment ago may take half an hour"
	case strings.Contains(text, "invalid credentials"):
		return "check that username is the address of the mailbox that the token was made for (subject), that IMAP is allowed for it, and that the scope is https://mail.google.com/"
	}
	return "it takes no such token for this mailbox: check username, scopes, the right to the mailbox, and that IMAP is switched on for it"
}
