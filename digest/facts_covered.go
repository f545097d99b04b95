package digest

// coveredDays returns the first and the last day that the digest is about: those
// of the reports that count, or the nominal period where there are none.
func (m *Facts) coveredDays() (first, last day) {
	if m.ByDays {
		return m.First, m.Until - 1
	}
	first, last, found := m.Tally.span()
	if !found {
		return m.First, m.Until - 1
	}
	return first, last
}

// reachable is the last day that reports could be here for: yesterday, or the
// last day asked for.
func (m *Facts) reachable() day {
	if m.ByDays {
		return min(m.Until, dayOf(m.Now)) - 1
	}
	return dayOf(m.Now) - 1
}

// lastRead is the last day that what is recorded is read up to, beside what the
// digest covers: a late report does not make the days after it unknown.
func (m *Facts) lastRead() day {
	_, last := m.coveredDays()
	return max(last, m.reachable())
}

// lastTold is the last day that the digest can tell of: the last covered, or the
// last that reports could be here for.
func (m *Facts) lastTold() day {
	if _, last := m.coveredDays(); m.ByDays {
		return last
	}
	return m.reachable()
}

// pictureDays returns the first and the last of the days in the picture.
func (m *Facts) pictureDays() (first, last day) {
	last = m.reachable()
	if _, covered := m.coveredDays(); !m.ByDays && covered > last {
		last = min(covered, dayOf(m.Now))
	}
	return last - pictureDays + 1, last
}

// pictureDays is how many days the picture shows.
const pictureDays = 14
