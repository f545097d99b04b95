// Package idptest gives a test an OAuth 2.0 token server that speaks the grants
// of package oauth, rotates refresh tokens, and refuses what a real one refuses:
// a wrong secret, a signature by another key, a refresh token used twice.
package idptest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// The accounts of the server.
const (
	ClientID     = "app-1"
	ClientSecret = "s3cret/with+signs=" // must survive being URL-encoded
	User         = "reports@example.test"
)

// Options change how a server behaves.
type Options struct {
	// Mint makes the n-th access token for a user. By default "access-n".
	Mint func(user string, n int) string
	// ExpiresIn is the lifetime that the server states for a token. 0: an hour;
	// below 0 it states none.
	ExpiresIn time.Duration
	// Keep leaves refresh tokens as they are. By default each is valid once, and
	// the answer contains the next one.
	Keep bool
	// HeaderOnly takes the client secret in the header alone, RFC 6749, section
	// 2.3.1.
	HeaderOnly bool
	// NoRefresh hands out no refresh token at the end of a device grant.
	NoRefresh bool
	// TLS serves https, with the certificate of Server.HTTP.
	TLS bool
	// OtherKeys gives clients keys that are not those of the other servers.
	OtherKeys bool
}

// A Server is a token server.
type Server struct {
	HTTP *httptest.Server
	o    Options
	keys keys

	mu       sync.Mutex
	minted   int
	refresh  string // the only valid one
	used     []string
	approved bool
	answers  []answer
	asked    []url.Values
}

type answer struct {
	status int
	body   string
}

// New starts a server that ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Mint == nil {
		o.Mint = func(_ string, n int) string { return fmt.Sprintf("access-%d", n) }
	}
	if o.ExpiresIn == 0 {
		o.ExpiresIn = time.Hour
	}
	s := &Server{o: o, refresh: "refresh-0", keys: newKeys(t, o.OtherKeys)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /device", s.device)
	s.HTTP = httptest.NewUnstartedServer(mux)
	if o.TLS {
		s.HTTP.StartTLS()
	} else {
		s.HTTP.Start()
	}
	t.Cleanup(s.HTTP.Close)
	return s
}

// TokenURL returns the token endpoint.
func (s *Server) TokenURL() string { return s.HTTP.URL + "/token" }

// DeviceURL returns the device authorization endpoint.
func (s *Server) DeviceURL() string { return s.HTTP.URL + "/device" }

// Refresh returns the refresh token that is valid now.
func (s *Server) Refresh() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh
}

// Approve lets the person of a device grant log in.
func (s *Server) Approve() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.approved = true
}

// Answer makes the server give this answer to the next request.
func (s *Server) Answer(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answer{status, body})
}

// Asked returns the forms of all requests.
func (s *Server) Asked() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// note records a request and reports whether Answer has set an answer for it.
func (s *Server) note(w http.ResponseWriter, r *http.Request) bool {
	_ = r.ParseForm() // an empty form is refused
	s.asked = append(s.asked, r.PostForm)
	if len(s.answers) == 0 {
		return false
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	w.Header().Set("Content-Type", "application/json")
	if next.status/100 == 3 {
		w.Header().Set("Location", next.body)
	}
	w.WriteHeader(next.status)
	_, _ = fmt.Fprint(w, next.body)
	return true
}

func say(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code, description string) {
	say(w, http.StatusBadRequest, map[string]any{"error": code, "error_description": description})
}

func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.note(w, r) {
		return
	}
	if r.PostForm.Get("client_id") != ClientID {
		refuse(w, "invalid_client", "no such client")
		return
	}
	say(w, http.StatusOK, map[string]any{
		"device_code": "device-code-1", "user_code": "ABCD-EFGH", "verification_uri": s.HTTP.URL + "/devicelogin",
		"expires_in": 900, "interval": 1,
	})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.note(w, r) {
		return
	}
	user, code, description := User, "", ""
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "client_credentials":
		code, description = s.client(r)
	case "refresh_token":
		code, description = s.refreshes(r)
	case "urn:ietf:params:oauth:grant-type:device_code":
		code, description = s.entered(r)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		user, code, description = s.keys.person(r.PostForm.Get("assertion"), s.TokenURL())
	default:
		code, description = "unsupported_grant_type", grant
	}
	if code != "" {
		refuse(w, code, description)
		return
	}
	s.minted++
	body := map[string]any{"access_token": s.o.Mint(user, s.minted), "token_type": "Bearer"}
	if s.o.ExpiresIn > 0 {
		body["expires_in"] = int(s.o.ExpiresIn.Seconds())
	}
	switch grant := r.PostForm.Get("grant_type"); {
	case grant == "refresh_token" && !s.o.Keep, grant == "urn:ietf:params:oauth:grant-type:device_code" && !s.o.NoRefresh:
		s.used = append(s.used, s.refresh)
		s.refresh = fmt.Sprintf("refresh-%d", len(s.used))
		body["refresh_token"] = s.refresh
	}
	say(w, http.StatusOK, body)
}

// client judges the client: by a secret or by a signed assertion.
func (s *Server) client(r *http.Request) (code, description string) {
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		return s.keys.client(assertion, s.TokenURL())
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if name, password, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(name)
		secret, _ = url.QueryUnescape(password)
	} else if s.o.HeaderOnly {
		return "invalid_client", "the secret belongs into the header"
	}
	if id != ClientID || secret != ClientSecret {
		return "invalid_client", "AADSTS7000215: Invalid client secret provided: '" + secret + "'. Trace ID: 1-2-3 Timestamp: now"
	}
	return "", ""
}

func (s *Server) refreshes(r *http.Request) (code, description string) {
	switch given := r.PostForm.Get("refresh_token"); {
	case slices.Contains(s.used, given):
		return "invalid_grant", "the refresh token " + given + " was used before"
	case given != s.refresh:
		return "invalid_grant", "AADSTS50173: The provided grant has expired due to it being revoked: " + given
	}
	return "", ""
}

func (s *Server) entered(r *http.Request) (code, description string) {
	switch {
	case r.PostForm.Get("device_code") != "device-code-1":
		return "invalid_grant", "no such code"
	case !s.approved:
		return "authorization_pending", "not yet"
	}
	return "", ""
}
