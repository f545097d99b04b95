package oauth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2"
)

// rotated is a refresh token that a server handed out and that could not be
// written down, and what the file held at the time.
type rotated struct{ from, to string }

// refresh gets a token by the refresh token in the file, and writes down the one
// that comes with it.
func (s *Source) refresh(ctx context.Context, r *request) (*oauth2.Token, error) {
	unlock, err := s.o.Lock(ctx)
	if err != nil {
		return nil, &localError{fmt.Errorf("waiting for the refresh token: %w", err)}
	}
	defer unlock()
	stored, err := readRefreshToken(s.o.RefreshTokenFile)
	if err != nil {
		return nil, &localError{err}
	}
	current := stored
	if s.unsaved.from == stored && s.unsaved.to != "" {
		current = s.unsaved.to // nobody has logged in anew since
	}
	r.secrets.Add(current)
	secret, err := r.clientSecret(ctx)
	if err != nil {
		return nil, err
	}
	s.style.ClientID, s.style.ClientSecret = s.o.ClientID, secret
	s.style.Endpoint = oauth2.Endpoint{TokenURL: s.o.TokenURL, AuthStyle: s.o.style(secret)}
	token, err := r.do(ctx, func(ctx context.Context) (*oauth2.Token, error) {
		return s.style.TokenSource(ctx, &oauth2.Token{RefreshToken: current}).Token()
	})
	if err != nil {
		return nil, err
	}
	s.saveRefreshToken(stored, token.RefreshToken)
	return token, nil
}

// saveRefreshToken writes a refresh token to its file where the file has another. A
// failure is logged only, since the access token that came with it is good.
func (s *Source) saveRefreshToken(stored, next string) {
	if next == "" || next == stored {
		return
	}
	if err := WriteRefreshToken(s.o.RefreshTokenFile, next); err != nil {
		s.unsaved = rotated{stored, next}
		s.o.Log.Error("the token server has replaced the refresh token, and the new one is lost when this process ends", "err", err)
		return
	}
	s.unsaved = rotated{}
}

// readRefreshToken reads a token that stands alone in its file.
func readRefreshToken(path string) (string, error) {
	data, err := readFile("refresh_token_file", path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("refresh_token_file: there is no %s yet; log in once with \"tlsbrief login\"", path)
	}
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("refresh_token_file: %s does not hold one token and nothing else; log in anew with \"tlsbrief login\"", path)
	}
	return token, nil
}

// WriteRefreshToken replaces what is in a refresh token's file, so that at every
// moment it holds the old token or the new one, and nobody else may read it.
func WriteRefreshToken(path, token string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays a link
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tlsbrief-token-") // made with mode 0600
	if err != nil {
		return fmt.Errorf("refresh_token_file: writing %s: %w; let the user that runs tlsbrief write to its folder", path, err)
	}
	_, err = f.WriteString(token + "\n")
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("refresh_token_file: writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
