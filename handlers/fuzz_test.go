package handlers

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
)

// pagesAt are the console's pages at a base URL, without an account behind them.
func pagesAt(base url.URL) *Console {
	return New(Options{BaseURL: &base, FormSecret: []byte("forms"), FlashSecret: []byte("messages"), Now: time.Now,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, Log: slog.New(slog.DiscardHandler)})
}

// asked is a request as handlers get it.
func asked(method, target string) (request, *httptest.ResponseRecorder) {
	answer := httptest.NewRecorder()
	sent := httptest.NewRequest(method, "/", nil)
	sent.URL.RawQuery = target
	return request{echo.New().NewContext(sent, answer)}, answer
}

// FuzzForwardedFor: whatever stands in X-Forwarded-For, a request comes from an address, and nobody but a trusted proxy says from which.
func FuzzForwardedFor(f *testing.F) {
	for _, header := range []string{"", "203.0.113.7", "203.0.113.7:51234", "[2001:db8::7]:51234", `"[2001:db8::7]"`, "fe80::1%eth0", "::ffff:10.0.0.1", "unknown", "10.0.0.1, ,10.0.0.2",
		"203.0.113.7\n", "[", "1.2.3.4,x", ",,,", "\xff"} {
		f.Add(header, "10.0.0.5:4711")
		f.Add(header, "192.0.2.1:4711")
	}
	f.Add("1.2.3.4", "@")
	h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com"})
	from := func(peer string, headers ...string) string {
		return h.clientAddress(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": headers}})
	}
	f.Fuzz(func(t *testing.T, header, peer string) {
		client := from(peer, header)
		connected, err := netip.ParseAddrPort(peer)
		if err != nil {
			if client != peer {
				t.Errorf("%q from %q is %q", header, peer, client)
			}
			return
		}
		address, err := netip.ParseAddr(client)
		if err != nil || address.Zone() != "" || address.Is4In6() {
			t.Errorf("%q from %q is %q: %v", header, peer, client, err)
		}
		if own := connected.Addr().Unmap().WithZone(""); !h.trusts(own) && address != own {
			t.Errorf("%q from %q is %q", header, peer, client)
		}
		// What a trusted proxy has added is believed, whatever the browser has sent before it, in one header or in several.
		const seen = "203.0.113.9"
		if one, several := from("10.0.0.5:1", header+", "+seen), from("10.0.0.5:1", header, seen); one != seen || several != seen {
			t.Errorf("%q before %s is %q, %q", header, seen, one, several)
		}
	})
}

// FuzzOwnPath: whatever address somebody is to be led to, it is one of this console, and stays the same.
func FuzzOwnPath(f *testing.F) {
	for _, address := range []string{"/", "/settings/users?q=a b", "//evil.example", "/\\evil.example", "https://console.example.com/console/x", "https://evil.example/console/", "javascript:alert(1)",
		"/console//evil.example", "/%2f%2fevil.example", "/console/../x", "/console/%2e%2e/x", "https:/console/", "https:console/", "?x", "#x", "/console/\t/x", "http://console.example.com@evil.example/console/",
		"/console/a%zz", "//localhost/console/", "/console/;/x", "///evil.example/console/", "/console/\u2028"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		for _, base := range []string{"", "/console"} {
			h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com", Path: base})
			path := h.ownPath(address)
			if path == "" {
				continue
			}
			to, err := h.BaseURL.Parse(path)
			if err != nil || to.Scheme != "https" || to.Host != "console.example.com" || !strings.HasPrefix(path, base+"/") || strings.HasPrefix(path, "//") {
				t.Errorf("%q leads to %q, which is %s, %v", address, path, to, err)
			}
			if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == '\\' || r > '~' }) && !strings.Contains(path, "?") {
				t.Errorf("%q leads to %q", address, path)
			}
			if again := h.ownPath(path); again != path {
				t.Errorf("%q leads to %q, and that to %q", address, path, again)
			}
			if users := h.usersPage(address); users != "" && !strings.HasPrefix(users, userListPath) {
				t.Errorf("%q is the page of people %q", address, users)
			}
		}
	})
}

