package poller_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/ingest"
	"tlsbrief/internal/report"
	"tlsbrief/internal/testing/imaptest"
)

// answering answers UID FETCH with what edit makes of the response for each message:
// lines, with their ends.
func (b *scriptedBox) answering(edit func(uid int, response string) string) func(*imaptest.Conn, imaptest.Command) bool {
	return func(c *imaptest.Conn, cmd imaptest.Command) bool {
		for _, uid := range b.wantedUIDs(cmd) {
			c.Raw(edit(uid, b.response(uid, cmd.Args, "")))
		}
		c.OK(cmd)
		return true
	}
}

// saying has lines come before the answer to each of the commands.
func (b *scriptedBox) saying(line string, commands ...string) {
	for _, command := range commands {
		b.on(command, func(c *imaptest.Conn, _ imaptest.Command) bool {
			c.Send(line)
			return false
		})
	}
}

// itemsOf splits a response of the scripted box into its items, of which the first is
// the UID.
func itemsOf(response string) (number string, items []string) {
	head, rest, _ := strings.Cut(strings.TrimSuffix(response, ")\r\n"), " FETCH (")
	for rest != "" {
		end := strings.Index(rest, " ")
		value := rest[end+1:]
		switch {
		case strings.HasPrefix(rest, "BODY"):
			end = strings.Index(rest, "{")
			var size int
			if _, err := fmt.Sscanf(rest[end:], "{%d}", &size); err != nil {
				panic(err)
			}
			end = end + strings.Index(rest[end:], "\n") + 1 + size
		case value[0] == '(':
			end += 1 + strings.Index(value, ")") + 1
		case value[0] == '"':
			end += 1 + strings.Index(value[1:], `"`) + 2
		default:
			if n := strings.Index(value, " "); n >= 0 {
				end += 1 + n
			} else {
				end = len(rest)
			}
		}
		items = append(items, rest[:end])
		rest = strings.TrimPrefix(rest[end:], " ")
	}
	return strings.TrimPrefix(head, "* "), items
}

func responseOf(number string, items ...string) string {
	return "* " + number + " FETCH (" + strings.Join(items, " ") + ")\r\n"
}

