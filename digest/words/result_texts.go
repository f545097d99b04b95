package words

import "tlsbrief/internal/tlsrpt"

// A text words a result type: its title, what it means, and the steps to mend it.
// The sentences and commands hold the placeholders {MX}, for the receiving mail
// server, and {DOMAIN}, for the policy domain.
type text struct {
	title    string
	what     string  // one or two plain sentences
	causes   []Cause // the likely ones, most likely first
	action   string  // one sentence to forward to the owner
	looks    bool    // the action begins with a look, so that nothing is changed unseen
	commands []command
}

// A command is one line for a POSIX shell.
type command struct {
	line  string
	under tlsrpt.PolicyType // the only policy that it belongs to; empty: any
}

// textOf returns the text of a result type as it is met under a policy. Unknown
// types get one that holds for whatever they are (R17).
//
// RFC 8460, section 4.3.
func textOf(p tlsrpt.PolicyType, t tlsrpt.ResultType) text {
	if p == tlsrpt.TLSA && t == tlsrpt.CertificateNotTrusted {
		return notTrustedUnderDANE()
	}
	for _, row := range [...]struct {
		of   tlsrpt.ResultType
		text func() text
	}{
		{tlsrpt.STARTTLSNotSupported, noSTARTTLSText},
		{tlsrpt.CertificateHostMismatch, hostMismatchText},
		{tlsrpt.CertificateExpired, expiredText},
		{tlsrpt.CertificateNotTrusted, notTrustedText},
		{tlsrpt.ValidationFailure, validationText},
		{tlsrpt.TLSAInvalid, tlsaText},
		{tlsrpt.DNSSECInvalid, dnssecText},
		{tlsrpt.DANERequired, daneRequiredText},
		{tlsrpt.STSPolicyFetchError, fetchErrorText},
		{tlsrpt.STSPolicyInvalid, policyInvalidText},
		{tlsrpt.STSWebPKIInvalid, webPKIText},
	} {
		if row.of == t {
			return row.text()
		}
	}
	return otherText()
}

// ownerText says who can mend what an owner is at fault for.
func ownerText(o tlsrpt.Owner) string {
	return [...]string{
		tlsrpt.ServerOwner: "whoever runs {MX}",
		tlsrpt.DNSOwner:    "whoever runs your DNS",
		tlsrpt.PolicyOwner: "whoever runs the web site mta-sts.{DOMAIN}",
	}[o]
}

func noSTARTTLSText() text {
	return text{
		title: "No encryption offered",
		what:  "The mail server did not offer to encrypt the connection (STARTTLS), so the sender could not protect the mail on its way.",
		causes: []Cause{
			{Why: "One of several mail servers, often the backup, has no TLS set up.", Do: "Enable STARTTLS on port 25 of every mail server that your MX records name."},
			{Why: "A firewall or a mail filter in front of the server removes the offer (\"SMTP inspection\", \"SMTP fixup\").", Do: "Switch off SMTP inspection for port 25, or let it pass STARTTLS."},
			{Why: "The certificate or its key could not be loaded, and the server goes on without TLS.", Do: "Look for TLS errors in the mail server's log and reload it."},
			{Why: "If one sender alone sees it, somebody between you may be stripping the offer.", Do: "Compare the sending network with those that succeed before changing anything."},
		},
		action: "Make {MX} offer STARTTLS on port 25 to everybody.",
		commands: []command{
			{line: "openssl s_client -connect {MX}:25 -starttls smtp </dev/null"},
			{line: "dig +short MX {DOMAIN}"},
		},
	}
}

