package domaincheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tlsbrief/internal/tlsrpt"
)

// sts looks at the MTA-STS record and policy, and reports whether there is no
// record.
func (l *run) sts(ctx context.Context) (none bool) {
	name := "_mta-sts." + l.domain.Name
	texts, err := l.c.o.DNS.TXT(ctx, name)
	if l.unanswered(err) {
		return false
	}
	records := versioned(texts, "v=STSv1")
	none, id := len(texts) == 0, ""
	if len(records) == 0 {
		l.seen.PolicyID = &id
	}
	switch {
	case len(records) == 0:
		l.noPolicy(ctx, name, texts)
		return none
	case len(records) > 1:
		l.add(STSSeveral, "", fmt.Sprintf("There are %d MTA-STS records at %s: senders then act as if there were none.", len(records), name), "Keep one.")
		return false
	}
	if id, err = parseSTSRecord(records[0]); err != nil {
		l.add(STSSyntax, "", fmt.Sprintf("The MTA-STS record at %s cannot be read: %v.", name, err), `Write it as in "v=STSv1; id=20260101".`)
		return false
	}
	l.seen.PolicyID = &id
	if text, ok := l.fetch(ctx); ok {
		l.judgePolicy(text)
	}
	l.seen.follow(l.domain.Before)
	if l.seen.staleID() {
		l.add(STSStaleID, "", fmt.Sprintf("The MTA-STS policy was changed and the id in %s was not: senders that have the old policy keep it until it runs out.", name), "Change the id.")
	}
	return false
}

// noPolicy says that there is no MTA-STS record, which is no fault where DANE
// protects all that it would; or what is wrong with what was meant to be one.
func (l *run) noPolicy(ctx context.Context, name string, texts []string) {
	if len(texts) > 0 {
		if text := likeliest(texts, "sts"); strings.Contains(strings.ToLower(text), "sts") {
			l.add(STSSyntax, "", fmt.Sprintf("The TXT record %s at %s is no MTA-STS record to senders: %s (RFC 8461, section 3.1).", quote(text), name, notVersion(text, "v=STSv1")),
				`Write it as in "v=STSv1; id=20260101".`)
			return
		}
	}
	if wrong, doubled := l.elsewhere(ctx, "v=STSv1", name, "mta-sts."+l.domain.Name, l.domain.Name); wrong != "" {
		l.add(STSWrongName, "", fmt.Sprintf("The MTA-STS record stands at %s, where no sender looks for it.", wrong)+doubled, "Move it to "+name+".")
		return
	}
	none := fmt.Sprintf("There is no MTA-STS record at %s, so senders do not look for a policy.", name)
	switch {
	case l.danePresent():
		l.addAs(STSMissing, Info, "", none+" DANE protects mail to this domain, but only from senders that use it; some large ones do not.", "")
		return
	case l.hostsHaveTLSA():
		none += " Its mail servers have DANE records, but DNSSEC does not vouch for the MX records, so DANE does not stand in."
	}
	l.add(STSMissing, "", none, `Publish a policy, and the TXT record "v=STSv1; id=…" (RFC 8461).`)
}

