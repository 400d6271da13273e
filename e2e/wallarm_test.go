package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	client "github.com/wallarm/wallarm-go"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// startProgram serves a console over TLS, and returns it with the public client, which works with a token of the administrator.
func startProgram(t *testing.T) (*harness.Console, client.API) {
	t.Helper()
	c := startHTTPS(t)
	return c, clientWith(c, tokenOf(c, harness.AdminEmail))
}

// tokenOf makes a token that may do all that its owner may.
func tokenOf(c *harness.Console, email string) string {
	c.T.Helper()
	issued, err := c.Account.CreateToken(c.T.Context(), account.Actor{Source: account.CLI},
		account.TokenInput{Name: rand.Text(), Kind: store.PersonalToken, Owner: email, AsHeld: true})
	if err != nil {
		c.T.Fatal(err)
	}
	return issued.Value
}

// clientWith is the public client with a token.
func clientWith(c *harness.Console, token string) client.API {
	c.T.Helper()
	headers := http.Header{}
	headers.Add("X-WallarmAPI-Token", token)
	api, err := client.New(client.UsingBaseURL(strings.TrimSuffix(c.URL.String(), "/")), client.Headers(headers),
		client.HTTPClient(&http.Client{Transport: looking{c}}), client.UsingRetryPolicy(0, 1, 1))
	if err != nil {
		c.T.Fatal(err)
	}
	return api
}

// looking sends requests of programs, and looks at each answer for what none may hold: tokens and their hashes, passwords and theirs,
// and what tests have marked as SECRET in the settings of integrations.
type looking struct{ console *harness.Console }

func (l looking) RoundTrip(asked *http.Request) (*http.Response, error) {
	transport := l.console.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	response, err := transport.RoundTrip(asked)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	token := asked.Header.Get("X-WallarmApi-Token")
	hash := sha256.Sum256([]byte(token))
	for what, secret := range map[string]string{
		"its token": token, "the hash of its token": hex.EncodeToString(hash[:]),
		"the hash of its token in base64": base64.StdEncoding.EncodeToString(hash[:]), "a password": given, "a hash of a password": "$argon2",
		"the password of the administrator": harness.AdminPassword, "a secret of an integration": "SECRET", "the secret of a webhook": "whsec_", "a signup link": "/signup/", "a link for a password": "/reset/",
	} {
		if secret != "" && (bytes.Contains(body, []byte(secret)) || strings.Contains(fmt.Sprint(response.Header), secret)) {
			l.console.T.Errorf("%s %s: the answer holds %s: %.500s", asked.Method, asked.URL.Path, what, body)
		}
	}
	return response, nil
}

