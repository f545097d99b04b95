package main

import (
	"context"
	"fmt"
	"strings"

	"tlsbrief/internal/config"
	"tlsbrief/poller"
)

// mailbox prints a line for each step of what a poll of a mailbox needs.
func (v *verification) mailbox(ctx context.Context, p *poller.Poller, m config.Mailbox, clock *clockCheck) {
	of := fmt.Sprintf("mailbox %q", m.Name)
	if !v.resolve(ctx, of, m.Host) {
		return
	}
	for _, s := range p.Verify(ctx, m.Name) {
		clock.mail(s.Newest)
		v.step(of, s.Name, s.Detail, reason(s.Name, s.Err))
	}
}

// maxMailboxesShown is how many mailboxes are told of step by step. Of more, those
// that do not work are, and the others are counted.
const maxMailboxesShown = 10

// manyMailboxes prints how many mailboxes do not work, and then what is wrong with
// them.
func (v *verification) manyMailboxes(ctx context.Context, c *config.Config, p *poller.Poller, clock *clockCheck) {
	var broken int
	var lines strings.Builder
	for _, m := range c.Mailboxes {
		var out strings.Builder
		of := &verification{printer: printer{a: &app{stdout: &out}}}
		of.mailbox(ctx, p, m, clock)
		if of.failed {
			broken++
			lines.WriteString(out.String())
		}
	}
	if broken == 0 {
		v.line("mailboxes", fmt.Sprintf("all %d work", len(c.Mailboxes)), nil)
		return
	}
	v.line("mailboxes", "", fmt.Errorf("%d of %d do not work", broken, len(c.Mailboxes)))
	v.printf("%s", lines.String())
}