// judgePolicy looks at a policy's text.
func (l *run) judgePolicy(text string) {
	p, err := parsePolicy(text)
	if err != nil {
		l.add(STSPolicy, "", fmt.Sprintf("The MTA-STS policy cannot be read: %v.", err), "Correct the file, and change the id of the record.")
		return
	}
	l.policy = p
	l.seen.Policy, l.seen.Mode = policyDigest(text), p.mode
	if p.mode != tlsrpt.ModeEnforce {
		l.add(STSMode, "", fmt.Sprintf("The MTA-STS policy is in mode %s: it protects no mail.", p.mode), "Set mode: enforce once the reports are clean.")
	}
	l.reports(p)
	if p.mode == tlsrpt.ModeNone {
		return
	}
	if p.maxAge < soonMaxAge {
		l.add(STSMaxAge, "", fmt.Sprintf("Senders keep the MTA-STS policy for %d seconds only, and do without it where they cannot fetch it anew.", p.maxAge/time.Second), "Set max_age to a week or more (604800).")
	}
	for _, h := range l.hosts {
		if !p.covers(h.name) {
			l.addAs(STSUnmatched, l.policyFault(), h.name, fmt.Sprintf("The MTA-STS policy has no mx line for %s: senders that honour it do not deliver there.", clean(h.name, maxWord)),
				"Add the line mx: "+h.name+", and change the id of the record.")
		}
	}
	for _, pattern := range p.mx {
		used := false
		for _, h := range l.hosts {
			used = used || tlsrpt.MatchesMX(pattern, h.name)
		}
		if !used {
			l.add(STSUnused, "", fmt.Sprintf("The MTA-STS policy lists mx: %s, which no MX record names.", clean(pattern, maxWord)), "Take it out, unless that server is to come.")
		}
	}
}

// policyFault says how bad it is that a host does not do what MTA-STS asks.
func (l *run) policyFault() Severity {
	if l.policy != nil && l.policy.mode == tlsrpt.ModeEnforce {
		return Error
	}
	return Warning
}

// fetch gets the policy. What goes wrong becomes a finding.
//
// RFC 8461, section 3.3.
func (l *run) fetch(ctx context.Context) (text string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, l.c.o.StepTimeout)
	defer cancel()
	host := "mta-sts." + l.domain.Name
	where := "https://" + host + "/.well-known/mta-sts.txt"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return "", l.notFetched(STSFetch, where, err.Error())
	}
	client := l.client(host)
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return "", l.notFetched(STSCertificate, where, "the web server's certificate is not good: "+netError(certificate.Err, 0))
	case err != nil:
		return "", l.notFetched(STSFetch, where, netError(err, l.c.o.StepTimeout))
	}
	defer response.Body.Close()
	if l.c.o.Answered != nil && !l.domain.Reported {
		date, _ := http.ParseTime(response.Header.Get("Date")) // zero where there is none
		l.c.o.Answered(host, date)
	}
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return "", l.notFetched(STSRedirect, where, "it redirects, which senders do not follow")
	case response.StatusCode != http.StatusOK:
		return "", l.notFetched(STSStatus, where, fmt.Sprintf("the web server answers %d and not 200", response.StatusCode))
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		l.notFetched(STSType, where, "it is not sent as text/plain")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPolicy+1))
	switch {
	case err != nil:
		return "", l.notFetched(STSFetch, where, netError(err, l.c.o.StepTimeout))
	case len(body) > maxPolicy:
		return "", l.notFetched(STSSize, where, fmt.Sprintf("it is larger than %d bytes", maxPolicy))
	}
	return string(body), true
}

func (l *run) notFetched(code Code, where, why string) (ok bool) {
	l.add(code, "", fmt.Sprintf("The MTA-STS policy at %s: %s.", where, why),
		"The file must come with status 200 as text/plain, without a redirect, from a server whose certificate is good for that name.")
	return false
}

// client is an HTTP client for one request, that asks our resolver for addresses.
func (l *run) client(host string) *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		found, err := l.c.o.DNS.Addresses(ctx, host)
		if err != nil {
			return nil, err
		}
		err = errors.New("it has no address that may be connected to")
		for _, a := range l.allowed(found.List[:min(len(found.List), maxAddresses)]) {
			var conn net.Conn
			if conn, err = l.c.o.Dial(ctx, network, net.JoinHostPort(a.String(), strconv.Itoa(l.c.o.HTTPSPort))); err == nil {
				return conn, nil
			}
			err = &addressError{a, err}
		}
		return nil, err
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
			TLSClientConfig: &tls.Config{RootCAs: l.c.o.Roots, ServerName: strings.ToLower(host), Time: func() time.Time { return l.c.o.Now() }, MinVersion: tls.VersionTLS12},
		},
	}
}
