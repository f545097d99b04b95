package config

import (
	"slices"
	"strings"
)

// mailbox judges one [[mailbox]].
func (c *checker) mailbox(f *fileMailbox, names map[string]place) Mailbox {
	ports := map[string]int{tlsImplicit: 993, tlsSTARTTLS: 143, tlsNone: 143}
	m := Mailbox{Name: c.name(f.Name, "files", "what backfill reads from files", `name = "reports"`, names)}
	s := c.server(&f.fileServer, f.TLS, ports, "imap.example.com")
	m.Host, m.Port, m.TLS, m.CAFile, m.Client = s.host, s.port, s.tls, s.caFile, s.client
	m.Username, m.Password, m.OAuth2 = s.username, s.password, s.oauth2
	c.required(f.Username, `username = "reports@example.com"`)
	first, _ := firstTwo(&f.fileServer)
	if first == nil && !f.Password.set && !f.OAuth2.At.set {
		c.fault(f.PasswordFile.key, "missing; set one of password_file, password_env and password_command, or [mailbox.oauth2]")
	}
	if first == nil && !f.Password.set && f.OAuth2.At.set && f.OAuth2.Grant.value == "" && f.OAuth2.firstSet() == nil {
		c.fault(f.PasswordFile.key, "missing, and [mailbox.oauth2] has no grant; set one of password_file, password_env and password_command, or a grant")
	}
	m.Folders = c.folders(f.Folders)
	m.After = c.oneOf(f.After, "seen", "keyword", "move", "none")
	m.Keyword = c.keyword(f.Keyword)
	m.MoveTo = c.moveTo(f, m.Folders)
	return m
}

// specialUse gives the folder attributes of RFC 6154, section 2, that a
// message can be looked for under.
func specialUse() []string {
	return []string{`\All`, `\Archive`, `\Drafts`, `\Flagged`, `\Junk`, `\Sent`, `\Trash`}
}

// folders judges the folders to read. INBOX and special-use names are the same
// in any case (RFC 9051, section 5.1; RFC 6154, section 6).
func (c *checker) folders(k listKey) []string {
	var folders []string
	for i, name := range k.values {
		at := k.at(i)
		name = c.folder(at, name)
		if slices.Contains(folders, name) {
			c.fault(at, "%s is in the list already; take one of them out", quote(name))
		}
		folders = append(folders, name)
	}
	if len(folders) == 0 && !k.bad {
		c.fault(k.key, `is empty, so nothing would be read; name the folders, as in ["INBOX"]`)
	}
	return folders
}

// folder judges the name of one folder and gives it its usual spelling.
func (c *checker) folder(k key, name string) string {
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		c.fault(k, "%s is not the name of a folder; write it as your mail program shows it", quote(name))
	case strings.EqualFold(name, "INBOX"):
		return "INBOX"
	case name[0] == '\\':
		for _, use := range specialUse() {
			if strings.EqualFold(name, use) {
				return use
			}
		}
		c.fault(k, "%s is not a special-use folder; those are %s", quote(name), strings.Join(specialUse(), ", "))
	}
	return name
}

// keyword judges an IMAP flag keyword: an atom of RFC 9051, section 9.
func (c *checker) keyword(k textKey) string {
	atom := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`(){%*"\]`, r) || r == '}' }
	if k.value == "" || strings.ContainsFunc(k.value, func(r rune) bool { return !atom(r) }) {
		c.fault(k.key, `%s is not an IMAP keyword; use ASCII letters, digits, $, - and _, as in "$TLSRPT"`, quote(k.value))
	}
	return k.value
}

// moveTo judges where reports go. A folder that is read as well would be read,
// marked and moved over and over.
func (c *checker) moveTo(f *fileMailbox, folders []string) string {
	k := f.MoveTo
	if f.After.value != "move" || k.bad {
		return ""
	}
	if k.value == "" {
		c.fault(k.key, `missing; after = "move" needs the folder to move to, as in move_to = "TLS reports"`)
		return ""
	}
	if strings.ContainsAny(k.value, "*%") {
		c.fault(k.key, "%s is a pattern; reports can be moved to one folder only", quote(k.value))
	}
	to := c.folder(k.key, k.value)
	if slices.Contains(folders, to) {
		c.fault(k.key, "%s is one of folders, so every report would be found again; take another folder", quote(to))
	}
	return to
}
