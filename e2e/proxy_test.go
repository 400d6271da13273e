package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// behind is a console at https://c.example that trusts a proxy on 127.0.0.1, with a clock of the test's.
func behind(t *testing.T) (*harness.Console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(time.Now())
	c := harness.Ready(t, func(s *cli.Serve) {
		s.BaseURL, s.Now = "https://c.example", clock.Now
		if err := s.TrustedProxies.UnmarshalText([]byte("127.0.0.1")); err != nil {
			t.Fatal(err)
		}
	})
	return c, clock
}

// proxied is a console behind a proxy of this kind, which ends TLS; the last of several is the one that browsers reach.
func proxied(t *testing.T, kinds ...fake.ProxyKind) (*harness.Console, *fake.Proxy) {
	t.Helper()
	c, _ := behind(t)
	return c, before(t, c, kinds...)
}

// before puts proxies before a console.
func before(t *testing.T, c *harness.Console, kinds ...fake.ProxyKind) (outermost *fake.Proxy) {
	t.Helper()
	to := c.Config.Listener.Addr().String()
	for i, kind := range kinds {
		outermost = fake.NewProxy(t, fake.ProxyOptions{Kind: kind, To: to, Name: "console:8080", TLS: i == len(kinds)-1})
		to = outermost.Address
	}
	c.Transport = outermost.Client("127.0.0.7")
	return outermost
}

// toldBy is a browser of the console behind a proxy that says this of each request; a value of "" leaves a header out.
func toldBy(c *harness.Console, headers ...string) *harness.Browser {
	b := c.Browser()
	b.HTTP.Transport = proxy{to: c.Config.Listener.Addr().String()}
	for i := 0; i+1 < len(headers); i += 2 {
		b.Header.Set(headers[i], headers[i+1])
	}
	return b
}

func TestFC166_WhatProxiesSayOfTheScheme(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][]fake.ProxyKind{
		"nginx":                  {fake.Nginx},
		"Application Gateway":    {fake.ApplicationGateway},
		"ALB":                    {fake.ALB},
		"HAProxy":                {fake.HAProxy},
		"HAProxy behind ALB":     {fake.HAProxy, fake.ALB},
		"two HAProxys":           {fake.HAProxy, fake.HAProxy},
		"HAProxy behind Gateway": {fake.HAProxy, fake.ApplicationGateway},
		"three proxies in a row": {fake.HAProxy, fake.HAProxy, fake.Nginx},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := proxied(t, kinds...)
			c.Administrator().Get("/settings/users").Wants(http.StatusOK)
		})
	}
}

func TestFC166_ARedirectThatCannotHelpIsNotSent(t *testing.T) {
	t.Parallel()
	c, clock := behind(t)
	direct := &http.Transport{}
	t.Cleanup(direct.CloseIdleConnections)
	for _, said := range []string{"https,http", "https, https", "HTTPS", " https ,http", "https"} {
		askInClear(t, c, direct, "X-Forwarded-Proto", said).Wants(http.StatusOK)
	}
	for _, try := range []struct {
		headers []string
		words   string
	}{
		{nil, "It must set the header X-Forwarded-Proto to https"},
		{[]string{"X-Forwarded-Proto", "wss"}, "&#34;wss&#34;"},
		{[]string{"X-Forwarded-Proto", ",https"}, "It must set the header"},
		{[]string{"X-Forwarded-Proto", "http", "Sec-Fetch-Site", "none"}, "&#34;http&#34;"}, // the browser has used https
	} {
		a := askInClear(t, c, direct, try.headers...).Wants(http.StatusMisdirectedRequest).Contains(try.words, "127.0.0.1")
		if a.Header.Get("Location") != "" || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%v is answered with %v", try.headers, a.Header)
		}
	}
	for range 3 {
		if n := strings.Count(c.Log.String(), "does not say that https was used"); n != 1 {
			t.Errorf("the log says it %d times", n)
		}
		askInClear(t, c, direct)
	}
	clock.Advance(time.Minute)
	askInClear(t, c, direct)
	if n := strings.Count(c.Log.String(), "does not say that https was used"); n != 2 {
		t.Errorf("after a minute the log has said it %d times", n)
	}

	// Who typed http is led to https, by whichever proxy.
	if to := askInClear(t, c, direct, "X-Forwarded-Proto", "http").Wants(http.StatusPermanentRedirect).Header.Get("Location"); to !=
		"https://c.example/signin" {
		t.Errorf("it leads to %s", to)
	}

	// A proxy that is not trusted makes a circle too.
	stranger := fake.NewProxy(t, fake.ProxyOptions{Kind: fake.Nginx, To: c.Config.Listener.Addr().String()}).Client("127.0.0.7")
	askInClear(t, c, stranger).Wants(http.StatusPermanentRedirect)
	c.Config.TrustedProxies = nil
	if err := c.Config.TrustedProxies.UnmarshalText([]byte("10.0.0.0/8")); err != nil {
		t.Fatal(err)
	}
	c.Restart()
	askInClear(t, c, direct, "X-Forwarded-Proto", "https").Wants(http.StatusMisdirectedRequest).Contains("--trusted-proxies", "127.0.0.1")
	askInClear(t, c, direct).Wants(http.StatusPermanentRedirect)
}

