package worlds

// fill delivers mails, with gaps in between.
func (p *player) fill(folder int, mails []mail) {
	var gaps []uint32
	for _, m := range mails {
		for range m.gap {
			gaps = append(gaps, p.s.Put(p.t, folderNames()[folder], nil, arrivalDay(), []byte("Subject: gone\r\n\r\n")))
		}
		p.deliver(folder, m)
	}
	if len(gaps) > 0 {
		p.s.Expunge(p.t, folderNames()[folder], gaps...)
	}
}

func (p *player) deliver(folder int, m mail) {
	data := m.write(p.t, len(p.messages))
	var flags []string
	if m.seen {
		flags = append(flags, `\Seen`)
	}
	if m.flag != "" {
		flags = append(flags, m.flag)
	}
	uid := p.s.Put(p.t, folderNames()[folder], flags, arrivalDay(), data)
	p.arrived(m, folder, uid, int64(len(data)))
}

// act has somebody do something.
func (p *player) act(a act) {
	folder := a.folder % len(p.w.folders)
	name := folderNames()[folder]
	if a.deed == deliver {
		p.fill(folder, []mail{a.mail})
		return
	}
	there := p.in(folder)
	if len(there) == 0 {
		return
	}
	m := there[a.which%len(there)]
	switch a.deed {
	case read:
		if p.s.AddFlag(p.t, name, m.uid, `\Seen`) {
			m.touched = m.touched || !m.flags[`\seen`]
			m.flags[`\seen`] = true
		}
	case unread:
		if m.fate == recorded && m.looked > never {
			return // it would take our own mark away
		}
		if p.s.RemoveFlag(p.t, name, m.uid, `\Seen`) {
			m.touched = m.touched || m.flags[`\seen`]
			delete(m.flags, `\seen`)
		}
	case flagged:
		if p.s.AddFlag(p.t, name, m.uid, `\Flagged`) {
			m.flags[`\flagged`] = true
		}
	case expunge:
		if p.s.Remove(p.t, name, m.uid) {
			m.expunged()
		}
	}
}