// request sends a request as a script does that has no client: a token, a method, a path and a body.
func request(c *harness.Console, token, method, path, body string) (status int, answered string) {
	c.T.Helper()
	asked, err := http.NewRequestWithContext(c.T.Context(), method, strings.TrimSuffix(c.URL.String(), "/")+path, strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	if token != "" {
		asked.Header.Set("X-WallarmApi-Token", token)
	}
	response, err := (&http.Client{Transport: looking{c}}).Do(asked)
	if err != nil {
		c.T.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return response.StatusCode, string(read)
}

// asks sends a request and wants a status.
func asks(c *harness.Console, token, path, body string, want int) string {
	c.T.Helper()
	method := http.MethodPost
	if body == "" && strings.HasPrefix(path, "/v2/") || strings.Contains(path, "?") {
		method = http.MethodGet
	}
	status, answered := request(c, token, method, path, body)
	if status != want {
		c.T.Errorf("%s %s is answered %d, not %d: %s", path, body, status, want, answered)
	}
	return answered
}

// wantStatus says what is wrong with the error of a client that was to be refused.
func wantStatus(t *testing.T, what string, err error, status int) {
	t.Helper()
	var refused *client.APIError
	if !errors.As(err, &refused) || refused.StatusCode != status {
		t.Errorf("%s: %v, want the status %d", what, err, status)
	}
}

const given = "Initial-Pass7!"

func newUser(email, role string) *client.UserCreate {
	return &client.UserCreate{Email: email, Username: email, Password: given, Realname: "Ann van Dyke", Permissions: []string{role}, Enabled: true}
}

func TestWallarm_UsersOfEveryRole(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	for _, role := range []string{
		"admin", "analytic", "auditor", "deploy", "api_developer", "partner_admin", "partner_analytic", "partner_auditor",
	} {
		made, err := api.UserCreate(newUser(role+"@example.com", role))
		if err != nil {
			t.Errorf("%s: %v", role, err)
			continue
		}
		user := c.User(role + "@example.com")
		if made.Body.ID != int(user.ID) || user.Status() != store.Active || made.Body.Permissions[0] != role || made.Body.Realname != "Ann van Dyke" ||
			user.FirstName != "Ann" || user.LastName != "van Dyke" {
			t.Errorf("%s: %+v, %+v", role, made.Body, user)
		}
		if signsIn := user.PasswordHash != ""; signsIn == (role == "deploy") {
			t.Errorf("%s: has a password: %v", role, signsIn)
		}
	}
	for _, role := range []string{"admin_ext", "partner_admin_ext", "king", ""} {
		_, err := api.UserCreate(newUser("odd@example.com", role))
		wantStatus(t, role, err, http.StatusUnprocessableEntity)
	}
	if _, err := api.UserCreate(newUser("Admin@example.com", "admin")); !errors.Is(err, client.ErrExistingResource) {
		t.Errorf("an address that is somebody's: %v", err)
	}
	byAdmin := clientWith(c, tokenOf(c, "admin@example.com"))
	for _, role := range []string{"partner_admin", "partner_analytic", "partner_auditor"} {
		_, err := byAdmin.UserCreate(newUser("x"+role+"@example.com", role))
		wantStatus(t, role+" by an Administrator", err, http.StatusForbidden)
	}
	if _, err := byAdmin.UserCreate(newUser("x@example.com", "admin")); err != nil {
		t.Errorf("admin by an Administrator: %v", err)
	}
}

func TestWallarm_UsersAreFoundAsTheyAreAskedFor(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, api := startProgram(t)
	for i, name := range []string{"Cem", "Ann", "Bea"} {
		user := newUser(fmt.Sprintf("u%d@example.com", i), "analytic")
		user.Realname = name + " Smith"
		if _, err := api.UserCreate(user); err != nil {
			t.Fatal(err)
		}
	}
	c.InviteByLink(c.Administrator(), "analyst", "bylink@example.com")
	token := tokenOf(c, "u0@example.com")
	asks(c, token, "/v1/objects/user", `{}`, http.StatusForbidden) // Analysts hold no users.view

	names := func(q *client.UserGet) (names []string) {
		t.Helper()
		found, err := api.UserRead(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range found.Body {
			names = append(names, u.Realname)
		}
		return names
	}
	ann := c.User("u1@example.com")
	for what, ask := range map[string]struct {
		query *client.UserGet
		want  string
	}{
		"by name":           {&client.UserGet{Limit: 1000, OrderBy: "realname"}, "Ann Smith,Bea Smith,Cem Smith,John Doe"},
		"backwards":         {&client.UserGet{Limit: 2, OrderBy: "email", OrderDesc: true}, "Bea Smith,Ann Smith"},
		"id":                {&client.UserGet{Filter: &client.UserFilter{ID: int(ann.ID)}}, "Ann Smith"},
		"uuid":              {&client.UserGet{Filter: &client.UserFilter{UUID: ann.UUID}}, "Ann Smith"},
		"email":             {&client.UserGet{Filter: &client.UserFilter{Email: "U1@Example.com"}}, "Ann Smith"},
		"username":          {&client.UserGet{Filter: &client.UserFilter{Username: "u1@example.com"}}, "Ann Smith"},
		"main tenant":       {&client.UserGet{Limit: 1, OrderBy: "id", Filter: &client.UserFilter{Clientid: []int{1}}}, "John Doe"},
		"unknown tenant":    {&client.UserGet{Filter: &client.UserFilter{Clientid: []int{999}}}, ""},
		"unknown id":        {&client.UserGet{Filter: &client.UserFilter{ID: 999}}, ""},
		"unknown order":     {&client.UserGet{Limit: 1, OrderBy: "; DROP TABLE users"}, "John Doe"},
		"invited by link":   {&client.UserGet{Filter: &client.UserFilter{Email: "bylink@example.com"}}, ""},
		"two that disagree": {&client.UserGet{Filter: &client.UserFilter{Email: "u1@example.com", Username: "u2@example.com"}}, ""},
	} {
		if got := strings.Join(names(ask.query), ","); got != ask.want {
			t.Errorf("%s: %q, not %q", what, got, ask.want)
		}
	}
	admin := tokenOf(c, harness.AdminEmail)
	if got := asks(c, admin, "/v1/objects/user", `{"limit":2,"offset":1,"order_by":"realname","filter":{"id":[1,2,3,4]},"new":{"x":1}}`,
		http.StatusOK); !strings.Contains(got, "Bea Smith") || strings.Contains(got, "Ann Smith") {
		t.Errorf("the second page: %s", got)
	}
	for _, body := range []string{`{`, `[]`, `{} {}`, `{"filter":{"id":"x"}}`, `{"limit":"many"}`} {
		asks(c, admin, "/v1/objects/user", body, http.StatusBadRequest)
	}
	asks(c, admin, "/v1/objects/user", strings.Repeat(" ", 300<<10)+"{}", http.StatusRequestEntityTooLarge)
	asks(c, admin, "/v1/objects/hint", `{}`, http.StatusNotFound)
}

func TestWallarm_ChangesNameExactlyOnePerson(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	staging := c.NewTenant(c.Administrator(), "Staging")
	if _, err := api.UserCreate(newUser("ann@example.com", "analytic")); err != nil {
		t.Fatal(err)
	}
	ann := c.User("ann@example.com")
	token := tokenOf(c, harness.AdminEmail)
	asks(c, token, "/v1/user", ``, http.StatusOK)
	harness.Eventually(t, "the use of the token is noted", func() bool { return c.Count(`SELECT count(*) FROM tokens WHERE last_used_at = 0`) == 0 })
	before := c.Snapshot()
	for _, path := range []string{"/v1/objects/user/update", "/v1/objects/user/delete"} {
		for _, filter := range []string{`{}`, `null`, `{"clientid":[1]}`, `{"realname":"Ann"}`, `{"id":[2,3]}`, `{"email":["a@example.com","b@example.com"]}`} {
			asks(c, token, path, `{"filter":`+filter+`,"fields":{"realname":"X Y"}}`, http.StatusBadRequest)
		}
		for _, filter := range []string{`{"id":999}`, `{"uuid":"x"}`, `{"email":"nobody@example.com"}`, fmt.Sprintf(`{"id":%d,"clientid":[%s]}`, ann.ID, staging)} {
			asks(c, token, path, `{"filter":`+filter+`,"fields":{"realname":"X Y"}}`, http.StatusNotFound)
		}
	}
	c.WantUnchanged(before, "refused changes")
	update := func(fields string, want int) {
		t.Helper()
		asks(c, token, "/v1/objects/user/update", fmt.Sprintf(`{"filter":{"id":%d},"fields":%s}`, ann.ID, fields), want)
	}
	update(`{}`, http.StatusOK)
	update(`{"realname":"Ann Lee","unknown":1}`, http.StatusOK)
	update(`{"permissions":["auditor"],"phone":"+49 30 1"}`, http.StatusOK)
	update(`{"clientid":`+staging+`}`, http.StatusOK)
	update(`{"enabled":false}`, http.StatusOK)
	if got := c.UserByID(ann.ID); got.Name() != "Ann Lee" || got.Role != permission.ReadOnly || got.Phone != "+49 30 1" || got.DisabledAt == 0 ||
		got.PasswordHash != ann.PasswordHash {
		t.Errorf("changed: %+v", got)
	}
	if groups := c.GroupsOf("ann@example.com"); !slices.Equal(groups, []string{"Read Only (Staging)"}) {
		t.Errorf("groups: %v", groups)
	}
	update(`{"enabled":true}`, http.StatusOK)
	before = c.Snapshot()
	update(`{"realname":"Ann Third","permissions":["admin_ext"]}`, http.StatusUnprocessableEntity) // all or nothing
	update(`{"permissions":[]}`, http.StatusUnprocessableEntity)
	update(`{"password":"another password"}`, http.StatusUnprocessableEntity)
	update(`{"clientid":999}`, http.StatusNotFound)
	asks(c, token, "/v1/objects/user/update", `{"filter":{"email":"`+harness.AdminEmail+`"},"fields":{"enabled":false}}`, http.StatusUnprocessableEntity)
	asks(c, token, "/v1/objects/user/delete", `{"filter":{"email":"`+harness.AdminEmail+`"}}`, http.StatusUnprocessableEntity)
	c.WantUnchanged(before, "refused changes")
	if err := api.UserDelete(&client.UserDelete{Filter: &client.UserFilter{UUID: ann.UUID}}); err != nil {
		t.Error(err)
	}
	c.WantCount(0, `SELECT count(*) FROM users WHERE email = 'ann@example.com'`)
}

func TestWallarm_InitialPasswordIsReplacedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	for _, password := range []string{"short7!", "password1", "12345678"} {
		user := newUser("ann@example.com", "analytic")
		user.Password = password
		_, err := api.UserCreate(user)
		wantStatus(t, password, err, http.StatusUnprocessableEntity)
	}
	if _, err := api.UserCreate(newUser("ann@example.com", "analytic")); err != nil {
		t.Fatal(err)
	}
	b := c.Browser()
	signedIn := b.Post("/signin", "email", "ann@example.com", "password", given, "next", "/settings/profile?tab=sessions")
	signedIn.Wants(http.StatusSeeOther).To("/signin/password")
	b.Get("/settings/profile").Wants(http.StatusSeeOther).To("/signin/password")
	b.Post("/settings/profile", "first_name", "X").Wants(http.StatusSeeOther)
	b.Get("/signin/password").Wants(http.StatusOK).Contains("ann@example.com")
	for _, password := range []string{"", given, "short", "ann@example.com"} {
		b.Post("/signin/password", "password", password).Wants(http.StatusUnprocessableEntity)
	}
	b.Post("/signin/password", "password", "a password of my own", "next", "/settings/profile?tab=sessions").
		Wants(http.StatusSeeOther).To("/settings/profile")
	b.Get("/settings/profile").Wants(http.StatusOK)
	if c.Entries("replace initial password", "done") != 1 {
		t.Error("no entry")
	}
	again := c.Browser()
	again.Post("/signin", "email", "ann@example.com", "password", given).Wants(http.StatusUnprocessableEntity)
	again.Post("/signin", "email", "ann@example.com", "password", "a password of my own").Wants(http.StatusSeeOther).To("/")
	again.Post("/signin/password", "password", "a third password").To("/signin")

	if _, err := api.UserCreate(newUser("bea@example.com", "analytic")); err != nil {
		t.Fatal(err)
	}
	c.Enforce() // from now on the token waits for the second factor of its owner
	_, err := api.UserCreate(newUser("cem@example.com", "analytic"))
	wantStatus(t, "a token of somebody without a second factor", err, http.StatusForbidden)
	bea := c.Browser()
	bea.Post("/signin", "email", "bea@example.com", "password", given).Wants(http.StatusSeeOther).To("/signin/password")
	bea.Post("/signin/password", "password", "a password of my own").Wants(http.StatusSeeOther).To("/settings/profile/authenticator")
	bea.Get("/settings/users").Wants(http.StatusSeeOther)
}

func TestWallarm_WithoutAPasswordPeopleAreInvited(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	user := newUser("ann@example.com", "analytic")
	user.Password = ""
	if _, err := api.UserCreate(user); err != nil {
		t.Fatal(err)
	}
	if ann := c.User("ann@example.com"); ann.Status() != store.Invited || ann.PasswordInitial {
		t.Errorf("%+v", ann)
	}
	c.SignupPath("ann@example.com")
	user.Email, user.Enabled = "bea@example.com", false
	_, err := api.UserCreate(user)
	wantStatus(t, "invited and disabled", err, http.StatusUnprocessableEntity)
	user.Password = given
	if _, err := api.UserCreate(user); err != nil {
		t.Error(err)
	}
	if bea := c.User("bea@example.com"); bea.Status() != store.Disabled {
		t.Errorf("%+v", bea)
	}
}

func TestWallarm_Tenants(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	self, err := api.UserDetails()
	if err != nil || self.Body.Clientid != 1 || self.Body.Email != harness.AdminEmail || self.Body.CreateAt.IsZero() {
		t.Fatalf("%+v, %v", self, err)
	}
	read := func(filter client.ClientReadFilter) []client.ClientInfoBody {
		t.Helper()
		found, err := api.ClientRead(&client.ClientRead{Limit: 10, Filter: &filter})
		if err != nil {
			t.Fatal(err)
		}
		return found.Body
	}
	main := read(client.ClientReadFilter{ClientFilter: client.ClientFilter{ID: 1}})
	if len(main) != 1 || main[0].Name != harness.Company || main[0].PartnerUUID == "" {
		t.Fatalf("%+v", main)
	}
	made, err := api.ClientCreate(&client.ClientCreate{Name: "Staging", PartnerUUID: main[0].PartnerUUID})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Body.ID
	if _, err := api.ClientCreate(&client.ClientCreate{Name: "staging"}); !errors.Is(err, client.ErrExistingResource) {
		t.Errorf("a name twice: %v", err)
	}
	_, err = api.ClientCreate(&client.ClientCreate{Name: "Other", PartnerUUID: "x"})
	wantStatus(t, "another partner", err, http.StatusNotFound)
	for what, filter := range map[string]client.ClientReadFilter{
		"name": {Name: "STAGING"}, "uuid": {UUID: made.Body.UUID}, "id": {ClientFilter: client.ClientFilter{ID: id}},
	} {
		if found := read(filter); len(found) != 1 || found[0].UUID != made.Body.UUID || !found[0].Enabled {
			t.Errorf("by %s: %+v", what, found)
		}
	}
	if found := read(client.ClientReadFilter{ClientFilter: client.ClientFilter{ID: 999}}); len(found) != 0 {
		t.Errorf("unknown: %+v", found)
	}
	_, err = api.ClientDelete(&client.ClientDelete{Filter: &client.ClientFilter{ID: id}})
	wantStatus(t, "deleted while enabled", err, http.StatusUnprocessableEntity)
	off := false
	if _, err := api.ClientUpdate(&client.ClientUpdate{Filter: &client.ClientFilter{ID: id}, Fields: &client.ClientFields{Enabled: &off}}); err != nil {
		t.Fatal(err)
	}
	if found := read(client.ClientReadFilter{Enabled: true}); len(found) != 1 {
		t.Errorf("enabled: %+v", found)
	}
	if gone, err := api.ClientDelete(&client.ClientDelete{Filter: &client.ClientFilter{ID: id}}); err != nil || !slices.Equal(gone.Body, []int{id}) {
		t.Errorf("deleted: %+v, %v", gone, err)
	}
	_, err = api.ClientDelete(&client.ClientDelete{Filter: &client.ClientFilter{ID: id}})
	wantStatus(t, "deleted twice", err, http.StatusNotFound)
	_, err = api.ClientDelete(&client.ClientDelete{Filter: &client.ClientFilter{ID: 1}})
	wantStatus(t, "the main one", err, http.StatusUnprocessableEntity)
	token := tokenOf(c, harness.AdminEmail)
	asks(c, token, "/v1/objects/client/delete", `{"filter":{}}`, http.StatusBadRequest)
	asks(c, token, "/v1/objects/client?limit=x", ``, http.StatusBadRequest)

	if _, err := api.UserCreate(newUser("admin@example.com", "admin")); err != nil {
		t.Fatal(err)
	}
	_, err = clientWith(c, tokenOf(c, "admin@example.com")).ClientCreate(&client.ClientCreate{Name: "Theirs"})
	wantStatus(t, "by an Administrator", err, http.StatusForbidden)
}

// TestWallarm_TokensAndCookiesStayApart: a cookie lets nobody into the API, and a token opens no page. So no other site can make a
// browser ask: it would have to send the header, which browsers send to another origin only after asking for leave, and none is given.
func TestWallarm_TokensAndCookiesStayApart(t *testing.T) {
	t.Parallel()
	c, _ := startProgram(t)
	admin, token := c.Administrator(), tokenOf(c, harness.AdminEmail)
	before := c.Snapshot()
	for path, body := range map[string]string{
		"/v1/user": ``, "/v1/objects/user": `{}`, "/v1/objects/user/delete": `{"filter":{"id":1}}`, "/v1/objects/client/create": `{"name":"X"}`,
	} {
		answer := admin.Do(http.MethodPost, path, strings.NewReader(body), "application/json")
		answer.Wants(http.StatusUnauthorized)
		if !json.Valid([]byte(answer.Body)) || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %q, %v", path, answer.Body, answer.Header)
		}
		preflight := admin.Do(http.MethodOptions, path, nil, "")
		for name := range preflight.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: the console allows other origins: %s", path, name)
			}
		}
	}
	for _, page := range []string{"/settings/users", "/settings/profile", "/"} {
		if status, _ := request(c, token, http.MethodGet, page, ""); status != http.StatusOK { // the client follows to the sign-in page
			t.Errorf("%s: %d", page, status)
		}
		if _, body := request(c, token, http.MethodGet, page, ""); !strings.Contains(body, "Forgot your password?") {
			t.Errorf("%s is opened by a token", page)
		}
	}
	c.WantUnchanged(before, "cookies without tokens")
	for _, wrong := range []string{"", "WRONG", strings.Repeat("A", 64), token[:63], token + "A"} {
		asks(c, wrong, "/v1/objects/user", `{}`, http.StatusUnauthorized)
	}
	for _, end := range []string{`disabled_at = 1`, `disabled_at = 0, expires_at = 1`} {
		c.Exec(`UPDATE tokens SET ` + end + ` WHERE id = (SELECT max(id) FROM tokens)`)
		asks(c, token, "/v1/user", ``, http.StatusUnauthorized)
	}
}

