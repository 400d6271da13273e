package handlers

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// cookies are the names and attributes of the console's cookies. All of them end with the browser session: no
// remembered cookie outlives the limits of the account.
type cookies struct {
	prefix string
	path   string
	secure bool
}

// cookiesFor names cookies by the strictest prefix that the base URL allows (RFC 6265bis §4.1.3): over https __Host-
// or, under a base path, __Secure-; clear text is only ever loopback.
func cookiesFor(base *url.URL) cookies {
	switch {
	case base.Scheme != "https":
		return cookies{path: base.Path + "/"}
	case base.Path != "":
		return cookies{prefix: "__Secure-", path: base.Path + "/", secure: true}
	}
	return cookies{prefix: "__Host-", path: "/", secure: true}
}

// The cookies of the console.
const (
	sessionCookie = "console"
	csrfCookie    = "csrf"  // what the forms of visitors are bound to
	flashCookie   = "flash" // a result to be shown on the next page
)

func (k cookies) read(c echo.Context, name string) string {
	cookie, err := c.Cookie(k.prefix + name)
	if err != nil {
		return ""
	}
	return cookie.Value
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
	c.SetCookie(&http.Cookie{Name: k.prefix + name, Value: value, Path: k.path, MaxAge: age, Secure: k.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
}

// flash is a result that the next page announces.
type flash struct {
	Text  string `json:"t"`
	Error bool   `json:"e,omitempty"`
	Stays bool   `json:"s,omitempty"` // until it is dismissed: it says something that stands nowhere else, or what to do next
	Path  string `json:"p,omitempty"` // where Link leads; empty: nowhere
	Link  string `json:"l,omitempty"`
}

func (h *Console) setFlash(c echo.Context, f flash) {
	encoded, _ := json.Marshal(f) // strings and booleans always encode
	h.cookies.write(c, flashCookie, base64.RawURLEncoding.EncodeToString(encoded))
}

// takeFlash returns the result to announce, once.
func (h *Console) takeFlash(c echo.Context) (f flash) {
	value := h.cookies.read(c, flashCookie)
	if value == "" {
		return f
	}
	h.cookies.remove(c, flashCookie)
	decoded, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(decoded, &f) != nil {
		return flash{}
	}
	return f
}
