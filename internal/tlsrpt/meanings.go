package tlsrpt

// What each result type means, for people. The functions below are texts.

func meaningOfSTARTTLS() ResultMeaning {
	return ResultMeaning{
		Title: "No encryption offered",
		What:  "The mail server did not offer to encrypt the connection (STARTTLS), so the sender could not protect the mail on its way.",
		Causes: []Cause{
			{Why: "One of several mail servers, often the backup, has no TLS set up.", Do: "Enable STARTTLS on port 25 of every mail server that your MX records name."},
			{Why: "A firewall or a mail filter in front of the server removes the offer (\"SMTP inspection\", \"SMTP fixup\").", Do: "Switch off SMTP inspection for port 25, or let it pass STARTTLS."},
			{Why: "The certificate or its key could not be loaded, and the server goes on without TLS.", Do: "Look for TLS errors in the mail server's log and reload it."},
			{Why: "If one sender alone sees it, somebody between you may be stripping the offer.", Do: "Compare the sending network with those that succeed before changing anything."},
		},
		Action:   "Make {MX} offer STARTTLS on port 25 to everybody.",
		Owner:    "whoever runs {MX}",
		Commands: []string{"openssl s_client -connect {MX}:25 -starttls smtp </dev/null", "dig +short MX {DOMAIN}"},
	}
}

func meaningOfHostMismatch() ResultMeaning {
	return ResultMeaning{
		Title: "Wrong name in the certificate",
		What:  "The certificate that the mail server shows is made out to another name than the one in your MX record, so senders cannot be sure that they talk to the right server.",
		Causes: []Cause{
			{Why: "The certificate does not list the server's MX name.", Do: "Get a certificate that lists {MX} among its names (subjectAltName)."},
			{Why: "The MX record points to a name that the certificate never had, such as an alias.", Do: "Let the MX record name the server as the certificate does, and the mx: lines of an MTA-STS policy likewise."},
			{Why: "A wildcard is expected to cover more than it does: *.example.com covers mx.example.com, not mx.eu.example.com.", Do: "Get a certificate with the full name."},
			{Why: "Of several nodes or addresses behind the name one shows another certificate.", Do: "Check every address that {MX} resolves to, IPv6 too."},
		},
		Action: "Install a certificate on {MX} that is made out to the server's own name.",
		Owner:  "whoever runs {MX}",
		Commands: []string{
			"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -subject -ext subjectAltName",
			"dig +short MX {DOMAIN}",
		},
	}
}

func meaningOfExpired() ResultMeaning {
	return ResultMeaning{
		Title: "Expired certificate",
		What:  "The certificate that the mail server shows has run out, so senders that check it refuse the connection.",
		Causes: []Cause{
			{Why: "Automatic renewal worked, but the mail server was not reloaded and still shows the old certificate.", Do: "Reload the mail server, and make the renewal do so every time."},
			{Why: "Only one node or address behind the name was renewed.", Do: "Check every address that {MX} resolves to, IPv6 too."},
			{Why: "Renewal failed.", Do: "Look into the log of whatever renews the certificate, and renew it by hand."},
		},
		Action:   "See with the command below whether the certificate on {MX} was renewed: if it was, reload the mail server; if not, renew it and reload.",
		Owner:    "whoever runs {MX}",
		Commands: []string{"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -dates"},
	}
}

func meaningOfNotTrusted() ResultMeaning {
	return ResultMeaning{
		Title: "Untrusted certificate",
		What:  "The certificate that the mail server shows was not issued by an authority that senders trust, or the chain that proves it is incomplete.",
		Causes: []Cause{
			{Why: "The server sends its own certificate without the intermediate one.", Do: "Configure the full chain (\"fullchain.pem\"), server certificate first."},
			{Why: "The certificate is self-signed or comes from a private authority.", Do: "Use a certificate of a public authority."},
			{Why: "The root has been distrusted or has expired.", Do: "Get a certificate from another authority, or one with a current chain."},
		},
		Action:   "Install a certificate of a public authority on {MX}, with its full chain.",
		Owner:    "whoever runs {MX}",
		Commands: []string{"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} -showcerts -verify_return_error </dev/null"},
	}
}

