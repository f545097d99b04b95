package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"tlsbrief/internal/config"
	"tlsbrief/internal/oauth"
)

// newLoginCommand returns "tlsbrief login", by which a person authorizes the program.
func newLoginCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "login NAME",
		Short: "Get and store an OAuth2 token for a mailbox",
		Long: `Gets the refresh token of a mailbox whose oauth2.grant is "refresh_token", by
the device authorization grant (RFC 8628): shows an address and a code, and
waits until somebody has opened the one in a browser, entered the other and
logged in. The token goes into refresh_token_file, which nobody else may read.

NAME is that of a mailbox, or smtp for [smtp]. One login does for both where
they have the same refresh_token_file.`,
		Example: "  tlsbrief login reports",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			return a.login(cmd.Context(), c, args[0])
		},
	}
}

func (a *app) login(ctx context.Context, c *config.Config, name string) error {
	options, err := a.loginOptions(c, name)
	if err != nil {
		return err
	}
	if options.DeviceURL == "" {
		return usage("%q has no oauth2.auth_url, where such a login begins. Google has none for mail: get a refresh token in another way, and put it into %s",
			name, options.RefreshTokenFile)
	}
	token, err := oauth.Login(ctx, options, func(p oauth.Prompt) error {
		return a.printf("Open %s\nin any browser, and enter the code %s\n(it holds until %s). Waiting …\n",
			p.Address, p.Code, p.Until.Local().Format(time.TimeOnly))
	})
	if err != nil {
		return err
	}
	unlock, err := options.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := oauth.WriteRefreshToken(options.RefreshTokenFile, token); err != nil {
		return err
	}
	return a.printf("Logged in: the token is in %s.\nTry it with: tlsbrief verify\n", options.RefreshTokenFile)
}