// TestWallarm_NoSecretLeaves looks for everything secret in everything that programs can read.
func TestWallarm_NoSecretLeaves(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	token := tokenOf(c, harness.AdminEmail)
	if _, err := api.UserCreate(newUser("ann@example.com", "analytic")); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, i := range integrationsSent() {
		i.Body["clientid"], i.Body["name"] = 1, i.Type
		body, err := json.Marshal(i.Body)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(asks(c, token, i.path(), string(body), http.StatusOK))
	}
	invited := newUser("bea@example.com", "analytic")
	invited.Password = ""
	if _, err := api.UserCreate(invited); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{
		"/v1/user": ``, "/v1/objects/user": `{}`, "/v1/objects/client?limit=10": ``, "/v2/integration": ``, "/v2/clients/1/triggers": ``,
	} {
		all.WriteString(asks(c, token, path, body, http.StatusOK))
	}
	secrets := []string{given, token, "argon2", "whsec_", "/signup/", "SECRET"}
	secrets = append(secrets, c.Column(`SELECT password_hash FROM users WHERE password_hash <> ''`)...)
	secrets = append(secrets, c.Column(`SELECT lower(hex(hash)) FROM tokens`)...)
	for _, secret := range secrets {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%q is in what programs read", secret)
		}
	}
	c.WantNoTrace(given)
}
