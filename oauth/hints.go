package oauth

import "strings"

// hint says what to do about a refusal: by what Microsoft and Google say of it,
// else by its code (RFC 6749, section 5.2; RFC 8628, section 3.5).
func hint(code, description string) string {
	for _, known := range [][2]string{
		// Microsoft: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
		{"AADSTS7000215", "the client secret is wrong; set the secret's value, not its ID"},
		{"AADSTS7000222", "the client secret has expired; make a new one in the app registration"},
		{"AADSTS7000218", "the app wants a secret: for \"tlsbrief login\" allow public client flows in the app registration (Authentication), else set a client secret or a certificate"},
		{"AADSTS700016", "there is no such app in this tenant; check client_id and tenant"},
		{"AADSTS700027", "the certificate does not belong to the app; upload it to the app registration (Certificates & secrets)"},
		{"AADSTS700082", "the refresh token was not used for too long; log in anew with \"tlsbrief login\""},
		{"AADSTS700084", "the refresh token has expired; log in anew with \"tlsbrief login\""},
		{"AADSTS90002", "there is no such tenant; check tenant"},
		{"AADSTS900023", "there is no such tenant; check tenant"},
		{"AADSTS65001", "consent is missing: let an administrator grant it in the app registration (API permissions, Grant admin consent)"},
		{"AADSTS70011", "a scope is wrong or not granted to the app; check scopes and the app's API permissions"},
		{"AADSTS1002012", "for client_credentials the scope must end in /.default; leave scopes empty for the usual one"},
		{"AADSTS50173", "the password was changed or the sign-in revoked; log in anew with \"tlsbrief login\""},
		{"AADSTS50076", "the account must pass multi-factor authentication; log in anew with \"tlsbrief login\""},
		{"AADSTS50079", "the account must set up multi-factor authentication first"},
		{"AADSTS53003", "a Conditional Access policy forbids it; let the tenant's administrator except this app"},
		{"AADSTS50126", "the name or the password was wrong"},
		// Google: https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
		{"Client is unauthorized to retrieve access tokens", "domain-wide delegation is missing: in the Google Admin console (Security, API controls) add the service account's numeric client ID with the scope https://mail.google.com/; it may take some minutes"},
		{"Invalid email or User ID", "there is no such user; check subject, which must be the mailbox's main address"},
		{"Invalid JWT Signature", "the service account's key is no longer valid; make a new one"},
		{"Invalid JWT", "check this machine's clock"},
		{"account not found", "the service account was deleted; make a new one"},
		{"Token has been expired or revoked", "get a new refresh token; Google ends those of an app whose consent screen is in testing after a week"},
		{"Bad Request", "get a new refresh token: this one is no longer valid"},
	} {
		if strings.Contains(description, known[0]) {
			return known[1]
		}
	}
	switch code {
	case "invalid_client", "disabled_client", "deleted_client":
		return "the token server does not know this client: check client_id and its secret or certificate"
	case "invalid_grant":
		return "the grant is no longer valid; for refresh_token log in anew with \"tlsbrief login\""
	case "unauthorized_client":
		return "the client may not use this grant; allow it where the client is registered"
	case "invalid_scope":
		return "check scopes, and what the client is allowed to ask for"
	case "unsupported_grant_type":
		return "the token server does not know this grant; check grant and token_url"
	case "access_denied":
		return "the request was turned down, by the person asked or by a policy"
	case "expired_token":
		return "the code was not entered in time; run the command again"
	}
	return ""
}