func hostMismatchText() text {
	return text{
		title: "Wrong name in the certificate",
		what:  "The certificate that the mail server shows is made out to another name than the one in your MX record, so senders cannot be sure that they talk to the right server.",
		causes: []Cause{
			{Why: "The TLSA record names an issuing authority (usage 2), under which senders check name and date, too.", Do: "Put the certificate right, or publish a record for the server's own key (3 1 1), under which only the key counts.", under: tlsrpt.TLSA},
			{Why: "The certificate does not list the server's MX name.", Do: "Get a certificate that lists {MX} among its names (subjectAltName)."},
			{Why: "The MX record points to a name that the certificate never had, such as an alias.", Do: "Let the MX record name the server as the certificate does, and the mx: lines of an MTA-STS policy likewise."},
			{Why: "A wildcard is expected to cover more than it does: *.example.com covers mx.example.com, not mx.eu.example.com.", Do: "Get a certificate with the full name."},
			{Why: "Of several nodes or addresses behind the name one shows another certificate.", Do: "Check every address that {MX} resolves to, IPv6 too."},
		},
		action: "Install a certificate on {MX} that is made out to the server's own name.",
		commands: []command{
			{line: "dig +short TLSA _25._tcp.{MX}", under: tlsrpt.TLSA},
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -subject -ext subjectAltName"},
			{line: "dig +short MX {DOMAIN}"},
		},
	}
}

func expiredText() text {
	return text{
		title: "Expired certificate",
		what:  "The certificate that the mail server shows has run out, so senders that check it refuse the connection.",
		causes: []Cause{
			{Why: "The TLSA record names an issuing authority (usage 2), under which senders check name and date, too.", Do: "Put the certificate right, or publish a record for the server's own key (3 1 1), under which only the key counts.", under: tlsrpt.TLSA},
			{Why: "Automatic renewal worked, but the mail server was not reloaded and still shows the old certificate.", Do: "Reload the mail server, and make the renewal do so every time."},
			{Why: "Only one node or address behind the name was renewed.", Do: "Check every address that {MX} resolves to, IPv6 too."},
			{Why: "Renewal failed.", Do: "Look into the log of whatever renews the certificate, and renew it by hand."},
		},
		action: "See with the command below whether the certificate on {MX} was renewed: if it was, reload the mail server; if not, renew it and reload.",
		looks:  true,
		commands: []command{
			{line: "dig +short TLSA _25._tcp.{MX}", under: tlsrpt.TLSA},
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -dates"},
		},
	}
}

func notTrustedText() text {
	return text{
		title: "Untrusted certificate",
		what:  "The certificate that the mail server shows was not issued by an authority that senders trust, or the chain that proves it is incomplete.",
		causes: []Cause{
			{Why: "The server sends its own certificate without the intermediate one.", Do: "Configure the full chain (\"fullchain.pem\"), server certificate first."},
			{Why: "The certificate is self-signed or comes from a private authority.", Do: "Use a certificate of a public authority."},
			{Why: "The root has been distrusted or has expired.", Do: "Get a certificate from another authority, or one with a current chain."},
		},
		action: "Install a certificate of a public authority on {MX}, with its full chain.",
		commands: []command{
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} -showcerts -verify_return_error </dev/null"},
		},
	}
}

// notTrustedUnderDANE is for where TLSA records say which certificate is right
// (RFC 7672, section 3).
func notTrustedUnderDANE() text {
	t := notTrustedText()
	t.what = "The mail server shows a certificate that your TLSA records in DNS do not vouch for, or a chain that does not lead to what they name."
	t.causes = []Cause{
		{Why: "The server does not send the issuing certificate that the TLSA record names (usage 2).", Do: "Configure the full chain, or publish a record for the server's own key (3 1 1)."},
		{Why: "The certificate was changed, but the TLSA record was not.", Do: "Publish the new record at _25._tcp.{MX}, and keep the old one until its lifetime in DNS has passed."},
	}
	t.action = "Make the certificate chain of {MX} match its TLSA record at _25._tcp.{MX}."
	t.commands = append([]command{{line: "dig +short TLSA _25._tcp.{MX}"}}, t.commands...)
	return t
}

