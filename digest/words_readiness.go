package digest

import (
	"fmt"

	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// policySentences say how long the MTA-STS policy of a domain has been in its
// mode and clean, and under testing whether it is safe to enforce it.
func policySentences(d *Domain) []string {
	r := d.Readiness
	switch {
	case r == nil:
		return nil
	case r.Mode == tlsrpt.ModeEnforce && r.CleanDays < readyDays:
		return nil // the verdict says it
	case r.Mode == tlsrpt.ModeEnforce:
		return []string{fmt.Sprintf("Your MTA-STS policy is in enforce mode, without a verified failure for %s (since %s): %s.",
			templates.Plural(int64(r.CleanDays), "day"), templates.ShortDay(r.CleanSince.time()), seenWords(r))}
	case r.ready():
		return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. %s It is safe to move it to enforce: %s",
			inModeWords(r), cleanWords(r), enforceAdvice(d.Name))}
	case r.CleanDays == 0:
		return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. It is not safe to move it to enforce yet: the last failure is of %s, and in enforce mode such mail may be held back.",
			inModeWords(r), templates.ShortDay(r.LastFailed.time()))}
	}
	return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. %s That is too little to move it to enforce: %s",
		inModeWords(r), cleanWords(r), missingWords(r))}
}

// readySentence says that a policy can be moved from testing to enforce; nothing
// where it cannot.
func readySentence(r *readiness) string {
	if r == nil || !r.ready() {
		return ""
	}
	return "it has been in testing mode for " + inModeWords(r) + ". " + cleanWords(r)
}

// inModeWords says for how long the policy has been in its mode.
func inModeWords(r *readiness) string {
	return fmt.Sprintf("%s (since %s)", templates.Plural(int64(r.ModeDays), "day"), templates.ShortDay(r.ModeSince.time()))
}

// cleanWords says for how long there was no failure, and what was seen in that time.
func cleanWords(r *readiness) string {
	since := "In that time: "
	if r.LastFailed > 0 {
		since = fmt.Sprintf("In the %s since the last failure (%s): ", templates.Plural(int64(r.CleanDays), "day"), templates.ShortDay(r.LastFailed.time()))
	}
	return since + seenWords(r) + " and no verified failure."
}

// seenWords counts what the clean days saw, as far back as it is counted.
func seenWords(r *readiness) string {
	s := templates.Plural(int64(r.Sessions), "session")
	if r.Senders > 0 {
		s += " from " + templates.Plural(int64(r.Senders), "sender")
	}
	if r.Counted < r.CleanDays {
		s += fmt.Sprintf(" in the last %s alone", templates.Plural(int64(r.Counted), "day"))
	}
	return s
}

// missingWords says what is yet to be seen before a policy can be enforced.
func missingWords(r *readiness) string {
	var out []string
	if r.CleanDays < readyDays {
		out = append(out, fmt.Sprintf("%d days without a failure", readyDays))
	}
	if r.Reported < readyReported && r.CleanDays >= readyDays {
		out = append(out, fmt.Sprintf("%d days with reports", readyReported))
	}
	if r.Sessions < readySessions {
		out = append(out, fmt.Sprintf("%d sessions", readySessions))
	}
	if r.Senders < readySenders {
		out = append(out, "reports from a second sender")
	}
	return "wait for " + listPhrases(out, len(out)) + "."
}

// enforceAdvice says how a policy is moved to enforce.
func enforceAdvice(domain string) string {
	name := hostName(domain, "YOUR-DOMAIN")
	return fmt.Sprintf("write mode: enforce into https://mta-sts.%s/.well-known/mta-sts.txt, then change the id in the TXT record _mta-sts.%s.", name, name)
}

// policyLines say of several domains which of their policies can be enforced, and
// which not yet.
func policyLines(j *judgement, most int) []string {
	var ready, early []string
	for _, d := range j.Domains {
		switch r := d.Readiness; {
		case r == nil || r.Mode != tlsrpt.ModeTesting:
		case r.ready():
			ready = append(ready, fmt.Sprintf("%s (%s, %s)", domainWord(d.Name), templates.Plural(int64(r.CleanDays), "day"), seenWords(r)))
		case r.CleanDays == 0:
			early = append(early, domainWord(d.Name)+" (failures)")
		default:
			early = append(early, fmt.Sprintf("%s (%s, %s)", domainWord(d.Name), templates.Plural(int64(r.CleanDays), "clean day"), seenWords(r)))
		}
	}
	var out []string
	if len(ready) > 0 {
		out = append(out, fmt.Sprintf("Safe to move from testing mode to enforce, since no verified report told of a failure for %d days or more: %s.", readyDays, listPhrases(ready, most)))
	}
	if len(early) > 0 {
		out = append(out, "In testing mode, and not safe to enforce yet: "+listPhrases(early, most)+".")
	}
	return out
}
