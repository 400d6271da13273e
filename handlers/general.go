package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

// mailPatience is how long the answer about a test mail waits for the mail server.
const mailPatience = 5 * time.Second

func (h *Console) general(c echo.Context) error {
	return h.renderGeneral(c, http.StatusOK, func(*views.GeneralPage) {})
}

func (h *Console) setCompany(c echo.Context) error {
	settings, err := h.account.SetCompany(c.Request().Context(), actor(c), formID(c, "version"), c.FormValue("name"), c.FormValue("cloud"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.Company = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", flash{Text: "The company is saved as “" + settings.Name + "”."})
}

func (h *Console) setSignInManagement(c echo.Context) error {
	minLength, _ := strconv.Atoi(strings.TrimSpace(c.FormValue("password_min_length"))) // 0 is refused like other numbers
	err := h.account.SetSignInManagement(c.Request().Context(), actor(c), c.FormValue("enforce_2fa") == "1", minLength, formID(c, "version"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.SignIn = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", flash{Text: "Sign-in management is saved."})
}

func (h *Console) signOutEverybodyForm(c echo.Context) error {
	page := views.SignOutPage{}
	return h.renderPart(c, http.StatusOK, views.SignOutMany(page), views.SignOutManyPart(page))
}

func (h *Console) signOutEverybody(c echo.Context) error {
	if err := h.account.SignOutEverybody(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", flash{Text: "Everybody else is signed out."})
}

func (h *Console) signOutWithoutSecondFactorForm(c echo.Context) error {
	n, err := h.account.PeopleWithoutSecondFactor(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	page := views.SignOutPage{WithoutSecondFactor: true, Count: n}
	return h.renderPart(c, http.StatusOK, views.SignOutMany(page), views.SignOutManyPart(page))
}

func (h *Console) signOutWithoutSecondFactor(c echo.Context) error {
	if err := h.account.SignOutWithoutSecondFactor(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", flash{Text: "Everybody without a second factor is signed out."})
}

func (h *Console) setLogoutManagement(c echo.Context) error {
	_, err := h.account.SetLogoutManagement(c.Request().Context(), actor(c), formID(c, "version"), formID(c, "idle_timeout"), formID(c, "absolute_timeout"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.Logout = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", flash{Text: "The timeouts are saved. They count for everybody from now on."})
}

// renderGeneral shows the settings as they are, and the form that was sent as refuse leaves it.
func (h *Console) renderGeneral(c echo.Context, status int, refuse func(*views.GeneralPage)) error {
	settings, err := h.account.General(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	version := strconv.FormatInt(settings.Version, 10)
	seconds := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
	page := views.GeneralPage{
		Settings: settings,
		Company:  values("name", settings.Name, "cloud", settings.Cloud, "version", version),
		SignIn:   values("password_min_length", strconv.Itoa(settings.PasswordMinLength), "version", version),
		Logout:   values("idle_timeout", seconds(settings.IdleTimeout), "absolute_timeout", seconds(settings.AbsoluteTimeout), "version", version),
	}
	if settings.EnforceSecondFactor {
		page.SignIn.Values.Set("enforce_2fa", "1")
		if actor(c).May(permission.GeneralUpdate) {
			if page.WithoutSecondFactor, err = h.account.PeopleWithoutSecondFactor(c.Request().Context(), actor(c)); err != nil {
				return err
			}
		}
	}
	page.MailServer = h.MailServer
	if h.Mailbox != nil {
		page.MailFiles = h.Mailbox.Dir()
	}
	refuse(&page)
	return h.render(c, status, views.General(page))
}

// sendTestMail sends a mail to the actor and says what became of it.
func (h *Console) sendTestMail(c echo.Context) error {
	by := actor(c)
	id, err := h.account.SendTestMail(c.Request().Context(), by)
	if err != nil {
		return err
	}
	mail, err := h.account.TestMail(c.Request().Context(), by, id, mailPatience)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/general", h.testMailResult(mail))
}

func (h *Console) testMailResult(mail store.Delivery) flash {
	switch {
	case mail.State == store.Delivered && h.Mailbox != nil:
		return flash{Text: "The test mail is kept as the file " + mail.UUID + ".eml, because no mail server is set up.", Stays: true}
	case mail.State == store.Delivered:
		return flash{Text: "The mail server has taken the test mail for " + mail.Recipient + ". Look in your inbox.", Stays: true}
	case mail.Error != "":
		return flash{Text: "The test mail could not be sent: " + mail.Error + ". Whoever runs the server can check its mail settings.", Error: true}
	}
	return flash{Text: "The test mail is on its way to " + mail.Recipient + ". The mail server has not answered yet."}
}

// sessionState is what a page asks about the session it belongs to.
type sessionState struct {
	Seconds int  `json:"seconds"` // until it ends; 0: it has
	Final   bool `json:"final"`   // going on working would not prolong it
}

// session says how long the session lasts. Asked by a person who wants to stay it is activity, asked in the background
// it is none.
func (h *Console) session(c echo.Context) error {
	session := signedIn(c)
	if session == nil {
		return c.JSON(http.StatusOK, sessionState{})
	}
	state, err := h.sessionState(c.Request().Context(), session)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, state)
}

func (h *Console) sessionState(ctx context.Context, session *account.SignedIn) (sessionState, error) {
	limits, err := h.account.Account(ctx)
	if err != nil {
		return sessionState{}, err
	}
	ends, final := session.Ends(limits)
	left := ends.Time().Sub(h.Now())
	return sessionState{Seconds: int((left + time.Second - 1) / time.Second), Final: final}, nil
}