func validationText() text {
	return text{
		title: "The secure connection failed",
		what:  "The connection could not be secured, for a reason that has no name of its own. The reason code, where there is one, says more.",
		causes: []Cause{
			{Why: "The certificate and the TLSA record at _25._tcp.{MX} do not go together.", Do: "Compare the two, and publish the record of the certificate in use.", under: tlsrpt.TLSA},
			{Why: "The mail server is not listed in your MTA-STS policy (Microsoft calls this MX_HOSTS_MISMATCH).", Do: "Add it as an mx: line to https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.", under: tlsrpt.STS},
			{Why: "Server and sender have no TLS version or cipher in common, or the handshake breaks off.", Do: "Allow TLS 1.2 and 1.3 with the usual ciphers, and look for handshake errors in the mail server's log."},
			{Why: "A proxy, a filter or an overloaded server cuts the connection.", Do: "Look at the log of that time, and at what stands before the server."},
			{Why: "If it is one sender and a few sessions, the network in between may have been at fault.", Do: "Wait and see whether it comes back."},
		},
		action: "Find out why secure connections to {MX} fail, starting from the reason code and the sending addresses in the report.",
		commands: []command{
			{line: "dig +short TLSA _25._tcp.{MX}", under: tlsrpt.TLSA},
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null"},
			{line: "curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt", under: tlsrpt.STS},
			{line: "dig +short MX {DOMAIN}"},
		},
	}
}

func tlsaText() text {
	return text{
		title: "Certificate does not match DNS",
		what:  "The fingerprints in your DNS (TLSA records) are not those of the certificate that the mail server shows, so senders that use DANE refuse to deliver.",
		causes: []Cause{
			{Why: "The certificate got a new key, but the TLSA record was not changed.", Do: "Publish the new TLSA record beside the old one, wait until its TTL has passed, then switch the certificate; keep the key on renewals."},
			{Why: "The record stands at the wrong name or port.", Do: "Publish it at _25._tcp.{MX}, for every MX host."},
			{Why: "The record names an issuing authority that has changed its intermediate certificate (usage 2).", Do: "Publish the new intermediate's record, or use one for the server's own key (3 1 1)."},
		},
		action: "Publish a TLSA record at _25._tcp.{MX} that matches the certificate of {MX}.",
		commands: []command{
			{line: "dig +short TLSA _25._tcp.{MX}"},
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256"},
		},
	}
}

func dnssecText() text {
	return text{
		title: "DNS signatures do not validate",
		what:  "The signatures on your DNS records (DNSSEC) could not be validated, so senders that use DANE do not know where to deliver and hold the mail.",
		causes: []Cause{
			{Why: "The signatures have expired.", Do: "Have the zone signed again, and find out why that did not happen by itself."},
			{Why: "The keys were changed, but the DS record at the parent still names the old one.", Do: "Publish the DS record of the current key at your registrar, or remove it until it fits."},
			{Why: "One of the name servers serves an old or unsigned copy of the zone.", Do: "Ask every name server of the zone for its SOA record and signatures."},
		},
		action: "Repair DNSSEC for {DOMAIN} and for the zone of {MX}.",
		commands: []command{
			{line: "delv MX {DOMAIN}"},
			{line: "delv TLSA _25._tcp.{MX}"},
			{line: "dig +dnssec +multiline DNSKEY {DOMAIN}"},
		},
	}
}

func daneRequiredText() text {
	return text{
		title: "A sender insists on DANE",
		what:  "The sender has been told to deliver to you only with DANE, and found no usable TLSA records signed by DNSSEC.",
		causes: []Cause{
			{Why: "You have no TLSA records, and this partner requires them.", Do: "Sign your zone with DNSSEC and publish TLSA records for every MX host, or ask the partner to relax the rule."},
			{Why: "You had them, and they are gone or not signed any more.", Do: "Restore the TLSA records at _25._tcp.{MX} and check DNSSEC."},
		},
		action: "Publish DNSSEC-signed TLSA records at _25._tcp.{MX}, or ask this sender not to require DANE for {DOMAIN}.",
		commands: []command{
			{line: "dig +dnssec TLSA _25._tcp.{MX}"},
			{line: "delv MX {DOMAIN}"},
		},
	}
}

