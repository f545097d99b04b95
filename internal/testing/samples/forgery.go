package samples

import "time"

// Forgery returns a report that looks like the one in Mailbox that comcast.net
// makes about the day before today, the same organization and id included, but
// claims so many failures. It carries no signature.
func Forgery(today time.Time, failed int) (Mail, error) {
	today = today.UTC().Truncate(24 * time.Hour)
	s := senders()[2]
	p := comcast(1)[0]
	p.Failed = failed
	return reportMail(s, today.AddDate(0, 0, -1), today.Add(time.Hour), []policy{p}, Unsigned)
}
