package digest

import (
	"fmt"

	"tlsbrief/templates"
)

// waits reports whether nothing came only because a poll has not got to it yet.
func (w words) waits() bool {
	return w.j.Verdict == VerdictSilent && !w.j.Facts.Overrun.IsZero() && w.looksForReports()
}

// overrunSentence says since when a poll has been running that takes too long.
func overrunSentence(j *judgement) string {
	return fmt.Sprintf("A poll has been running since %s, longer than its interval: mail is waiting, and reports may be among it.",
		j.Facts.Overrun.UTC().Format("Monday 2 January 2006 15:04 UTC"))
}

// leadWaiting says that nothing is known because mail has not been read yet.
func leadWaiting(j *judgement) []string {
	unknown := "Until it is read, nothing is known about the mail to your domains."
	if last := j.lastDay(); last > 0 && !j.Facts.ByDays {
		unknown = fmt.Sprintf("Until it is read, nothing is known about any day after %s.", templates.ShortDay(last.time()))
	}
	return []string{overrunSentence(j), unknown}
}

// firstWaiting says what to do about mail that waits.
func firstWaiting() []string {
	return []string{"Wait for the next digest, which brings what the poll reads. Where it says the same again, run the command below, and look at the log for the mailbox that takes so long."}
}
