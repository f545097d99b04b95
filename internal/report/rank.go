package report

import "tlsbrief/internal/hostname"

// rank orders authentications of copies of one report: the highest counts. Unknown
// is lowest, since it is no answer.
func (a AuthResult) rank() int {
	switch a {
	case AuthPass:
		return 4
	case AuthUnchecked:
		return 3
	case AuthFail:
		return 2
	case AuthNone:
		return 1
	}
	return 0
}

// supersedes reports whether a recorded copy that passed is to stand under the signer of
// another one that says the same: the report's own signer, where the first is not.
func supersedes(k Copy, a Authenticity) bool {
	return k.Auth.Result == AuthPass && a.Result == AuthPass && !ownSigner(k.Auth.Domain, k) && ownSigner(a.Domain, k)
}

// ownSigner reports whether a signing domain plainly is the one that a report names
// as its sender's: of the same organization as the domain of contact-info, or as
// the one that stands for the organization's name.
func ownSigner(domain string, c Copy) bool {
	for _, named := range []string{contactDomain(c.Contact), hostname.Leading(c.Organization)} {
		if named != "" && hostname.Organizational(named) == hostname.Organizational(domain) {
			return true
		}
	}
	return false
}
