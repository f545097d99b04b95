package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// resolveWait bounds one look-up of a server's name.
const resolveWait = 20 * time.Second

// resolve looks a server's name up as connecting to it does, by the system's
// resolver, and says whether it has an address. An address needs none.
func (v *verification) resolve(ctx context.Context, what, host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	var answer *net.DNSError
	switch {
	case errors.As(err, &answer) && answer.IsNotFound:
		err = fmt.Errorf("%w: check the spelling of host, and this machine's DNS", err)
	case err != nil:
		err = fmt.Errorf("%w: this machine's DNS does not answer; check its network", err)
	}
	v.line(what+", resolve", host+" is "+strings.Join(addresses, ", "), err)
	return err == nil
}
