package handlers

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/views"
)

// notices are what the sign-in page can be asked to say.
var notices = map[string]string{
	"set-up":     "The console is set up. Sign in with the email and password you have just chosen.",
	"signed-out": "You are signed out.",
}

func (h *Console) signInForm(c echo.Context) error {
	next := h.ownPath(c.QueryParam("next"))
	if session := signedIn(c); session != nil {
		return h.redirect(c, h.afterSignIn(next), flash{})
	}
	return h.render(c, http.StatusOK, views.SignIn(values("next", next), notices[c.QueryParam("notice")]))
}

func (h *Console) signIn(c echo.Context) error {
	token, err := h.account.SignIn(c.Request().Context(), c.FormValue("email"), c.FormValue("password"), h.client(c))
	var throttled *account.Throttled
	switch {
	case errors.Is(err, account.ErrSignIn):
		return h.refuseSignIn(c, http.StatusUnprocessableEntity, "The email or the password is wrong.")
	case errors.As(err, &throttled):
		seconds := int(math.Ceil(throttled.RetryAfter.Seconds()))
		c.Response().Header().Set("Retry-After", strconv.Itoa(seconds))
		return h.refuseSignIn(c, http.StatusTooManyRequests, "Too many attempts have failed. Try again in "+wait(seconds)+".")
	case err != nil:
		return err
	}
	h.begin(c, token)
	return h.redirect(c, h.afterSignIn(h.ownPath(c.FormValue("next"))), flash{})
}

// refuseSignIn shows the form again, with the email that was typed but never the password.
func (h *Console) refuseSignIn(c echo.Context, status int, reason string) error {
	again := values("email", c.FormValue("email"), "next", h.ownPath(c.FormValue("next")))
	again.Errors = account.Invalid{"": reason}
	return h.render(c, status, views.SignIn(again, ""))
}

// afterSignIn is where the person wanted to go, without the base path.
func (h *Console) afterSignIn(next string) string {
	if next == "" {
		return "/"
	}
	return strings.TrimPrefix(next, h.basePath)
}

func wait(seconds int) string {
	switch {
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	}
	return fmt.Sprintf("%d minutes", (seconds+59)/60)
}
