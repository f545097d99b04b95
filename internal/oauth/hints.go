package oauth

import (
	"regexp"
	"strings"
)

// An advice is what to do about one refusal.
type advice struct {
	hint      string
	expired   bool // the secret or the grant has expired or was revoked
	temporary bool // the same request may succeed later without anybody correcting anything
}

const (
	logInAnew = "log in anew with \"tlsbrief login\""
	setClock  = "set this machine's clock, which must be right to a few minutes"
	askLater  = "the token server is out of order for now; it is asked again later"
	noApp     = "there is no such app in this tenant; check client_id and tenant"
	noTenant  = "there is no such tenant; check tenant"
	noUser    = "there is no such user in this tenant; check tenant, and that the account is still there"
	consent   = "consent is missing: let an administrator grant it in the app registration (API permissions, Grant admin consent)"
	policy    = "a Conditional Access policy forbids it; let the tenant's administrator except this app"
)

// adviceOn returns what to do about a refusal: by the texts of Microsoft and Google,
// else by its code (RFC 6749, section 5.2; RFC 8628, section 3.5).
func adviceOn(code, description, subtype string) advice {
	for _, number := range aadsts.FindAllStringSubmatch(description, -1) {
		if a, ok := microsoftAdvice(number[1]); ok {
			return a
		}
	}
	for _, known := range []struct {
		text string
		advice
	}{
		// Google: https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
		{"Client is unauthorized to retrieve access tokens", advice{hint: "domain-wide delegation is missing: in the Google Admin console (Security, API controls) add the service account's numeric client ID with the scope https://mail.google.com/; it may take some minutes"}},
		{"Invalid email or User ID", advice{hint: "there is no such user; check subject, which must be the mailbox's main address"}},
		{"Invalid JWT Signature", advice{hint: "the service account's key is no longer valid; make a new one", expired: true}},
		{"Invalid JWT", advice{hint: "check this machine's clock"}},
		{"account not found", advice{hint: "the service account was deleted; make a new one"}},
		{"Token has been expired or revoked", advice{hint: "get a new refresh token; Google ends those of an app whose consent screen is in testing after a week", expired: true}},
		{"invalid_rapt", advice{hint: reauthenticate, expired: true}},
		{"Bad Request", advice{hint: "get a new refresh token: this one is no longer valid", expired: true}},
	} {
		if strings.Contains(description, known.text) || strings.Contains(subtype, known.text) {
			return known.advice
		}
	}
	return codeAdvice(code)
}

const reauthenticate = "Google Workspace wants the person to log in again (session control for Google Cloud); exempt this app in the Admin console, or use a service account"

// codeAdvice is for an error that is known by its code alone.
func codeAdvice(code string) advice {
	switch code {
	case "invalid_client", "disabled_client", "deleted_client":
		return advice{hint: "the token server does not know this client: check client_id and its secret or certificate"}
	case "invalid_grant":
		return advice{hint: "the grant is no longer valid; for refresh_token " + logInAnew, expired: true}
	case "unauthorized_client":
		return advice{hint: "the client may not use this grant; allow it where the client is registered"}
	case "invalid_scope":
		return advice{hint: "check scopes, and what the client is allowed to ask for"}
	case "unsupported_grant_type":
		return advice{hint: "the token server does not know this grant; check grant and token_url"}
	case "interaction_required", "login_required", "consent_required":
		return advice{hint: "the token server wants to see the person: " + logInAnew}
	case "access_denied", "authorization_declined":
		return advice{hint: "the request was turned down, by the person asked or by a policy"}
	case "expired_token", "code_expired":
		return advice{hint: "the code was not entered in time; run the command again"}
	case "bad_verification_code":
		return advice{hint: "the token server does not know this login any more; run the command again, and enter the code that it shows then"}
	// Google: https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors
	case "org_internal":
		return advice{hint: "the app is for accounts of its own Google organization only; log in with one of those, or make its consent screen (Audience) external"}
	case "admin_policy_enforced":
		return advice{hint: "the Google Workspace administrator does not allow this app the scope; let them trust it in the Admin console (Security, API controls, App access control)"}
	case "rate_limit_exceeded", "quota_exceeded":
		return advice{hint: askLater, temporary: true}
	}
	return advice{}
}

