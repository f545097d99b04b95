package oauth_test

import (
	"testing"
	"time"

	"tlsbrief/internal/oauth"
	"tlsbrief/internal/testing/idptest"
)

func TestTheDateOfAnAnswerIsTold(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	o := options(s, oauth.ClientCredentials)
	var hosts []string
	var dates []time.Time
	o.Answered = func(host string, date time.Time) { hosts, dates = append(hosts, host), append(dates, date) }
	token(t, oauth.New(o), "")
	if len(hosts) == 0 || hosts[0] != "127.0.0.1" || dates[0].IsZero() {
		t.Errorf("told of %q at %v, want the token server and its Date", hosts, dates)
	}
}
