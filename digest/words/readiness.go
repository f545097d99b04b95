package words

import (
	"fmt"

	"tlsbrief/digest/judge"
	"tlsbrief/internal/tlsrpt"
	"tlsbrief/templates"
)

// policySentences say how long the MTA-STS policy of a domain has been in its
// mode and clean, and under testing whether it is safe to enforce it.
func policySentences(d *judge.Domain) []string {
	r := d.Readiness
	switch {
	case r == nil:
		return nil
	case r.Mode == tlsrpt.ModeEnforce && r.CleanDays < judge.ReadyDays:
		return nil // the verdict says it
	case r.Mode == tlsrpt.ModeEnforce:
		return []string{fmt.Sprintf("Your MTA-STS policy is in enforce mode, without a verified failure for %s (since %s): %s.",
			templates.Plural(int64(r.CleanDays), "day"), templates.ShortDay(r.CleanSince.Time()), seenWords(r))}
	case r.Ready():
		return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. %s It is safe to move it to enforce: %s",
			inModeWords(r), cleanWords(r), enforceAdvice(d.Name))}
	case r.CleanDays == 0:
		return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. It is not safe to move it to enforce yet: the last failure is of %s, and in enforce mode such mail may be held back.",
			inModeWords(r), templates.ShortDay(r.LastFailed.Time()))}
	}
	return []string{fmt.Sprintf("Your MTA-STS policy has been in testing mode for %s. %s That is too little to move it to enforce: %s",
		inModeWords(r), cleanWords(r), missingWords(r))}
}

// ReadySentence says that a policy can be moved from testing to enforce; nothing
// where it cannot.
func ReadySentence(r *judge.Readiness) string {
	if r == nil || !r.Ready() {
		return ""
	}
	return "it has been in testing mode for " + inModeWords(r) + ". " + cleanWords(r)
}

// inModeWords says for how long the policy has been in its mode.
func inModeWords(r *judge.Readiness) string {
	return fmt.Sprintf("%s (since %s)", templates.Plural(int64(r.ModeDays), "day"), templates.ShortDay(r.ModeSince.Time()))
}

// cleanWords says for how long there was no failure, and what was seen in that time.
func cleanWords(r *judge.Readiness) string {
	since := "In that time: "
	if r.LastFailed > 0 {
		since = fmt.Sprintf("In the %s since the last failure (%s): ", templates.Plural(int64(r.CleanDays), "day"), templates.ShortDay(r.LastFailed.Time()))
	}
	return since + seenWords(r) + " and no verified failure."
}

// seenWords counts what the clean days saw, as far back as it is counted.
func seenWords(r *judge.Readiness) string {
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
func missingWords(r *judge.Readiness) string {
	var out []string
	if r.CleanDays < judge.ReadyDays {
		out = append(out, fmt.Sprintf("%d days without a failure", judge.ReadyDays))
	}
	if r.Reported < judge.ReadyReported && r.CleanDays >= judge.ReadyDays {
		out = append(out, fmt.Sprintf("%d days with reports", judge.ReadyReported))
	}
	if r.Sessions < judge.ReadySessions {
		out = append(out, fmt.Sprintf("%d sessions", judge.ReadySessions))
	}
	if r.Senders < judge.ReadySenders {
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
func policyLines(j *judge.Judgement, most int) []string {
	var ready, early []string
	for _, d := range j.Domains {
		switch r := d.Readiness; {
		case r == nil || r.Mode != tlsrpt.ModeTesting:
		case r.Ready():
			ready = append(ready, fmt.Sprintf("%s (%s, %s)", domainWord(d.Name), templates.Plural(int64(r.CleanDays), "day"), seenWords(r)))
		case r.CleanDays == 0:
			early = append(early, domainWord(d.Name)+" (failures)")
		default:
			early = append(early, fmt.Sprintf("%s (%s, %s)", domainWord(d.Name), templates.Plural(int64(r.CleanDays), "clean day"), seenWords(r)))
		}
	}
	var out []string
	if len(ready) > 0 {
		out = append(out, fmt.Sprintf("Safe to move from testing mode to enforce, since no verified report told of a failure for %d days or more: %s.", judge.ReadyDays, listPhrases(ready, most)))
	}
	if len(early) > 0 {
		out = append(out, "In testing mode, and not safe to enforce yet: "+listPhrases(early, most)+".")
	}
	return out
}