// Whatever a server sends beside or within its answers that breaks the standard and
// can be mended: all is recorded and marked, at the first poll, and the second one
// goes well.
func TestAnswersThatBreakTheStandardAreRead(t *testing.T) {
	t.Parallel()
	everywhere := []string{"STATUS", "SELECT", "EXAMINE", "UID SEARCH", "UID FETCH", "UID STORE"}
	const gmail = `OIB-Seen-[Gmail]/Trash`
	for _, tt := range []struct {
		name string
		odd  func(*scriptedBox)
	}{
		{"M-A4: the UID comes last", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(_ int, response string) string {
				number, items := itemsOf(response)
				return responseOf(number, append(items[1:], items[0])...)
			}))
		}},
		{"M-A5: news of flags in front", func(b *scriptedBox) {
			b.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				c.Send(`* 3 FETCH (UID 3 FLAGS (\Recent))`, `* 1 FETCH (UID 1 FLAGS ())`, `* 2 FETCH (FLAGS (\Seen))`)
				return false
			})
		}},
		{"M-A5: a line for each item", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(_ int, response string) string {
				number, items := itemsOf(response)
				var lines strings.Builder
				for _, item := range items[1:] {
					lines.WriteString(responseOf(number, items[0], item))
				}
				return lines.String()
			}))
		}},
		{"M-A5: an empty section in front", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(_ int, response string) string {
				number, items := itemsOf(response)
				return responseOf(number, items[0], "BODY[] NIL") + response + responseOf(number, items[0], "BODY[HEADER] NIL")
			}))
		}},
		{"M-B4: a keyword with a bracket, of the folder", func(b *scriptedBox) {
			b.saying(`* FLAGS (\Seen `+gmail+`)`, "SELECT", "EXAMINE")
		}},
		{"M-B4: among those that are kept", func(b *scriptedBox) {
			for _, command := range []string{"SELECT", "EXAMINE"} {
				b.on(command, func(c *imaptest.Conn, cmd imaptest.Command) bool {
					c.Send("* 4 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 5] ok", `* OK [PERMANENTFLAGS (\Seen [css3-page] `+gmail+` \*)] ok`)
					c.OK(cmd)
					return true
				})
			}
		}},
		{"M-B5: of a report", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(_ int, response string) string {
				return strings.Replace(response, "FLAGS (", "FLAGS ("+gmail+" ", 1)
			}))
		}},
		{"M-D1: two blanks", func(b *scriptedBox) { b.saying("*  4 EXISTS\r\n*  0 RECENT\r\n", everywhere...) }},
		{"M-D2: NOOP", func(b *scriptedBox) { b.saying("* NOOP", everywhere...) }},
		{"M-D2: another response", func(b *scriptedBox) { b.saying("* XNEWS {5}\r\nhello of today", everywhere...) }},
		{"M-D3: a code that is none", func(b *scriptedBox) { b.saying(`* OK [Error="x" a] still here`, everywhere...) }},
		{"items that nobody asked for", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(_ int, response string) string {
				return strings.Replace(response, " FLAGS", ` X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\Inbox" "a b") MODSEQ (5) FLAGS`, 1)
			}))
		}},
		{"a line that cannot be read before the right one", func(b *scriptedBox) {
			b.on("UID FETCH", b.answering(func(uid int, response string) string {
				return fmt.Sprintf("* %d FETCH (UID %d FLAGS lost words)\r\n", uid, uid) + response
			}))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), letter(2), newReport(3), loneReport(4))
			tt.odd(box)
			r := newRig(t, box.start(t))
			r.poll(ingest.Totals{Examined: 4, Recorded: 3, Ignored: 1})
			r.want(id(1), id(3), id(4))
			for uid, want := range map[int]string{1: `\Seen`, 2: "", 3: `\Seen`, 4: `\Seen`} {
				if got := box.flagsOf(uid); got != want {
					t.Errorf("flags of %d = %q, want %q", uid, got, want)
				}
			}
			r.poll(ingest.Totals{})
		})
	}
}

