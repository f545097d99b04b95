package report

// A LargeSender is a row of the built-in list: who reports to everybody that asks for
// reports, and is believed from the first report on.
type LargeSender struct {
	Domain string // d= of the signature, exactly
	From   string // the From address
	Source string // where both can be seen together
}

// LargeSenders returns the built-in list. A row needs a source that shows d= and From
// of a report, as it was sent, or as the sender documents it. Senders whose mail
// nobody has shown so are not on it: [reports] known_reporters takes them.
func LargeSenders() []LargeSender {
	return []LargeSender{
		{
			"google.com", "noreply-smtp-tls-reporting@google.com",
			"report of 15 September 2022 on test.xmox.nl, unaltered: github.com/mjl-/mox, testdata/tlsreports/example.eml",
		},
		{
			"microsoft.com", "tlsrpt-noreply@microsoft.com",
			"report of 13 May 2026, recipient replaced: github.com/isseis/tlsrpt-digest, testdata/tlsrpt_success_microsoft.eml",
		},
	}
}
