package api

import (
	"cmp"
	"net/http"
	"time"

	"console/handlers"
	"console/internal/permission"
	"console/store"
)

func settingsOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/settings", "readSettings", "The settings of the account.", http.StatusOK,
			handlers.Holding(permission.GeneralView), by((*API).readSettings)},
		{http.MethodPatch, "/settings/company", "changeCompany", "Changes what the company is called, and the label of its cloud.",
			http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).changeCompany)},
		{http.MethodPatch, "/settings/signin", "changeSignIn", "Changes what is asked of people who sign in.", http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).changeSignIn)},
		{http.MethodPatch, "/settings/logout", "changeLogout",
			"Changes after which time people are signed out. It holds for every session from its next request on.", http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).changeLogout)},
		{http.MethodPost, "/settings/previews/activity", "previewActivityRetention",
			"Which entries of the activity log would be removed if it were kept for so long.", http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).previewActivityRetention)},
		{http.MethodPatch, "/settings/activity", "changeActivityRetention",
			"Changes for how long the activity log is kept. What is older is removed at once, for good.", http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).changeActivityRetention)},
		{http.MethodPost, "/settings/previews/sign-out-without-2fa", "previewSignOutWithoutSecondFactor",
			"How many people without a second factor are signed in.", http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).previewSignOutWithoutSecondFactor)},
		{http.MethodPost, "/settings/sign-out-without-2fa", "signOutWithoutSecondFactor",
			"Signs everybody out who has no second factor.", http.StatusNoContent,
			handlers.Holding(permission.GeneralUpdate), by((*API).signOutWithoutSecondFactor)},
		{http.MethodPost, "/settings/sign-out-everybody", "signOutEverybody", "Signs everybody out, in every browser.",
			http.StatusNoContent,
			handlers.Holding(permission.GeneralUpdate), by((*API).signOutEverybody)},
		{http.MethodPost, "/settings/test-mail", "sendTestMail", "Sends a mail to the owner of the token, and says what became of it.",
			http.StatusOK,
			handlers.Holding(permission.GeneralUpdate), by((*API).sendTestMail)},
	}
}

// settings are those of the account.
type settings struct {
	Name             string `json:"name" description:"The company, and its main tenant."`
	Cloud            string `json:"cloud"`
	EnforceTwoFactor bool   `json:"enforce_2fa" description:"Everybody needs a second factor, from their next sign-in on."`
	PasswordMinimum  int    `json:"password_min_length" description:"In characters."`
	IdleTimeout      int64  `json:"idle_timeout" description:"In seconds without activity."`
	AbsoluteTimeout  int64  `json:"absolute_timeout" description:"In seconds since the sign-in."`
	Retention        int    `json:"retention" description:"For how many months the activity log is kept; 0 is for ever."`
	Version          int64  `json:"version" description:"The ETag of the settings."`
}

func (s settings) version() int64 { return s.Version }

func settingsOf(s store.Account) settings {
	return settings{Name: s.Name, Cloud: s.Cloud, EnforceTwoFactor: s.EnforceSecondFactor, PasswordMinimum: s.PasswordMinLength,
		IdleTimeout: int64(s.IdleTimeout / time.Second), AbsoluteTimeout: int64(s.AbsoluteTimeout / time.Second),
		Retention: s.ActivityRetention, Version: s.Version}
}

func (a *API) readSettings(c handlers.Request, _ struct{}) (settings, error) {
	s, err := a.account.General(c.Context(), c.Actor())
	return settingsOf(s), err
}

// settingsVersion is the version of the settings that a change goes by.
type settingsVersion struct {
	IfMatch string `header:"If-Match" json:"-" required:"true" description:"The ETag of the settings as they were read; another one answers 412."`
}

func (in settingsVersion) changes() int64 { return positive(in.IfMatch) }

// before are the settings as they are, where the request leaves some of them out: nobody who says all of them needs to see them.
func (a *API) before(c handlers.Request, all bool) (settings, error) {
	if all {
		return settings{}, nil
	}
	return a.readSettings(c, struct{}{})
}

// companyChange is what the company is called from now on.
type companyChange struct {
	settingsVersion
	Name  *string `json:"name,omitempty"`
	Cloud *string `json:"cloud,omitempty"`
}

func (a *API) changeCompany(c handlers.Request, in companyChange) (settings, error) {
	was, err := a.before(c, in.Name != nil && in.Cloud != nil)
	if err != nil {
		return settings{}, err
	}
	s, err := a.account.SetCompany(c.Context(), c.Actor(), in.changes(), *cmp.Or(in.Name, &was.Name), *cmp.Or(in.Cloud, &was.Cloud))
	return settingsOf(s), err
}

