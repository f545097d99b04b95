package domaincheck

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Change is what is different at a domain from one run to the next. Its
// strings are printable.
type Change struct {
	Code    Code
	Message string
	Fix     string // what to do; empty: nothing
}

// The codes of changes.
const (
	ReportNew     Code = "tlsrpt-new"
	ReportGone    Code = "tlsrpt-gone"
	ReportChanged Code = "tlsrpt-changed"

	PolicyNew       Code = "mta-sts-new"
	PolicyGone      Code = "mta-sts-gone"
	PolicyIDNew     Code = "mta-sts-id-new"
	PolicyModeNew   Code = "mta-sts-mode-new"
	HostNew         Code = "mx-new"
	HostGone        Code = "mx-gone"
	CertificateNew  Code = "cert-renewed"
	CertificateBack Code = "cert-older"
)

// Changes compares two looks at a domain. What one of them did not find out has
// not changed.
func Changes(domain string, before, now *Seen) []Change {
	var out []Change
	add := func(code Code, fix, format string, args ...any) {
		out = append(out, Change{Code: code, Message: clean(fmt.Sprintf(format, args...), maxMessage), Fix: fix})
	}
	then := before.At.UTC().Format("2 Jan 2006")
	reportChange(domain, then, before, now, add)
	policyChange(domain, then, before, now, add)
	if before.Hosts != nil && now.Hosts != nil {
		for _, h := range now.Hosts {
			if !slices.Contains(before.Hosts, h) {
				add(HostNew, "If nobody of you added it, see who did.", "The MX host %s is new.", quoteless(h))
			}
		}
		for _, h := range before.Hosts {
			if !slices.Contains(now.Hosts, h) {
				add(HostGone, "", "%s is no MX host any more.", quoteless(h))
			}
		}
	}
	certificateChange(before, now, add)
	return out
}

func reportChange(domain, then string, before, now *Seen, add func(Code, string, string, ...any)) {
	if before.Report == nil || now.Report == nil || *before.Report == *now.Report {
		return
	}
	name := "_smtp._tls." + domain
	switch was, is := quote(*before.Report), quote(*now.Report); {
	case *now.Report == "":
		add(ReportGone, "Put it back, or reports stop.", "The TLS-RPT record at %s is gone. Until %s it was %s.", name, then, was)
	case *before.Report == "":
		add(ReportNew, "", "There is a TLS-RPT record at %s now: %s.", name, is)
	default:
		add(ReportChanged, "", "The TLS-RPT record at %s is %s; until %s it was %s.", name, is, then, was)
	}
}

func policyChange(domain, then string, before, now *Seen, add func(Code, string, string, ...any)) {
	if before.PolicyID != nil && now.PolicyID != nil && *before.PolicyID != *now.PolicyID {
		name := "_mta-sts." + domain
		switch was, is := quote(*before.PolicyID), quote(*now.PolicyID); {
		case *now.PolicyID == "":
			add(PolicyGone, "Put it back; senders that have the policy go on using it until it runs out.", "The MTA-STS record at %s is gone. Until %s its id was %s.", name, then, was)
		case *before.PolicyID == "":
			add(PolicyNew, "", "There is an MTA-STS record at %s now, with the id %s.", name, is)
		default:
			add(PolicyIDNew, "", "The id of the MTA-STS policy is %s; until %s it was %s.", is, then, was)
		}
	}
	if before.Mode != "" && now.Mode != "" && before.Mode != now.Mode {
		add(PolicyModeNew, "", "The MTA-STS policy is in mode %s; until %s it was in mode %s.", now.Mode, then, before.Mode)
	}
}

// certificateChange names each host once that shows another certificate at some
// of its addresses. A renewed one that another of its addresses had before was told
// of then: a run sees few of many addresses.
func certificateChange(before, now *Seen, add func(Code, string, string, ...any)) {
	reported, had := map[string]bool{}, map[[2]string]bool{}
	for key, c := range before.Certificates {
		had[[2]string{hostOf(key), c.Fingerprint}] = true
	}
	for _, key := range slices.Sorted(maps.Keys(now.Certificates)) {
		is, host := now.Certificates[key], hostOf(key)
		was, known := before.Certificates[key]
		if !known || was.Fingerprint == is.Fingerprint || reported[host] {
			continue
		}
		if had[[2]string{host, is.Fingerprint}] && !is.Until.Before(was.Until) {
			continue
		}
		reported[host] = true
		from := ""
		if was.Issuer != is.Issuer {
			from = fmt.Sprintf(" and comes from %s instead of %s", quote(is.Issuer), quote(was.Issuer))
		}
		if is.Until.Before(was.Until) {
			add(CertificateBack, "See whether an old certificate was put back by mistake.", "%s shows a certificate that holds until %s%s; the one before holds longer, until %s.",
				quoteless(host), date(is.Until), from, date(was.Until))
			continue
		}
		add(CertificateNew, "", "The certificate of %s is another: it holds until %s%s; the one before until %s.", quoteless(host), date(is.Until), from, date(was.Until))
	}
}

// quoteless shows a host name.
func quoteless(host string) string { return clean(host, maxWord) }

func date(t time.Time) string { return t.UTC().Format("2 Jan 2006") }