func meaningOfValidation() ResultMeaning {
	return ResultMeaning{
		Title: "The secure connection failed",
		What:  "The connection could not be secured, for a reason that has no name of its own. The reason code, where there is one, says more.",
		Causes: []Cause{
			{Why: "The mail server is not listed in your MTA-STS policy (Microsoft calls this MX_HOSTS_MISMATCH).", Do: "Add it as an mx: line to https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.", Under: STS},
			{Why: "Server and sender have no TLS version or cipher in common, or the handshake breaks off.", Do: "Allow TLS 1.2 and 1.3 with the usual ciphers, and look for handshake errors in the mail server's log."},
			{Why: "A proxy, a filter or an overloaded server cuts the connection.", Do: "Look at the log of that time, and at what stands before the server."},
			{Why: "If it is one sender and a few sessions, the network in between may have been at fault.", Do: "Wait and see whether it comes back."},
		},
		Action: "Find out why secure connections to {MX} fail, starting from the reason code and the sending addresses in the report.",
		Owner:  "whoever runs {MX}",
		Commands: []string{
			"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null",
			"curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt",
			"dig +short MX {DOMAIN}",
		},
	}
}

func meaningOfTLSA() ResultMeaning {
	return ResultMeaning{
		Title: "Certificate does not match DNS",
		What:  "The fingerprints in your DNS (TLSA records) are not those of the certificate that the mail server shows, so senders that use DANE refuse to deliver.",
		Causes: []Cause{
			{Why: "The certificate got a new key, but the TLSA record was not changed.", Do: "Publish the new TLSA record beside the old one, wait until its TTL has passed, then switch the certificate; keep the key on renewals."},
			{Why: "The record stands at the wrong name or port.", Do: "Publish it at _25._tcp.{MX}, for every MX host."},
			{Why: "The record names an issuing authority that has changed its intermediate certificate (usage 2).", Do: "Publish the new intermediate's record, or use one for the server's own key (3 1 1)."},
		},
		Action: "Publish a TLSA record at _25._tcp.{MX} that matches the certificate of {MX}.",
		Owner:  "whoever runs your DNS",
		Commands: []string{
			"dig +short TLSA _25._tcp.{MX}",
			"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256",
		},
	}
}

func meaningOfDNSSEC() ResultMeaning {
	return ResultMeaning{
		Title: "DNS signatures do not validate",
		What:  "The signatures on your DNS records (DNSSEC) could not be validated, so senders that use DANE do not know where to deliver and hold the mail.",
		Causes: []Cause{
			{Why: "The signatures have expired.", Do: "Have the zone signed again, and find out why that did not happen by itself."},
			{Why: "The keys were changed, but the DS record at the parent still names the old one.", Do: "Publish the DS record of the current key at your registrar, or remove it until it fits."},
			{Why: "One of the name servers serves an old or unsigned copy of the zone.", Do: "Ask every name server of the zone for its SOA record and signatures."},
		},
		Action: "Repair DNSSEC for {DOMAIN} and for the zone of {MX}.",
		Owner:  "whoever runs your DNS",
		Commands: []string{
			"delv MX {DOMAIN}",
			"delv TLSA _25._tcp.{MX}",
			"dig +dnssec +multiline DNSKEY {DOMAIN}",
		},
	}
}

func meaningOfDANERequired() ResultMeaning {
	return ResultMeaning{
		Title: "A sender insists on DANE",
		What:  "The sender has been told to deliver to you only with DANE, and found no usable TLSA records signed by DNSSEC.",
		Causes: []Cause{
			{Why: "You have no TLSA records, and this partner requires them.", Do: "Sign your zone with DNSSEC and publish TLSA records for every MX host, or ask the partner to relax the rule."},
			{Why: "You had them, and they are gone or not signed any more.", Do: "Restore the TLSA records at _25._tcp.{MX} and check DNSSEC."},
		},
		Action:   "Publish DNSSEC-signed TLSA records at _25._tcp.{MX}, or ask this sender not to require DANE for {DOMAIN}.",
		Owner:    "whoever runs your DNS",
		Commands: []string{"dig +dnssec TLSA _25._tcp.{MX}", "delv MX {DOMAIN}"},
	}
}

