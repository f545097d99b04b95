package samples

import "time"

// Forgery returns an unsigned copy of the report by comcast.net in Mailbox about the
// day before today, with the same organization and id, that claims so many failures.
func Forgery(today time.Time, failed int) (Mail, error) {
	today = today.UTC().Truncate(24 * time.Hour)
	s := senders()[2]
	p := comcast(1)[0]
	p.Failed = failed
	return reportMail(s, today.AddDate(0, 0, -1), today.Add(time.Hour), []policy{p}, Unsigned)
}
