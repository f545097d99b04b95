package facts

// CoveredDays returns the first and the last day that the digest is about: those
// of the reports that count, or the nominal period where there are none.
func (m *Facts) CoveredDays() (first, last Day) {
	if m.ByDays {
		return m.First, m.Until - 1
	}
	first, last, found := m.Tally.span()
	if !found {
		return m.First, m.Until - 1
	}
	return first, last
}

// Reachable is the last day that reports could be here for: yesterday, or the
// last day asked for.
func (m *Facts) Reachable() Day {
	if m.ByDays {
		return min(m.Until, DayOf(m.Now)) - 1
	}
	return DayOf(m.Now) - 1
}

// lastRead is the last day that what is recorded is read up to, beside what the
// digest covers: a late report does not make the days after it unknown.
func (m *Facts) lastRead() Day {
	_, last := m.CoveredDays()
	return max(last, m.Reachable())
}

// LastTold is the last day that the digest can tell of: the last covered, or the
// last that reports could be here for.
func (m *Facts) LastTold() Day {
	if _, last := m.CoveredDays(); m.ByDays {
		return last
	}
	return m.Reachable()
}

// PictureDays returns the first and the last of the days in the picture.
func (m *Facts) PictureDays() (first, last Day) {
	last = m.Reachable()
	if _, covered := m.CoveredDays(); !m.ByDays && covered > last {
		last = min(covered, DayOf(m.Now))
	}
	return last - PictureDays + 1, last
}

// PictureDays is how many days the picture shows.
const PictureDays = 14