// FuzzHost: whatever host a request names, it is the console's only where the name is its own, or means this machine.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"console.example.com", "CONSOLE.example.com:443", "[::1]:8080", "127.0.0.1", "127.1", "localhost", "localhost.evil.example", "[console.example.com]", "console.example.com:x",
		"::1", "", ":", "127.0.0.1.evil.example", "[::ffff:127.0.0.1]"} {
		f.Add(host)
	}
	h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com"})
	f.Fuzz(func(t *testing.T, host string) {
		if !h.isOurHost(host) {
			return
		}
		name := strings.ToLower(strings.Trim(hostname(host), "[]"))
		address, err := netip.ParseAddr(name)
		if ours := name == "console.example.com" || name == "localhost" || err == nil && address.IsLoopback(); !ours {
			t.Errorf("%q is taken for our host", host)
		}
	})
}

// FuzzFormToken: whatever stands in place of the token of a form, only one that was made for this browser is taken.
func FuzzFormToken(f *testing.F) {
	for _, token := range []string{"", "AAAA", strings.Repeat("A", 86), strings.Repeat("A", 87), "=", strings.Repeat("\n", 86), strings.Repeat("A", 85) + "\n", "\xff", mask(make([]byte, macSize))} {
		f.Add(token, []byte("cookie"))
	}
	h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com"})
	f.Fuzz(func(t *testing.T, token string, binding []byte) {
		if h.matches(token, binding) {
			t.Errorf("%q is a token for %q", token, binding)
		}
		if made := mask(h.mac(binding)); !h.matches(made, binding) || h.matches(made, append(binding, 'x')) || h.matches(made+token, binding) && token != "" {
			t.Errorf("%q is not the token for %q alone", made, binding)
		}
	})
}

// FuzzFlash: whatever a cookie holds in place of a message, none is shown but those that this session was given, and these as they were.
func FuzzFlash(f *testing.F) {
	for _, cookie := range []string{"", ".", "e30.", "eyJ0IjoiWW91ciBhY2NvdW50IGlzIGxvY2tlZCJ9.AAAA", "a.b.c"} {
		f.Add(cookie, "The access of Ann is disabled.")
	}
	h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com"})
	taken := func(cookie string) flash {
		c, _ := asked(http.MethodGet, "")
		c.Request().Header.Set("Cookie", h.cookies.name(sessionCookie)+"=session; "+h.cookies.name(flashCookie)+"="+cookie)
		return h.takeFlash(c)
	}
	f.Fuzz(func(t *testing.T, cookie, text string) {
		if shown := taken(cookie); shown != (flash{}) {
			t.Errorf("%q shows %+v", cookie, shown)
		}
		c, answer := asked(http.MethodPost, "")
		c.Request().Header.Set("Cookie", h.cookies.name(sessionCookie)+"=session")
		left := flash{Text: string([]rune(text)), Error: true, Link: "x"}
		h.setFlash(c, left)
		if shown := taken(answer.Result().Cookies()[0].Value); shown != left {
			t.Errorf("%+v is shown as %+v", left, shown)
		}
	})
}

