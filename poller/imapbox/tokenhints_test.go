package imapbox_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

const offersXOAuth2 = "IMAP4rev1 SASL-IR AUTH=XOAUTH2"

// refusingTokens is a server that answers each token with a challenge, unless that is
// empty, and a reply.
func refusingTokens(t *testing.T, challenge, reply string) *imaptest.Server {
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: offersXOAuth2, On: map[string]func(*imaptest.Conn, imaptest.Command){
			"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) {
				if challenge != "" {
					c.Send("+ " + base64.StdEncoding.EncodeToString([]byte(challenge)))
					c.Line()
				}
				c.Send(cmd.Tag + " " + reply)
			},
		}})
	})
}

const googleChallenge = `{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`

// M-G7: what to do depends on whose token it is.
func TestRefusedTokensAreToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	const (
		notConnected = "BAD User is authenticated but not connected."
		microsoft    = "NO AUTHENTICATE failed."
		google       = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)"
	)
	for _, tt := range []struct {
		name, reply string
		grant       netclient.Grant
		says, not   []string
	}{
		{"Microsoft, nothing known", microsoft, 0, []string{"New-ServicePrincipal", "IMAP.AccessAsUser.All"}, nil},
		{"Microsoft, a program", microsoft, netclient.GrantProgram, []string{"New-ServicePrincipal", "IMAP.AccessAsApp", "Add-MailboxPermission"}, []string{"AccessAsUser"}},
		{"Microsoft, a person", microsoft, netclient.GrantPerson, []string{"IMAP.AccessAsUser.All", "FullAccess", "username"}, []string{"ServicePrincipal", "AccessAsApp"}},
		{"not to the box, nothing known", notConnected, 0, []string{"Add-MailboxPermission"}, nil},
		{"not to the box, a program", notConnected, netclient.GrantProgram, []string{"service principal", "Add-MailboxPermission"}, []string{"person"}},
		{"not to the box, a person", notConnected, netclient.GrantPerson, []string{"FullAccess", "username"}, []string{"service principal"}},
		{"Google", google, 0, []string{"subject"}, nil},
		{"Google, a service account", google, netclient.GrantServiceAccount, []string{"subject", "domain-wide delegation"}, nil},
		{"Google, a person", google, netclient.GrantPerson, []string{"gave the refresh token", "https://mail.google.com/"}, []string{"subject"}},
		{"Google, IMAP off", "NO [ALERT] IMAP access is disabled for your domain.", netclient.GrantServiceAccount, []string{"switched off"}, nil},
		{"anybody", "NO nope", 0, []string{"check username, scopes"}, nil},
		{"anybody, a program", "NO nope", netclient.GrantProgram, []string{"the app's right"}, nil},
		{"anybody, a person", "NO nope", netclient.GrantPerson, []string{"the person who logged in"}, []string{"the app's"}},
		{"anybody, a service account", "NO nope", netclient.GrantServiceAccount, []string{"subject"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			o := by(refusingTokens(t, googleChallenge, tt.reply), &asked, "t1", "t2")
			o.Grant = tt.grant
			_, err := imapbox.Open(t.Context(), o)
			if !errors.Is(err, imapbox.ErrAuth) || !errors.Is(err, imapbox.ErrToken) || errors.Is(err, imapbox.ErrPassword) || len(asked) != 2 {
				t.Fatalf("Open: %v after %d tokens; want ErrToken after two", err, len(asked))
			}
			for _, part := range append(tt.says, "status 400") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Open: %v; want %q in it", err, part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(err.Error(), part) {
					t.Errorf("Open: %v; want no %q in it", err, part)
				}
			}
		})
	}
}

// M-G12: a challenge is told once, and in words where it can be read.
func TestAChallengeIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ challenge, once string }{
		"Google's":            {googleChallenge, "https://mail.google.com/"},
		"without a scope":     {`{"status":"invalid_token"}`, "invalid_token"},
		"without a status":    {`{"error":"odd"}`, `odd`},
		"with a number in it": {`{"status":401}`, `401`},
		"not JSON":            {"go away", "go away"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			_, err := imapbox.Open(t.Context(), by(refusingTokens(t, tt.challenge, "NO nope"), &asked, "t1", "t2"))
			if err == nil || strings.Count(err.Error(), tt.once) != 1 || strings.Contains(err.Error(), "challenge") {
				t.Errorf("Open: %v; want %q once", err, tt.once)
			}
		})
	}
}

// M-C4: the mailbox that is opened is that of username, whoever the token is for.
func TestTheTokenIsShownForTheConfiguredUsername(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: offersXOAuth2, On: map[string]func(*imaptest.Conn, imaptest.Command){
			"AUTHENTICATE": func(c *imaptest.Conn, cmd imaptest.Command) { heard <- cmd.Args; c.OK(cmd) },
		}})
	})
	s.Username = "shared@example.test"
	var asked []string
	o := by(s, &asked, "eyJhbGciOiJub25lIn0.eyJ1cG4iOiJwZXJzb25AZXhhbXBsZS50ZXN0In0.x") // upn: person@example.test
	o.Grant = netclient.GrantPerson
	session, err := imapbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	_, encoded, _ := strings.Cut(<-heard, " ")
	if sent, err := base64.StdEncoding.DecodeString(encoded); err != nil || !strings.HasPrefix(string(sent), "user=shared@example.test\x01auth=Bearer eyJ") {
		t.Errorf("sent %q, %v; want user=shared@example.test", sent, err)
	}
}

// M-G4: Exchange lets a stranger to the mailbox log in, and refuses what comes next.
// Where a password was used there is no word of tokens.
func TestNotConnectedIsExplainedAfterTheLogin(t *testing.T) {
	t.Parallel()
	refuse := func(c *imaptest.Conn, cmd imaptest.Command) {
		c.Send(cmd.Tag + " BAD User is authenticated but not connected.")
	}
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2", On: map[string]func(*imaptest.Conn, imaptest.Command){
			"STATUS": refuse, "EXAMINE": refuse, "SELECT": refuse,
		}})
	})
	for grant, name := range map[netclient.Grant]string{0: "a password", netclient.GrantProgram: "a program", netclient.GrantPerson: "a person"} {
		o := optionsFor(s)
		if grant != 0 {
			var asked []string
			o = by(s, &asked, "t1")
			o.Grant = grant
		}
		session, err := imapbox.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for step, call := range map[string]func() error{
			"status":  func() error { _, err := session.Status(t.Context(), "INBOX"); return err },
			"examine": func() error { _, err := session.Examine(t.Context(), "INBOX"); return err },
			"select":  func() error { _, err := session.Select(t.Context(), "INBOX"); return err },
		} {
			err := call()
			if !errors.Is(err, imapbox.ErrMayNotOpen) || errors.Is(err, imapbox.ErrAuth) || imapbox.Temporary(err) {
				t.Errorf("%s, %s: %v; want ErrMayNotOpen", name, step, err)
				continue
			}
			byToken := strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "service principal")
			if byToken != (grant != 0) || grant == 0 && !strings.Contains(err.Error(), "did not open the mailbox") {
				t.Errorf("%s, %s: %v; speaks of tokens: %t", name, step, err, byToken)
			}
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}
}
