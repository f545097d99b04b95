package domaincheck

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * day

// certificate judges what a host shows: its dates, its name, and whether it is
// signed by an authority that is trusted, each apart from the others.
func (l *run) certificate(h *mxHost, who string, chain []*x509.Certificate) {
	if len(chain) == 0 {
		return
	}
	leaf := chain[0]
	at := l.c.o.Now() // when it holds, to judge the rest by
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter
	} else if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore
	}
	if len(h.tlsa) > 0 {
		switch usage := daneMatches(h.tlsa, chain, h.name, at); {
		case usage == 0:
			l.add(DANEMismatch, h.name, fmt.Sprintf("The certificate of %s matches none of its TLSA records: senders that use DANE hold mail to it.", who),
				"Publish a TLSA record for the certificate in use; next time before the key is changed.")
		case usage == 3 && l.policy == nil:
			return // DANE alone asks no more (RFC 7672, section 3.1.1)
		case l.policy == nil:
			l.dates(h, who, leaf, Error) // the name is right, or it would not match (section 3.1.2)
			return
		}
	}
	severity := l.policyFault()
	l.dates(h, who, leaf, severity)
	if err := leaf.VerifyHostname(h.name); err != nil {
		l.addAs(CertName, severity, h.name, fmt.Sprintf("The certificate of %s is not for that name: %s.", who, netError(err, 0)), "Get a certificate that has the name of the MX host in it.")
	}
	l.trust(h, who, chain, at, severity)
}

// dates judges from when until when a certificate holds.
func (l *run) dates(h *mxHost, who string, leaf *x509.Certificate, severity Severity) {
	now := l.c.o.Now()
	switch {
	case now.After(leaf.NotAfter):
		l.addAs(CertExpired, severity, h.name, fmt.Sprintf("The certificate of %s expired %s, on %s.", who, daysAgo(now.Sub(leaf.NotAfter)), moment(leaf.NotAfter)), "Renew it, and reload the mail server.")
	case now.Before(leaf.NotBefore):
		l.addAs(CertNotYet, severity, h.name, fmt.Sprintf("The certificate of %s holds from %s on only.", who, moment(leaf.NotBefore)), "Set the clock of whoever issued it, and issue it anew.")
	case leaf.NotAfter.Sub(now) < soon:
		l.add(CertExpiring, h.name, fmt.Sprintf("The certificate of %s expires %s, on %s.", who, inDays(leaf.NotAfter.Sub(now)), moment(leaf.NotAfter)), "Renew it, and see why that does not happen by itself.")
	}
}

// trust judges who signed a certificate, as of a time at which it holds.
func (l *run) trust(h *mxHost, who string, chain []*x509.Certificate, at time.Time, severity Severity) {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: l.c.o.Roots, Intermediates: between, CurrentTime: at})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		l.addAs(CertExpired, severity, h.name, fmt.Sprintf("A certificate that %s sends along with its own has expired.", who), "Send the issuer's current intermediate certificate.")
	case chain[0].CheckSignature(chain[0].SignatureAlgorithm, chain[0].RawTBSCertificate, chain[0].Signature) == nil:
		l.addAs(CertSelfSigned, severity, h.name, fmt.Sprintf("The certificate of %s is signed by itself.", who), "Get one from a public authority.")
	case len(chain) == 1:
		l.addAs(CertChain, severity, h.name, fmt.Sprintf("The certificate of %s comes without the intermediate certificate of %s, or its issuer is not trusted.", who, quote(chain[0].Issuer.String())),
			"Let the server send the full chain.")
	default:
		l.addAs(CertUntrusted, severity, h.name, fmt.Sprintf("The certificate of %s comes from %s, which this machine does not trust.", who, quote(chain[0].Issuer.String())), "Get one from a public authority.")
	}
}

const day = 24 * time.Hour

func daysAgo(since time.Duration) string {
	switch n := since / day; n {
	case 0:
		return "less than a day ago"
	case 1:
		return "a day ago"
	default:
		return fmt.Sprintf("%d days ago", n)
	}
}

func inDays(left time.Duration) string {
	switch n := left / day; n {
	case 0:
		return "in less than a day"
	case 1:
		return "in a day"
	default:
		return fmt.Sprintf("in %d days", n)
	}
}

func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04") + " UTC" }