// askInClear asks the console for its sign-in page under its own name, over a connection in clear text, with these headers.
func askInClear(t *testing.T, c *harness.Console, through http.RoundTripper, headers ...string) *harness.Answer {
	t.Helper()
	b := c.Browser()
	b.HTTP.Transport = inClear{through, c.Config.Listener.Addr().String()}
	for i := 0; i+1 < len(headers); i += 2 {
		b.Header.Set(headers[i], headers[i+1])
	}
	return b.Get("/signin")
}

// inClear sends requests as they are, but not encrypted and to one address.
type inClear struct {
	through http.RoundTripper
	to      string
}

func (i inClear) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.Host = r.URL.Host
	inner.URL.Scheme, inner.URL.Host = "http", i.to
	return i.through.RoundTrip(inner)
}

func TestFC167_ClientsBehindProxiesThatWritePortsAreApart(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][]fake.ProxyKind{
		"Application Gateway":                {fake.ApplicationGateway},
		"ALB":                                {fake.ALB},
		"HAProxy behind Application Gateway": {fake.HAProxy, fake.ApplicationGateway},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && len(kinds) == 1 {
				t.Skip("seconds of hashing")
			}
			t.Parallel()
			c, outer := proxied(t, kinds...)
			attacker, victim := c.Browser(), c.Browser()
			victim.HTTP.Transport = outer.Client("127.0.0.8")
			attacker.Header.Set("X-Forwarded-For", "127.0.0.8") // made up
			token := attacker.Token()
			for i := range 50 {
				guess(attacker, fmt.Sprintf("nobody%d@example.com", i), token)
			}
			if status := guess(attacker, harness.AdminEmail, token); status != http.StatusTooManyRequests {
				t.Errorf("after 50 guesses the next was answered %d", status)
			}
			victim.SignIn(harness.AdminEmail, harness.AdminPassword)
			if address := c.Cell(`SELECT DISTINCT address FROM activity WHERE action = 'sign in' AND outcome = 'failed'`); address != "127.0.0.7" {
				t.Errorf("the activity log names %s", address)
			}
		})
	}
}

func TestFC167_WhatIsNoAddressEndsTheWalk(t *testing.T) {
	t.Parallel()
	c, _ := behind(t)
	for sent, address := range map[string]string{
		"203.0.113.7":                       "203.0.113.7",
		"203.0.113.7:51234":                 "203.0.113.7",
		"[2001:db8::7]:51234":               "2001:db8::7",
		"[2001:db8::7]":                     "2001:db8::7",
		"2001:db8::7":                       "2001:db8::7",
		`"[2001:db8::7]:51234"`:             "2001:db8::7",
		"::ffff:203.0.113.7":                "203.0.113.7",
		"198.51.100.1, 203.0.113.7":         "203.0.113.7",
		"203.0.113.7,, 127.0.0.1:80 , ":     "203.0.113.7",
		"203.0.113.7, unknown, 127.0.0.1:1": "127.0.0.1",
		"203.0.113.7, unknown":              "127.0.0.1",
		"203.0.113.7:99999":                 "127.0.0.1",
		"[2001:db8::7":                      "127.0.0.1",
		"_hidden":                           "127.0.0.1",
	} {
		b := toldBy(c, "X-Forwarded-For", sent)
		from := len(c.Log.String())
		b.Get("/signin").Wants(http.StatusOK)
		harness.Eventually(t, "the request is logged", func() bool { return strings.Contains(c.Log.String()[from:], `"msg":"request"`) })
		if !strings.Contains(c.Log.String()[from:], `"address":"`+address+`"`) {
			t.Errorf("%q is taken for\n%s", sent, c.Log.String()[from:])
		}
	}
	if n := strings.Count(c.Log.String(), "holds what is no address"); n != 1 {
		t.Errorf("the log says %d times that an element is no address", n)
	}
}