func fetchErrorText() text {
	return text{
		title: "Policy file could not be fetched",
		what:  "The sender could not read your MTA-STS policy from https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt.",
		causes: []Cause{
			{Why: "The web server was down, slow or answered with an error.", Do: "Make sure that the address answers with status 200 within a minute, over IPv4 and IPv6."},
			{Why: "The address redirects, which is not allowed.", Do: "Serve the file at that address itself."},
			{Why: "A firewall or a bot filter turns mail servers away.", Do: "Let everybody fetch that one file, whatever their network or User-Agent."},
			{Why: "If one sender alone reports it, the fault may be on its side.", Do: "Wait a day or two; look again if it lasts."},
		},
		action: "Make https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt answer with status 200 and the policy, without redirect, to everybody.",
		commands: []command{
			{line: "curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"},
			{line: "dig +short TXT _mta-sts.{DOMAIN}"},
		},
	}
}

func policyInvalidText() text {
	return text{
		title: "Policy file has an error",
		what:  "The sender fetched your MTA-STS policy, but could not make sense of it.",
		causes: []Cause{
			{Why: "A line is missing or misspelled.", Do: "Write version: STSv1, mode:, one mx: line for every mail server, and max_age:, each on a line of its own."},
			{Why: "Several servers stand in one mx: line.", Do: "Give each a line of its own."},
			{Why: "The file is served as something else than plain text.", Do: "Serve it with Content-Type: text/plain."},
		},
		action: "Correct the MTA-STS policy at https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.",
		commands: []command{
			{line: "curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"},
			{line: "dig +short TXT _mta-sts.{DOMAIN}"},
		},
	}
}

func webPKIText() text {
	return text{
		title: "Policy web site has a bad certificate",
		what:  "The web server that holds your MTA-STS policy, mta-sts.{DOMAIN}, shows a certificate that senders cannot accept. This is the web server's certificate, not that of the mail server.",
		causes: []Cause{
			{Why: "The certificate has expired.", Do: "Renew it and reload the web server."},
			{Why: "It is not made out to mta-sts.{DOMAIN}.", Do: "Get a certificate that lists mta-sts.{DOMAIN}."},
			{Why: "The intermediate certificate is missing.", Do: "Configure the full chain."},
		},
		action: "Install a valid public certificate for mta-sts.{DOMAIN} on the web server that holds the MTA-STS policy.",
		commands: []command{
			{line: "openssl s_client -connect mta-sts.{DOMAIN}:443 -servername mta-sts.{DOMAIN} </dev/null | openssl x509 -noout -subject -ext subjectAltName -dates"},
			{line: "curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"},
		},
	}
}

// otherText is for what RFC 8460 does not know (R17).
func otherText() text {
	return text{
		title: "Another failure",
		what:  "The sender reports a failure of a kind that this program does not know. It is shown as it came.",
		causes: []Cause{
			{Why: "The kind is new, or the sender's own.", Do: "Look at the reason code and the additional information in the report, or ask the sender."},
		},
		action: "Check the TLS of {MX} and look up the failure in the report.",
		commands: []command{
			{line: "openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null"},
		},
	}
}

// unlistedText is for a mail server that the MTA-STS policy does not list.
func unlistedText() text {
	return text{
		title: "Mail server missing in your MTA-STS policy",
		what:  "Your MX records name a mail server that your MTA-STS policy does not list, so senders that honour the policy do not trust it.",
		causes: []Cause{
			{Why: "A mail server was added or renamed, and the policy was not changed with it.", Do: "List every MX host in an mx: line of its own; *.example.com covers one label only."},
			{Why: "The policy was changed, but its id in DNS was not, so senders go on using the old one.", Do: "Change the id in the TXT record _mta-sts.{DOMAIN} with every change of the policy."},
		},
		action: "Add {MX} as an mx: line to https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.",
		commands: []command{
			{line: "dig +short MX {DOMAIN}"},
			{line: "curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"},
		},
	}
}
