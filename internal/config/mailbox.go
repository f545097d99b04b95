package config

import (
	"slices"
	"strings"

	"tlsbrief/internal/netclient"
)

// A Mailbox is one IMAP account.
type Mailbox struct {
	Name string `toml:"name"` // unique; never "files"
	Server
	Folders []string          `toml:"folders" default:"INBOX,\\Junk" rule:"folders"` // at least one; special-use folders as in `\Junk` (RFC 6154)
	After   string            `toml:"after" default:"seen" rule:"seen|keyword|move|none"`
	Keyword string            `toml:"keyword" default:"$TLSRPT" rule:"keyword"` // an IMAP flag keyword
	MoveTo  string            `toml:"move_to"`                                  // set where After is "move"
	TLS     netclient.TLSMode `toml:"tls" default:"implicit" rule:"implicit|starttls|none"`
}

// mailbox judges one [[mailbox]].
func (c *checker) mailbox(m *Mailbox, names map[string]place) {
	c.name(c.key(&m.Name), "files", "what backfill reads from files", `name = "reports"`, names)
	c.rules(m)
	c.server(&m.Server, c.key(&m.TLS), map[netclient.TLSMode]int{netclient.TLSImplicit: 993, netclient.TLSStartTLS: 143, netclient.TLSNone: 143}, "imap.example.com")
	c.required(c.key(&m.Username), `username = "reports@example.com"`)
	first, _ := c.firstTwo(&m.Password)
	switch file, oauth2 := c.key(&m.Password.File), c.key(&m.OAuth2); {
	case first != nil || c.key(&m.Password).set:
	case !oauth2.set:
		c.fault(file, "missing; set one of password_file, password_env and password_command, or [mailbox.oauth2]")
	case c.key(&m.OAuth2.Grant).text == "" && c.firstSet(&m.OAuth2) == nil:
		c.fault(file, "missing, and [mailbox.oauth2] has no grant; set one of password_file, password_env and password_command, or a grant")
	}
	m.MoveTo = c.moveTo(m)
}

// specialUse returns the folder attributes of RFC 6154, section 2, that a
// message can be looked for under.
func specialUse() []string {
	return []string{`\All`, `\Archive`, `\Drafts`, `\Flagged`, `\Junk`, `\Sent`, `\Trash`}
}

// folders judges the folders to read. INBOX and special-use names are the same
// in any case (RFC 9051, section 5.1; RFC 6154, section 6).
func (c *checker) folders(k key) []string {
	var folders []string
	for i := range k.items {
		at := k.at(i)
		name := c.folder(at, at.text)
		if slices.Contains(folders, name) {
			c.fault(at, "%s is in the list already; take one of them out", quote(name))
		}
		folders = append(folders, name)
	}
	if len(folders) == 0 && !k.bad {
		c.fault(k, `is empty, so nothing would be read; name the folders, as in ["INBOX"]`)
	}
	return folders
}

// folder judges the name of one folder and returns its usual spelling.
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
func (c *checker) keyword(k key) string {
	atom := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`(){%*"\]`, r) || r == '}' }
	if k.text == "" || strings.ContainsFunc(k.text, func(r rune) bool { return !atom(r) }) {
		c.fault(k, `%s is not an IMAP keyword; use ASCII letters, digits, $, - and _, as in "$TLSRPT"`, quote(k.text))
	}
	return k.text
}

// moveTo judges where reports go. A folder that is read as well would be read,
// marked and moved over and over.
func (c *checker) moveTo(m *Mailbox) string {
	k := c.key(&m.MoveTo)
	if m.After != "move" || k.bad {
		return ""
	}
	if k.text == "" {
		c.fault(k, `missing; after = "move" needs the folder to move to, as in move_to = "TLS reports"`)
		return ""
	}
	if strings.ContainsAny(k.text, "*%") {
		c.fault(k, "%s is a pattern; reports can be moved to one folder only", quote(k.text))
	}
	to := c.folder(k, k.text)
	if slices.Contains(m.Folders, to) {
		c.fault(k, "%s is one of folders, so every report would be found again; take another folder", quote(to))
	}
	return to
}