// M-D4: a date is no reason to lose a report.
func TestReportWhoseDateIsNoneHasTheDayOfThePoll(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"NIL", `"27-Nov-2026 05:00:00 GMT"`, `"01-Jan-0000 00:00:00 +0000"`, `"x27-Nov-2026 05:00:00 +0000"`, `""`} {
		for _, all := range []bool{true, false} {
			t.Run(fmt.Sprint(date, " all: ", all), func(t *testing.T) {
				t.Parallel()
				box := newScriptedBox(newReport(1), newReport(2), letter(3))
				box.on("UID FETCH", box.answering(func(uid int, response string) string {
					if all || uid == 1 {
						response = strings.Replace(response, `"02-Mar-2026 04:00:00 +0000"`, date, 1)
					}
					return response
				}))
				r := newRig(t, box.start(t))
				before := time.Now().Add(-time.Second)
				r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
				r.want(id(1), id(2))
				err := r.db.EachPolicy(context.Background(), report.Filter{}, func(row *report.PolicyRow) error {
					if today := row.ReceivedAt.After(before); today != (all || row.Report.ReportID == id(1)) {
						t.Errorf("%s received at %v", row.Report.ReportID, row.ReceivedAt)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// M-D5: what cannot be mended fails the poll, which says whose fault it is, and what
// came in answer to what. The cursor stays.
func TestAnswerThatCannotBeMendedIsNamed(t *testing.T) {
	t.Parallel()
	within := func(b *scriptedBox) {
		b.on("UID FETCH", b.answering(func(_ int, response string) string {
			return strings.Replace(response, " FLAGS", " colourless green ideas FLAGS", 1)
		}))
	}
	for _, tt := range []struct {
		name   string
		odd    func(*scriptedBox)
		quotes []string
	}{
		{"words after the star", func(b *scriptedBox) { b.saying("* colourless green ideas", "UID FETCH") },
			[]string{"to UID FETCH came", `"* colourless green ideas"`}},
		{"before the answer to a search", func(b *scriptedBox) { b.saying("* colourless green ideas", "UID SEARCH") },
			[]string{"to UID SEARCH came", `"* colourless green ideas"`}},
		{"in a FETCH of all", within, []string{"to UID FETCH came", "UID 1 colourless green ideas FLAGS"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), newReport(2), letter(3))
			tt.odd(box)
			r := newRig(t, box.start(t))
			r.pollFails(append(tt.quotes, "the server's answer breaks the IMAP standard")...)
			r.want()
			if c := r.folder("INBOX").Poll; c != nil && c.LastUID != 0 {
				t.Errorf("the cursor stands at %d", c.LastUID)
			}
			if all := r.rejected(); len(all) > 0 {
				t.Errorf("rejected: %+v", all)
			}
			for _, command := range []string{"UID FETCH", "UID SEARCH"} {
				box.on(command, nil)
			}
			r.poll(ingest.Totals{Examined: 3, Recorded: 2, Ignored: 1})
		})
	}
}

// P6: a line that cannot be read costs its message, and no other.
func TestALineOfFetchThatCannotBeReadCostsItsMessage(t *testing.T) {
	t.Parallel()
	for _, item := range []string{"RFC822.SIZE 1x", "RFC822.SIZE -1", "lost words"} {
		t.Run(item, func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), letter(2), newReport(3))
			box.on("UID FETCH", box.answering(func(uid int, response string) string {
				if uid == 2 {
					number, items := itemsOf(response)
					response = responseOf(number, append([]string{items[0], item}, items[3:]...)...)
				}
				return response
			}))
			r := newRig(t, box.start(t))
			if _, err := r.p.Poll(t.Context(), ""); err != nil {
				t.Logf("Poll: %v", err)
			}
			r.want(id(1), id(3))
			if all := r.rejected(); len(all) > 0 {
				t.Errorf("rejected: %+v", all)
			}
		})
	}
}

// P7: the order of items, further lines in between, and several FETCH lines for one
// message do not change the result.
func TestTheOrderOfAnAnswerDoesNotMatter(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range 12 {
		source := rand.New(rand.NewPCG(random.Uint64(), 0))
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			box := newScriptedBox(newReport(1), letter(2), loneReport(3), newReport(4), newReport(5), letter(6))
			box.on("UID FETCH", func(c *imaptest.Conn, cmd imaptest.Command) bool {
				var lines []string
				for _, uid := range box.wantedUIDs(cmd) {
					number, items := itemsOf(box.response(uid, cmd.Args, ""))
					rest := items[1:]
					source.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
					for len(rest) > 0 {
						some := 1 + source.IntN(len(rest))
						part := append([]string{items[0]}, rest[:some]...)
						source.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
						lines = append(lines, responseOf(number, part...))
						rest = rest[some:]
					}
				}
				news := []string{
					"* 6 EXISTS\r\n", "*  0 RECENT\r\n", "* OK Still here\r\n", "* NOOP\r\n", "* 2 FETCH (FLAGS (\\Answered))\r\n", "\r\n",
					"* NO [ALERT disk is full\r\n", "* 99 FETCH (UID 99 BODY[] {2}\r\n)()\r\n", "* SEARCH 77\r\n", "* LIST () \"/\" Old Clients\r\n",
				}
				for range source.IntN(8) {
					lines = append(lines, news[source.IntN(len(news))])
				}
				source.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
				c.Raw(strings.Join(lines, ""))
				c.OK(cmd)
				return true
			})
			r := newRig(t, box.start(t))
			result, err := r.p.Poll(t.Context(), "")
			if err != nil {
				t.Fatalf("Poll: %v\n%s", err, r.log)
			}
			if result.Totals.Recorded != 4 || result.Totals.Rejected != 0 {
				t.Errorf("totals = %+v, want 4 recorded", result.Totals)
			}
			r.want(id(1), id(3), id(4), id(5))
		})
	}
}