// aadsts finds Microsoft's error numbers. They are matched as a whole: one may begin
// as another does.
var aadsts = regexp.MustCompile(`AADSTS(\d+)`)

// microsoftAdvice returns what to do about an error number of Microsoft's:
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func microsoftAdvice(number string) (advice, bool) {
	for _, known := range [...]struct {
		numbers string
		advice
	}{
		{"7000215", advice{hint: "the client secret is wrong; set the secret's value, not its ID"}},
		{"7000222", advice{hint: "the client secret has expired; make a new one in the app registration", expired: true}},
		{"7000218", advice{hint: "the app wants a secret: for \"tlsbrief login\" allow public client flows in the app registration (Authentication), else set a client secret or a certificate"}},
		{"7000112", advice{hint: "the app is disabled: let an administrator enable it (Enterprise applications, Properties, Enabled for users to sign-in)"}},
		{"7000229", advice{hint: "the app has no service principal in this tenant: " + consent}},
		{"700016 70001", advice{hint: noApp}},
		{"700027 700030", advice{hint: "the certificate does not belong to the app; upload it to the app registration (Certificates & secrets)"}},
		{"700024 500133", advice{hint: setClock}},
		{"700082", advice{hint: "the refresh token was not used for too long; " + logInAnew, expired: true}},
		{"700084 70008 70043", advice{hint: "the refresh token has expired; " + logInAnew, expired: true}},
		{"70000", advice{hint: "the refresh token is no longer valid; " + logInAnew, expired: true}},
		{"90002 900023 50059 50128", advice{hint: noTenant}},
		{"65001 90094 90095", advice{hint: consent}},
		{"65004", advice{hint: "the person did not consent; run the command again and accept, or let an administrator grant it"}},
		{"70011 28002", advice{hint: "a scope is wrong or not granted to the app; check scopes and the app's API permissions"}},
		{"1002012", advice{hint: "for client_credentials the scope must end in /.default; leave scopes empty for the usual one"}},
		{"500011 500014", advice{hint: "this tenant does not have the service that the scope names: check scopes and tenant, and that the tenant has Exchange Online"}},
		{"50020", advice{hint: "the account belongs to another tenant; log in with one of this tenant, or check tenant"}},
		{"50034 51004 500341", advice{hint: noUser}},
		{"50057", advice{hint: "the account is disabled; let the tenant's administrator enable it, then " + logInAnew}},
		{"50053", advice{hint: "the account is locked after too many attempts, or the address of this machine is; wait, and " + logInAnew}},
		{"50055 50144", advice{hint: "the password has expired; set a new one, then " + logInAnew, expired: true}},
		{"50105", advice{hint: "the person is not assigned to the app; assign them (Enterprise applications, Users and groups), or switch \"Assignment required\" off"}},
		{"50126", advice{hint: "the name or the password was wrong"}},
		{"50132 50133 50173", advice{hint: "the password was changed or the sign-in revoked; " + logInAnew, expired: true}},
		{"50074 50076 50078 50158", advice{hint: "the account must pass multi-factor authentication; " + logInAnew}},
		{"50072 50079", advice{hint: "the account must set up multi-factor authentication first"}},
		{"50097 53000 53001 53002 53003 53004 530032", advice{hint: policy}},
		{"70018", advice{hint: "the code that was entered is wrong; run the command again"}},
		{"70019 70020", advice{hint: "the code was not entered in time; run the command again"}},
		{"90033 90024 90025 90012 90006 70012 50196", advice{hint: askLater, temporary: true}},
	} {
		for n := range strings.FieldsSeq(known.numbers) {
			if n == number {
				return known.advice, true
			}
		}
	}
	return advice{}, false
}