func TestFC168_TheBasePathWithoutItsSlash(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) { s.BaseURL += "/console" })
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for asked, to := range map[string]string{"": "/console/", "?x=%2F": "/console/?x=%2F"} {
			a := c.Browser().Do(method, asked, nil, "").Wants(http.StatusPermanentRedirect)
			if a.Header.Get("Location") != to {
				t.Errorf("%s /console%s leads to %s", method, asked, a.Header.Get("Location"))
			}
		}
	}
	admin := c.Administrator()
	admin.Get("").Wants(http.StatusPermanentRedirect)
	admin.Get("/").To("/console/settings/users")
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	c.Browser().Accept(path, "ann").To("/console/")
	admin.Post("/settings/general/test-mail").Wants(http.StatusSeeOther)
	c.Settled()
	links := 0
	for _, mail := range c.Mail.Messages() {
		for _, link := range harness.LinksIn(mail) {
			links++
			if link == c.URL.String() {
				t.Errorf("%q links to %s", mail.Subject, link)
			}
			if a := c.Browser().Get(strings.TrimPrefix(link, c.URL.String())); a.StatusCode >= http.StatusBadRequest && a.StatusCode != http.StatusGone {
				t.Errorf("%q links to %s, which is answered %d", mail.Subject, link, a.StatusCode)
			}
		}
	}
	if links < 3 {
		t.Errorf("the mails have %d links", links)
	}
}

func TestFC170_BrowsersFindTheBaseURLHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for written, host := range map[string]string{
		"https://bücher.example":          "xn--bcher-kva.example",
		"HTTPS://C.Example.:443//":        "c.example",
		`  "https://c.example/./a//b/" `:  "c.example",
		"https://XN--BCHER-KVA.example/.": "xn--bcher-kva.example",
	} {
		c := harness.Ready(t, func(s *cli.Serve) {
			harness.BehindProxy(s)
			s.BaseURL = written
		})
		if c.URL.Host != host {
			t.Errorf("%s is served as %s", written, c.URL)
		}
		b := toldBy(c, "Origin", "https://"+host)
		b.SignIn(harness.AdminEmail, harness.AdminPassword)
		b.Get("/settings/users").Wants(http.StatusOK)
	}
}

func TestFC171_AForeignHostNameIsNamed(t *testing.T) {
	t.Parallel()
	c, clock := behind(t)
	before(t, c, fake.NginxPlain)
	const said = "a foreign host name is refused"
	for range 3 {
		c.Browser().Get("/signin").Wants(http.StatusMisdirectedRequest).
			Contains("&#34;console:8080&#34;", "https://c.example/", "--base-url", "Request number").Lacks("csrf_token")
	}
	if log := c.Log.String(); strings.Count(log, said) != 1 || !strings.Contains(log, `"host":"console:8080","expected":"c.example"`) {
		t.Errorf("the log is\n%s", log)
	}
	clock.Advance(time.Minute)
	long := strings.Repeat("x", 5000) + ".example"
	b := c.Browser()
	b.HTTP.Transport = proxy{c.Config.Listener.Addr().String(), long}
	b.Get("/signin").Wants(http.StatusMisdirectedRequest).Contains(long[:100]).Lacks(long[:101])
	if log := c.Log.String(); strings.Count(log, said) != 2 || strings.Contains(log, long[:101]) {
		t.Error("the log holds all of a long host name, or none of it")
	}
}

func TestFC172_OtherNamesBelowTheHostAreLeftAlone(t *testing.T) {
	t.Parallel()
	const host, subdomains = "max-age=31536000", "max-age=31536000; includeSubDomains"
	for _, try := range []struct{ base, option, want string }{
		{"https://c.example", "", subdomains},
		{"https://c.example", "host", host},
		{"https://c.example", "off", ""},
		{"https://example.com/console", "", host},
		{"https://example.com/console", "subdomains", subdomains},
		{"https://example.com/console", "off", ""},
		{"http://localhost", "", ""},
		{"http://localhost", "subdomains", ""},
	} {
		c := harness.Ready(t, func(s *cli.Serve) {
			harness.BehindProxy(s)
			s.BaseURL, s.HSTS = try.base, try.option
		})
		if got := toldBy(c).Get("/signin").Wants(http.StatusOK).Header.Get("Strict-Transport-Security"); got != try.want {
			t.Errorf("%s with --hsts=%q sends %q", try.base, try.option, got)
		}
	}
}

func TestFC173_SigningOutClearsWhatIsOurs(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{"https://c.example": `"storage"`, "https://example.com/console": ""} {
		c := harness.Ready(t, func(s *cli.Serve) {
			harness.BehindProxy(s)
			s.BaseURL = base
		})
		b := toldBy(c)
		b.SignIn(harness.AdminEmail, harness.AdminPassword)
		if got := b.Post("/signout").To(c.URL.Path + "/signin").Header.Get("Clear-Site-Data"); got != want {
			t.Errorf("at %s signing out clears %q", base, got)
		}
		b.Get("/settings/users").To(c.URL.Path + "/signin")
	}
}
