package hostname

import "strings"

// tenantSuffixes returns the domains below which a mail host gives each of its
// customers a name and signs their mail with it. The Public Suffix List lacks them,
// and by it all customers of such a host would be one organization. Under one that
// begins with "*." a customer's name is two labels longer than the domain.
func tenantSuffixes() []string {
	return []string{
		"onmicrosoft.com", "mail.onmicrosoft.com", "onmicrosoft.us", "onmicrosoft.de", "partner.onmschina.cn", // Microsoft 365
		"*.gappssmtp.com",                              // Google Workspace: example-com.20230601.gappssmtp.com
		"amazonses.com", "mailgun.org", "sendgrid.net", // hosts of bulk mail
	}
}

// tenantOf returns the name that a customer has below one of the tenantSuffixes, of
// which name, as [Comparable] returns it, is one or lies below it. The suffix itself,
// and what lies between it and a customer's name, is its own.
func tenantOf(name string) (tenant string, ok bool) {
	for _, suffix := range tenantSuffixes() {
		base, wide := strings.CutPrefix(suffix, "*.")
		if name == base {
			return name, true
		}
		rest, below := strings.CutSuffix(name, "."+base)
		if !below {
			continue
		}
		labels := strings.Split(rest, ".")
		keep := 1
		if wide {
			keep = 2
		}
		own := strings.Join(labels[max(0, len(labels)-keep):], ".") + "." + base
		if len(own) > len(tenant) { // the longest suffix counts
			tenant, ok = own, true
		}
	}
	return tenant, ok
}
