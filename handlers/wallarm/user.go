package wallarm

import (
	"slices"
	"strings"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// userFilter says who is meant.
type userFilter struct {
	ID       several[int64]  `json:"id"`
	ClientID several[int64]  `json:"clientid"`
	UUID     several[string] `json:"uuid"`
	Username several[string] `json:"username"` // the address, too
	Email    several[string] `json:"email"`
}

// userOrders are what the client orders a list by.
var userOrders = map[string]store.Order{
	"id": store.ByID, "create_at": store.ByID, "realname": store.ByName, "email": store.ByEmail, "username": store.ByEmail,
	"last_login_time": store.ByLastAuth,
}

// query is whom the filter means.
func (f userFilter) query() (store.PlacedQuery, error) {
	q := store.PlacedQuery{IDs: f.ID, UUIDs: f.UUID, Tenants: f.ClientID, Order: store.ByID}
	if max(len(f.ID), len(f.ClientID), len(f.UUID), len(f.Username), len(f.Email)) > maxNamed {
		return q, wrong("The filter names too many at once.")
	}
	q.EmailKeys = account.EmailKeys(f.Email, f.Username)
	return q, nil
}

// one is query for what changes somebody: it must name exactly one person.
func (f userFilter) one() (store.PlacedQuery, error) {
	named := 0
	for _, n := range []int{len(f.ID), len(f.UUID), len(f.Username), len(f.Email)} {
		if n > 1 {
			return store.PlacedQuery{}, wrong("The filter names several people. Name exactly one.")
		}
		named += n
	}
	isBlank := func(text string) bool { return strings.TrimSpace(text) == "" }
	if named == 0 || slices.ContainsFunc(slices.Concat(f.UUID, f.Username, f.Email), isBlank) {
		return store.PlacedQuery{}, wrong("The filter names nobody. Name exactly one person by id, uuid, email or username.")
	}
	return f.query()
}

// userRead is how the client asks for people.
type userRead struct {
	Filter    userFilter `json:"filter"`
	Limit     int        `json:"limit"`
	Offset    int        `json:"offset"`
	OrderBy   string     `json:"order_by"`
	OrderDesc bool       `json:"order_desc"`
}

// query is which part of the list is asked for.
func (in userRead) query() (store.PlacedQuery, error) {
	q, err := in.Filter.query()
	if order, known := userOrders[in.OrderBy]; known {
		q.Order = order
	}
	q.Descending = in.OrderDesc
	q.Limit, q.Offset = window(in.Limit, in.Offset)
	return q, err
}

func (a *API) readUsers(c handlers.Request) error {
	var in userRead
	if err := decode(c, &in); err != nil {
		return err
	}
	q, err := in.query()
	if err != nil {
		return err
	}
	found, err := a.account.FindUsers(c.Context(), c.Actor(), q)
	if err != nil {
		return err
	}
	return done(c, a.users(found...))
}

// userCreate is a person to be added. A pointer tells what is not said from what is empty.
type userCreate struct {
	Email       string          `json:"email"`
	Password    string          `json:"password"`
	Phone       string          `json:"phone"`
	Realname    string          `json:"realname"`
	Permissions several[string] `json:"permissions"`
	ClientID    int64           `json:"clientid"`
	Enabled     *bool           `json:"enabled"`
}

func (a *API) createUser(c handlers.Request) error {
	var in userCreate
	if err := decode(c, &in); err != nil {
		return err
	}
	role, err := onlyRole(in.Permissions)
	if err != nil {
		return err
	}
	names := namesOf(in.Realname)
	added := account.NewUser{Role: role, FirstName: names.First, LastName: names.Last, Email: in.Email, Phone: in.Phone,
		Password: in.Password, Disabled: in.Enabled != nil && !*in.Enabled}
	if added.TenantID, err = a.tenant(c, in.ClientID); err != nil {
		return err
	}
	user, err := a.account.AddUser(c.Context(), c.Actor(), added)
	if err != nil {
		return err
	}
	placed := store.PlacedUser{User: user, TenantID: added.TenantID}
	if role.Global() {
		placed.TenantID = c.Actor().Main
	}
	return done(c, a.user(placed))
}

// tenant is the id of a tenant that the client names, or of the main one where it names none. It returns store.ErrNotFound for an
// unknown one.
func (a *API) tenant(c handlers.Request, id int64) (int64, error) {
	if id == 0 {
		return c.Actor().Main, nil
	}
	tenants, err := a.account.Tenants(c.Context())
	for _, t := range tenants {
		if t.ID == id {
			return id, nil
		}
	}
	if err == nil {
		err = store.ErrNotFound
	}
	return 0, err
}

// userUpdate is a change of a person.
type userUpdate struct {
	Filter userFilter `json:"filter"`
	Fields struct {
		Realname    *string         `json:"realname"`
		Permissions several[string] `json:"permissions"`
		ClientID    int64           `json:"clientid"`
		Enabled     *bool           `json:"enabled"`
		Phone       *string         `json:"phone"`
		Timezone    *string         `json:"timezone"`
		Password    string          `json:"password"`
	} `json:"fields"`
}

func (a *API) updateUser(c handlers.Request) error {
	var in userUpdate
	if err := decode(c, &in); err != nil {
		return err
	}
	whom, err := in.Filter.one()
	if err != nil {
		return err
	}
	if in.Fields.Password != "" {
		return invalid("A password is given only when somebody is added. Send a password reset instead.")
	}
	change := account.UserChange{Enabled: in.Fields.Enabled, Phone: in.Fields.Phone, TimeZone: in.Fields.Timezone}
	if in.Fields.Realname != nil {
		names := namesOf(*in.Fields.Realname)
		change.Names = &names
	}
	if in.Fields.Permissions != nil {
		if change.Role, err = onlyRole(in.Fields.Permissions); err != nil {
			return err
		}
	}
	if in.Fields.ClientID != 0 {
		if change.TenantID, err = a.tenant(c, in.Fields.ClientID); err != nil {
			return err
		}
	}
	user, err := a.account.ChangeUser(c.Context(), c.Actor(), whom, change)
	if err != nil {
		return err
	}
	return done(c, a.users(user))
}

type userDelete struct {
	Filter userFilter `json:"filter"`
}

func (a *API) deleteUser(c handlers.Request) error {
	var in userDelete
	if err := decode(c, &in); err != nil {
		return err
	}
	whom, err := in.Filter.one()
	if err != nil {
		return err
	}
	user, err := a.account.DeleteFoundUser(c.Context(), c.Actor(), whom)
	if err != nil {
		return err
	}
	return done(c, a.users(user))
}

// self is the owner of the token.
func (a *API) self(c handlers.Request) error {
	user, err := a.account.PlacedSelf(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	return done(c, details{a.user(user), user.TenantID, user.CreatedAt.Time().UTC().Truncate(time.Second)})
}

// onlyRole is the role that the client means: it sends a list of one.
func onlyRole(names []string) (permission.Role, error) {
	if len(names) != 1 {
		return "", invalid("Name exactly one role in permissions.")
	}
	return roleNamed(names[0]), nil
}

// namesOf parts a name: the first word is the first name.
func namesOf(realname string) account.Names {
	first, last, _ := strings.Cut(strings.TrimSpace(realname), " ")
	return account.Names{First: first, Last: last}
}

// user is a person as the client reads them. What this console does not know of is empty.
type user struct {
	ID                int64      `json:"id"`
	UUID              string     `json:"uuid"`
	ClientID          int64      `json:"clientid"`
	Permissions       []string   `json:"permissions"`
	ActualPermissions []string   `json:"actual_permissions"`
	Username          string     `json:"username"`
	Realname          string     `json:"realname"`
	Email             string     `json:"email"`
	Phone             *string    `json:"phone"`
	Enabled           bool       `json:"enabled"`
	Validated         bool       `json:"validated"` // signed up
	MFAEnabled        bool       `json:"mfa_enabled"`
	CreateBy          int64      `json:"create_by"`
	CreateAt          int64      `json:"create_at"` // seconds, as all times here
	CreateFrom        string     `json:"create_from"`
	PasswordChanged   int64      `json:"password_changed"`
	LoginHistory      []struct{} `json:"login_history"`
	LastLoginTime     int64      `json:"last_login_time"`
	Timezone          string     `json:"timezone"`
	DateFormat        string     `json:"date_format"`
	TimeFormat        string     `json:"time_format"`
	Language          string     `json:"language"`
	Components        []string   `json:"components"`
	ResultsPerPage    int        `json:"results_per_page"`
	DefaultPool       string     `json:"default_pool"`
	DefaultPoolID     *int       `json:"default_poolid"`
	LastReadNewsID    int        `json:"last_read_news_id"`
	SearchTemplates   struct{}   `json:"search_templates"`
	Notifications     notices    `json:"notifications"`
	JobTitle          *string    `json:"job_title"`
	Authentications   []string   `json:"available_authentications"`
	FrontendURL       string     `json:"frontend_url"`
}

// notices are the reports of the products around this console that somebody gets: none come from here.
type notices struct {
	ReportDaily   notice `json:"report_daily"`
	ReportWeekly  notice `json:"report_weekly"`
	ReportMonthly notice `json:"report_monthly"`
	Vuln          notice `json:"vuln"`
	Scope         notice `json:"scope"`
	System        notice `json:"system"`
}

type notice struct {
	Email bool `json:"email"`
	SMS   bool `json:"sms"`
}

// details are the owner of a token. Two of their fields differ from those of user.
type details struct {
	user
	TenantID int64     `json:"client_id"`
	CreateAt time.Time `json:"create_at"`
}

func (a *API) users(list ...store.PlacedUser) []user {
	all := make([]user, len(list))
	for i, u := range list {
		all[i] = a.user(u)
	}
	return all
}

func (a *API) user(u store.PlacedUser) user {
	role := []string{nameOf(u.Role)}
	encoded := user{
		ID: u.ID, UUID: u.UUID, ClientID: u.TenantID, Permissions: role, ActualPermissions: role, Username: u.Email, Realname: u.Name(),
		Email: u.Email, Enabled: u.DisabledAt == 0, Validated: u.ActivatedAt != 0, MFAEnabled: u.SecondFactor,
		CreateAt: seconds(u.CreatedAt), PasswordChanged: seconds(u.PasswordChangedAt), LastLoginTime: seconds(u.LastAuthAt),
		LoginHistory: []struct{}{}, Timezone: u.TimeZone, DateFormat: u.DateFormat, TimeFormat: "12h", Language: "en", Components: []string{},
		Authentications: []string{}, FrontendURL: a.baseURL,
	}
	if u.Clock24h {
		encoded.TimeFormat = "24h"
	}
	if u.Phone != "" {
		encoded.Phone = &u.Phone
	}
	if u.Role.SignsIn() {
		encoded.Authentications = append(encoded.Authentications, "password")
	}
	return encoded
}

// seconds is a time as the client counts it; 0 for not yet.
func seconds(at store.Millis) int64 { return int64(at) / 1000 }