func meaningOfFetchError() ResultMeaning {
	return ResultMeaning{
		Title: "Policy file could not be fetched",
		What:  "The sender could not read your MTA-STS policy from https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt.",
		Causes: []Cause{
			{Why: "The web server was down, slow or answered with an error.", Do: "Make sure that the address answers with status 200 within a minute, over IPv4 and IPv6."},
			{Why: "The address redirects, which is not allowed.", Do: "Serve the file at that address itself."},
			{Why: "A firewall or a bot filter turns mail servers away.", Do: "Let everybody fetch that one file, whatever their network or User-Agent."},
			{Why: "If one sender alone reports it, the fault may be on its side.", Do: "Wait a day or two; look again if it lasts."},
		},
		Action: "Make https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt answer with status 200 and the policy, without redirect, to everybody.",
		Owner:  "whoever runs the web site mta-sts.{DOMAIN}",
		Commands: []string{
			"curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt",
			"dig +short TXT _mta-sts.{DOMAIN}",
		},
	}
}

func meaningOfPolicyInvalid() ResultMeaning {
	return ResultMeaning{
		Title: "Policy file has an error",
		What:  "The sender fetched your MTA-STS policy, but could not make sense of it.",
		Causes: []Cause{
			{Why: "A line is missing or misspelled.", Do: "Write version: STSv1, mode:, one mx: line for every mail server, and max_age:, each on a line of its own."},
			{Why: "Several servers stand in one mx: line.", Do: "Give each a line of its own."},
			{Why: "The file is served as something else than plain text.", Do: "Serve it with Content-Type: text/plain."},
		},
		Action: "Correct the MTA-STS policy at https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.{DOMAIN}.",
		Owner:  "whoever runs the web site mta-sts.{DOMAIN}",
		Commands: []string{
			"curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt",
			"dig +short TXT _mta-sts.{DOMAIN}",
		},
	}
}

func meaningOfWebPKI() ResultMeaning {
	return ResultMeaning{
		Title: "Policy web site has a bad certificate",
		What:  "The web server that holds your MTA-STS policy, mta-sts.{DOMAIN}, shows a certificate that senders cannot accept. This is the web server's certificate, not that of the mail server.",
		Causes: []Cause{
			{Why: "The certificate has expired.", Do: "Renew it and reload the web server."},
			{Why: "It is not made out to mta-sts.{DOMAIN}.", Do: "Get a certificate that lists mta-sts.{DOMAIN}."},
			{Why: "The intermediate certificate is missing.", Do: "Configure the full chain."},
		},
		Action: "Install a valid public certificate for mta-sts.{DOMAIN} on the web server that holds the MTA-STS policy.",
		Owner:  "whoever runs the web site mta-sts.{DOMAIN}",
		Commands: []string{
			"openssl s_client -connect mta-sts.{DOMAIN}:443 -servername mta-sts.{DOMAIN} </dev/null | openssl x509 -noout -subject -ext subjectAltName -dates",
			"curl -sS -i --max-time 60 https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt",
		},
	}
}

func meaningOfOther() ResultMeaning {
	return ResultMeaning{
		Title: "Another failure",
		What:  "The sender reports a failure of a kind that this program does not know. It is shown as it came.",
		Causes: []Cause{
			{Why: "The kind is new, or the sender's own.", Do: "Look at the reason code and the additional information in the report, or ask the sender."},
		},
		Action:   "Check the TLS of {MX} and look up the failure in the report.",
		Owner:    "whoever runs {MX}",
		Commands: []string{"openssl s_client -connect {MX}:25 -starttls smtp -servername {MX} </dev/null"},
	}
}