// signInChange is what is asked of people who sign in from now on.
type signInChange struct {
	settingsVersion
	EnforceTwoFactor *bool `json:"enforce_2fa,omitempty" description:"Whoever switches it on has a second factor of their own."`
	PasswordMinimum  *int  `json:"password_min_length,omitempty" description:"From 8 to 64 characters."`
}

func (a *API) changeSignIn(c handlers.Request, in signInChange) (settings, error) {
	was, err := a.before(c, in.EnforceTwoFactor != nil && in.PasswordMinimum != nil)
	if err != nil {
		return settings{}, err
	}
	s, err := a.account.SetSignInManagement(c.Context(), c.Actor(), *cmp.Or(in.EnforceTwoFactor, &was.EnforceTwoFactor),
		*cmp.Or(in.PasswordMinimum, &was.PasswordMinimum), in.changes())
	return settingsOf(s), err
}

// logoutChange is when people are signed out from now on.
type logoutChange struct {
	settingsVersion
	Idle     *int64 `json:"idle_timeout,omitempty" description:"In seconds: 5, 10, 15 or 30 minutes, 1, 2, 4, 8, 12 or 24 hours, 3, 7, 14 or 30 days."`
	Absolute *int64 `json:"absolute_timeout,omitempty" description:"In seconds, as idle_timeout."`
}

func (a *API) changeLogout(c handlers.Request, in logoutChange) (settings, error) {
	was, err := a.before(c, in.Idle != nil && in.Absolute != nil)
	if err != nil {
		return settings{}, err
	}
	s, err := a.account.SetLogoutManagement(c.Context(), c.Actor(), in.changes(), *cmp.Or(in.Idle, &was.IdleTimeout),
		*cmp.Or(in.Absolute, &was.AbsoluteTimeout))
	return settingsOf(s), err
}

// retention is for how long the activity log is to be kept.
type retention struct {
	Months int `json:"retention" required:"true" description:"In months: 6, 12, 24, 36, 60 or 84; 0 is for ever."`
}

// removal is which entries of the activity log would go.
type removal struct {
	digest
	Entries int64      `json:"entries" description:"How many."`
	Before  *time.Time `json:"before" description:"They are older than this."`
}

func (a *API) previewActivityRetention(c handlers.Request, in retention) (removal, error) {
	r, err := a.account.RemovalAfter(c.Context(), c.Actor(), in.Months)
	return removal{digestOf(r), r.Entries, timeOrNone(r.Before)}, err
}

// retentionChange is for how long the activity log is kept from now on.
type retentionChange struct {
	settingsVersion
	confirmed
	retention
}

func (a *API) changeActivityRetention(c handlers.Request, in retentionChange) (settings, error) {
	s, err := a.account.SetActivityRetention(c.Context(), in.confirming(c), in.changes(), in.Months)
	return settingsOf(s), err
}

// signedOut is how many people are signed out.
type signedOut struct {
	digest
	People int `json:"people" description:"How many people are signed out."`
}

func (a *API) previewSignOutWithoutSecondFactor(c handlers.Request, _ struct{}) (signedOut, error) {
	p, err := a.account.PeopleWithoutSecondFactor(c.Context(), c.Actor())
	return signedOut{digestOf(p), p.Count}, err
}

func (a *API) signOutWithoutSecondFactor(c handlers.Request, in confirmed) (none, error) {
	return none{}, a.account.SignOutWithoutSecondFactor(c.Context(), in.confirming(c))
}

func (a *API) signOutEverybody(c handlers.Request, _ struct{}) (none, error) {
	return none{}, a.account.SignOutEverybody(c.Context(), c.Actor())
}

// mailPatience is how long the answer about a test mail waits for the mail server.
const mailPatience = 5 * time.Second

// testMail is what became of a test mail.
type testMail struct {
	State     string `json:"state" enum:"waiting,delivered,failed" description:"Delivered is what the mail server has taken."`
	Recipient string `json:"recipient"`
	Problem   string `json:"problem" description:"Why the mail server has not taken it."`
}

func (a *API) sendTestMail(c handlers.Request, _ struct{}) (testMail, error) {
	m, err := a.account.SendTestMail(c.Context(), c.Actor(), mailPatience)
	return testMail{string(m.State), m.Recipient, m.Error}, err
}