// FuzzListQuery: whatever the address of a list says, it asks for what there is, and its own address asks for the same.
func FuzzListQuery(f *testing.F) {
	for _, query := range []string{"", "q=+a++&tab=active&sort=email&dir=desc&role=admin&twofa=on&last_auth=never&group=7", "tab=deleted&sort=password&role=root&group=-1", "q=%ff%00&cursor=%zz",
		"from=2026-01-01&to=2026-01-31&actor=nobody&object_type=user&object=user:7", "from=0000-01-01&to=9999-12-31&object=x:1", "actor=-1&job=9223372036854775808", "a;b", "group=1&group=2"} {
		f.Add(query, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, query, zone string) {
		c, _ := asked(http.MethodGet, query)
		c.Set(keySession, &account.SignedIn{Stage: store.Finished, User: store.User{Preferences: store.Preferences{TimeZone: zone}}})
		people, unread := userQuery(c)
		if people.Group < 0 && c.FormValue("group") == "" || people.Sort == "" || people.Tab == "" || people.Role != "" && people.Role.Label() == "" {
			t.Errorf("%q asks for %+v", query, people)
		}
		entries, wrong := activityQuery(c)
		for name, reason := range wrong {
			if c.QueryParam(name) == "" || reason == "" {
				t.Errorf("%q: %s is refused: %q", query, name, reason)
			}
		}
		if entries.ActorID < 0 || entries.ObjectID < 0 || entries.JobID < 0 || entries.From < 0 || entries.To < 0 || entries.ObjectID != 0 && entries.ObjectType == "" {
			t.Errorf("%q asks for %+v", query, entries)
		}
		again, _ := asked(http.MethodGet, c.QueryParams().Encode())
		again.Set(keySession, c.Get(keySession))
		peopleAgain, unreadAgain := userQuery(again)
		entriesAgain, wrongAgain := activityQuery(again)
		if !reflect.DeepEqual(peopleAgain, people) || !reflect.DeepEqual(entriesAgain, entries) ||
			!reflect.DeepEqual(unreadAgain, unread) || !reflect.DeepEqual(wrongAgain, wrong) {
			t.Errorf("%q, written again, asks for something else", query)
		}
	})
}

// FuzzForm: whatever the body of a form is, it is refused with words, or arrives as a whole.
func FuzzForm(f *testing.F) {
	const multipart = "multipart/form-data; boundary=b"
	part := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\nemail,role\r\n--b"
	for _, seed := range [][2]string{{multipart, part + "--\r\n"}, {multipart, part}, {multipart, part + "\r\nContent-Disposition: x\r\n\r\n\r\n--b--"}, {"multipart/form-data", part},
		{echo.MIMEApplicationForm, "file=a%0d%0ab&x=%zz"}, {echo.MIMEApplicationForm, "file=email;role"}, {"application/json", `{"file":1}`}, {"", "x"},
		{"multipart/form-data; boundary=\"" + strings.Repeat("x", 80) + "\"", part}} {
		f.Add(seed[0], []byte(seed[1]), false)
	}
	f.Add(echo.MIMEApplicationForm, []byte("file=x"), true)
	h := pagesAt(url.URL{Scheme: "https", Host: "console.example.com"})
	f.Fuzz(func(t *testing.T, contentType string, body []byte, cut bool) {
		c, _ := asked(http.MethodPost, "")
		sent := c.Request()
		if sent.Header.Set(echo.HeaderContentType, contentType); cut {
			sent.Body = io.NopCloser(iotest.TimeoutReader(bytes.NewReader(body)))
		} else {
			sent.Body = io.NopCloser(bytes.NewReader(body))
		}
		sent.Header.Set("Cookie", h.cookies.name(csrfCookie)+"=visitor")
		sent.Header.Set(csrfHeader, mask(h.mac([]byte("visitor"))))
		arrived := false
		err := h.checkForm(func(c request) error {
			arrived = true
			file, err := uploaded(c)
			if len(file) > max(len(body), account.MaxImport+1) {
				t.Errorf("%d bytes were made of %d", len(file), len(body))
			}
			return err
		})(c)
		if page := describe(err); err != nil && (page.Status >= http.StatusInternalServerError || page.Text == "") {
			t.Errorf("%q as %q is answered with %d: %v", body, contentType, page.Status, err)
		}
		if err == nil != arrived {
			t.Errorf("%q as %q arrives: %t, %v", body, contentType, arrived, err)
		}
	})
}
