package handlers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/auth"
)

const (
	csrfField  = "csrf_token"
	csrfHeader = "X-CSRF-Token"
	macSize    = sha256.Size
)

var errForm = echo.NewHTTPError(http.StatusForbidden, "This form is out of date, for example because you have signed in or out "+
	"since it was opened. Go back, reload the page and send it again.")

// onlyReads says that a request is to change nothing.
func onlyReads(c echo.Context) bool {
	switch c.Request().Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

// refuseOtherSites refuses whatever would change something and comes from another site, whatever token it carries.
func (h *Console) refuseOtherSites(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if onlyReads(c) || !h.fromElsewhere(c) {
			return next(c)
		}
		h.Log.WarnContext(c.Request().Context(), "cross-site request refused", "route", c.Path(), "address", c.RealIP())
		return unread(request{c}, echo.NewHTTPError(http.StatusForbidden,
			"This request came from another site and was refused. Open the console itself and try again there."))
	}
}

// checkForm refuses whatever would change something unless it carries the token of a form that this browser was given by
// one of the console's own pages.
func (h *Console) checkForm(handle handler) echo.HandlerFunc {
	next := func(c echo.Context) error { return handle(request{c}) }
	return func(c echo.Context) error {
		if onlyReads(c) {
			return next(c)
		}
		err := parseForm(c.Request())
		if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
			return err
		}
		if err != nil { // what is missing would count as left empty
			return errCutForm(err)
		}
		token := c.Request().Header.Get(csrfHeader)
		if token == "" {
			token = c.Request().PostFormValue(csrfField) // never from the address, which logs and other pages see (ASVS 14.2.1)
		}
		if !h.ourToken(c, token) {
			if (request{c}).Session() == nil && c.Path() == h.basePath+"/signout" { // there is nothing left to protect
				return next(c)
			}
			if (request{c}).Session() == nil && !h.forVisitors(c.Path()) { // the session that the form belonged to has ended
				return signedOut
			}
			if h.cookies.doubled(c) { // also that to which the visitor's forms are bound
				return echo.NewHTTPError(http.StatusForbidden, notices[twoCookies])
			}
			h.Log.WarnContext(c.Request().Context(), "form token refused", "route", c.Path(), "address", c.RealIP())
			if again := h.drawnAgain(c.Path()); again != nil {
				return again(request{c})
			}
			return errForm
		}
		return next(c)
	}
}

// fromElsewhere says that the browser itself reports another site. A browser or proxy that reports nothing leaves
// the decision to the token.
func (h *Console) fromElsewhere(c echo.Context) bool {
	if isForeign(c.Request()) {
		return true
	}
	if site := c.Request().Header.Get("Sec-Fetch-Site"); site == "same-origin" || site == "none" {
		return false
	}
	origin := c.Request().Header.Get("Origin")
	if origin == "" || origin == "null" {
		return false
	}
	_, host, _ := strings.Cut(origin, "://")
	return !h.isOurHost(host)
}

// ourToken accepts the token of this session's forms; on the pages of visitors also that of the forms this browser
// was given before it signed in.
func (h *Console) ourToken(c echo.Context, token string) bool {
	if session := (request{c}).Session(); session != nil && h.matches(token, session.FormKey) {
		return true
	}
	cookie := h.cookies.read(c, csrfCookie)
	visitor := request{c}.Session() == nil || h.forVisitors(c.Path())
	return visitor && cookie != "" && h.matches(token, []byte(cookie))
}

// forVisitors says whether a path belongs to the pages that are also used before signing in.
func (h *Console) forVisitors(path string) bool { return h.drawnAgain(path) != nil }

// drawnAgain is what answers a visitor's form whose token is out of date, because of what other tabs of the browser have done: it
// does nothing but draw the form again, or lead on who is in already. It is nil for all other forms.
func (h *Console) drawnAgain(path string) handler {
	switch strings.TrimPrefix(path, h.basePath) {
	case "/setup":
		return h.setUpAgain
	case "/signin":
		return h.signInAgain
	case "/signin/2fa", "/signin/2fa/passkey":
		return h.secondFactorAgain
	case "/signin/password":
		return h.newPasswordAgain
	case "/forgot":
		return h.forgotAgain
	case "/reset/:token":
		return h.resetAgain
	case "/signup/:token":
		return h.signUpAgain
	}
	return nil
}

// outOfDate is what a form says that is drawn again.
var outOfDate = account.Fields{"": "This form was out of date, for example because you have signed in or out in another tab. " +
	"Nothing was done. Check what you have entered, then send it again."}

// formToken returns a token for the forms of the page being rendered. A visitor's are bound to a cookie, which is
// set when there is none yet.
func (h *Console) formToken(c echo.Context) string {
	if session := (request{c}).Session(); session != nil {
		return mask(h.mac(session.FormKey))
	}
	value := h.cookies.read(c, csrfCookie)
	if value == "" {
		value = auth.NewToken()
		h.cookies.write(c, csrfCookie, value)
	}
	return mask(h.mac([]byte(value)))
}

func (h *Console) mac(binding []byte) []byte {
	m := hmac.New(sha256.New, h.FormSecret)
	m.Write(binding)
	return m.Sum(nil)
}

func (h *Console) matches(token string, binding []byte) bool {
	mac := unmask(token)
	return mac != nil && hmac.Equal(mac, h.mac(binding))
}

// mask hides mac behind a random pad, so that no two compressed pages hold the same bytes: with a constant token
// beside reflected text their lengths would give it away (BREACH).
func mask(mac []byte) string {
	masked := make([]byte, 2*macSize)
	rand.Read(masked[:macSize]) // never fails (Go 1.24)
	subtle.XORBytes(masked[macSize:], masked[:macSize], mac)
	return base64.RawURLEncoding.EncodeToString(masked)
}

// unmask returns nil for anything that mask has not written.
func unmask(token string) []byte {
	masked, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(masked) != 2*macSize || strings.ContainsAny(token, "\r\n") { // which decoding leaves out
		return nil
	}
	mac := make([]byte, macSize)
	subtle.XORBytes(mac, masked[:macSize], masked[macSize:])
	return mac
}
