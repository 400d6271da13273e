package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// cookies are the names and attributes of the console's cookies. All of them end with the browser session: no
// remembered cookie outlives the limits of the account.
type cookies struct {
	prefix string
	suffix string
	path   string
	secure bool
}

// cookiesFor names cookies by the strictest prefix that the base URL allows (RFC 6265bis §4.1.3): over https __Host-
// or, under a base path, __Secure-; clear text is only ever loopback. Cookies do not know ports: where the base URL names one, it
// stands behind each name, so that several consoles of one host do not sign each other's people out.
func cookiesFor(base *url.URL) cookies {
	k := cookies{path: base.Path + "/"}
	if base.Scheme == "https" {
		k.secure, k.prefix = true, "__Host-"
		if base.Path != "" {
			k.prefix = "__Secure-"
		}
	}
	if port := base.Port(); port != "" {
		k.suffix = "-" + port
	}
	return k
}

// The cookies of the console, without what the base URL adds to their names.
const (
	sessionCookie = "console"
	csrfCookie    = "csrf"  // what the forms of visitors are bound to
	flashCookie   = "flash" // a result to be shown on the next page
)

// name is a cookie's name as browsers know it.
func (k cookies) name(of string) string { return k.prefix + of + k.suffix }

// read returns the value of a cookie, or "" where there is none, or more than one.
func (k cookies) read(c echo.Context, name string) string {
	sent := c.Request().CookiesNamed(k.name(name))
	if len(sent) != 1 {
		return ""
	}
	return sent[0].Value
}

// doubled says that the browser sends one of our cookies more than once. The console sets each for one path, so the other is from
// somebody else: an application beside it on the same host, or a host beside it. Which is which cannot be told, as browsers send
// neither path nor domain, so none counts.
func (k cookies) doubled(c echo.Context) bool {
	for _, name := range []string{sessionCookie, csrfCookie, flashCookie} {
		if len(c.Request().CookiesNamed(k.name(name))) > 1 {
			return true
		}
	}
	return false
}

func (k cookies) write(c echo.Context, name, value string) {
	k.set(c, name, value, 0)
}

func (k cookies) remove(c echo.Context, name string) {
	k.set(c, name, "", -1)
}

// set sends a cookie with the attributes that all of the console's have. A negative age removes it.
func (k cookies) set(c echo.Context, name, value string, age int) {
	//nolint:gosec // not Secure only where the base URL is http, which is a loopback address
	c.SetCookie(&http.Cookie{Name: k.name(name), Value: value, Path: k.path, MaxAge: age, Secure: k.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
}

// flash is a result that the next page announces.
type flash struct {
	Text  string `json:"t"`
	Error bool   `json:"e,omitempty"`
	Stays bool   `json:"s,omitempty"` // until it is dismissed: it says something that stands nowhere else, or what to do next
}

// setFlash leaves a result for the next page of this session. It is signed for that session: what others on the host leave there,
// be it a message that the console once gave them, is not shown. It is not kept in the session, as the page that shows it would
// have to write.
func (h *Console) setFlash(c echo.Context, f flash) {
	encoded, _ := json.Marshal(f) // strings and booleans always encode
	content := base64.RawURLEncoding.EncodeToString(encoded)
	h.cookies.write(c, flashCookie, content+"."+h.flashMAC(h.sessionToken(c), content))
}

// takeFlash returns the result to announce, once.
func (h *Console) takeFlash(c echo.Context) (f flash) {
	value := h.cookies.read(c, flashCookie)
	if value == "" {
		return f
	}
	h.cookies.remove(c, flashCookie)
	content, mac, _ := strings.Cut(value, ".")
	if !hmac.Equal([]byte(mac), []byte(h.flashMAC(h.sessionToken(c), content))) {
		return flash{}
	}
	decoded, err := base64.RawURLEncoding.DecodeString(content)
	if err != nil || json.Unmarshal(decoded, &f) != nil {
		return flash{}
	}
	return f
}

func (h *Console) flashMAC(session, content string) string {
	m := hmac.New(sha256.New, h.FlashSecret)
	m.Write([]byte(session + "." + content)) // neither holds a dot
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
