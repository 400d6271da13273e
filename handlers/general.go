package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"console/internal/permission"
	"console/store"
	"console/views"
)

// mailPatience is how long the answer about a test mail waits for the mail server.
const mailPatience = 5 * time.Second

func (h *Console) general(c request) error {
	return h.renderGeneral(c, http.StatusOK, func(*views.GeneralPage) {})
}

func (h *Console) setCompany(c request) error {
	settings, err := h.account.SetCompany(c.Context(), c.Actor(), c.ID("version"), c.FormValue("name"), c.FormValue("cloud"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.Company = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/general", "The company is saved as “"+settings.Name+"”.")
}

func (h *Console) setSignInManagement(c request) error {
	minLength, _ := strconv.Atoi(strings.TrimSpace(c.FormValue("password_min_length"))) // 0 is refused like other numbers
	_, err := h.account.SetSignInManagement(c.Context(), c.Actor(), c.FormValue("enforce_2fa") == "1", minLength, c.ID("version"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.SignIn = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/general", "Sign-in management is saved.")
}

func (h *Console) setLogoutManagement(c request) error {
	_, err := h.account.SetLogoutManagement(c.Context(), c.Actor(), c.ID("version"), c.ID("idle_timeout"), c.ID("absolute_timeout"))
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.Logout = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/general", "The timeouts are saved. They count for everybody from now on.")
}

// renderGeneral shows the settings as they are, and the form that was sent as refuse leaves it.
func (h *Console) renderGeneral(c request, status int, refuse func(*views.GeneralPage)) error {
	settings, err := h.account.General(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	version := strconv.FormatInt(settings.Version, 10)
	seconds := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
	page := views.GeneralPage{
		Settings: settings,
		Company:  values("name", settings.Name, "cloud", settings.Cloud, "version", version),
		SignIn:   values("password_min_length", strconv.Itoa(settings.PasswordMinLength), "version", version),
		Logout: values("idle_timeout", seconds(settings.IdleTimeout), "absolute_timeout", seconds(settings.AbsoluteTimeout),
			"version", version),
		Activity: values("retention", strconv.Itoa(settings.ActivityRetention), "version", version),
	}
	if settings.EnforceSecondFactor {
		page.SignIn.Values.Set("enforce_2fa", "1")
		if c.Actor().May(permission.GeneralUpdate) {
			people, err := h.account.PeopleWithoutSecondFactor(c.Context(), c.Actor())
			if err != nil {
				return err
			}
			page.WithoutSecondFactor = people.Count
		}
	}
	if page.MailHold, err = h.account.MailHold(c.Context(), c.Actor()); err != nil {
		return err
	}
	page.MailServer = h.MailServer
	if h.Mailbox != nil {
		page.MailFiles = h.Mailbox.Dir()
	}
	refuse(&page)
	return h.render(c, status, views.General(page))
}

// sendTestMail sends a mail to the actor and says what became of it.
func (h *Console) sendTestMail(c request) error {
	mail, err := h.account.SendTestMail(c.Context(), c.Actor(), mailPatience)
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
		return flash{Text: "The test mail could not be sent: " + mail.Error + ". Whoever runs the server can check its mail settings.",
			Error: true}
	}
	return flash{Text: "The test mail is on its way to " + mail.Recipient + ". The mail server has not answered yet."}
}
