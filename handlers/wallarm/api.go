// Package wallarm is the API in the shape of the public Go client github.com/wallarm/wallarm-go v0.13.0, so that scripts made for it and
// the Terraform provider for users, tenants, triggers and integrations work with this console. Its handlers decode, call the account
// and encode; what is allowed is decided there.
package wallarm

import (
	"encoding/json"
	"net/http"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
)

// tokenHeader carries the token of a request.
const tokenHeader = "X-WallarmApi-Token" //nolint:gosec // the name of a header, no credential

// API answers programs.
type API struct {
	account *account.Service
	baseURL string // what they are told people reach the console by
}

// New returns the API of an account.
func New(service *account.Service, baseURL string) *API { return &API{service, baseURL} }

// Programs are the routes, and how the client expects to be told what failed.
func (a *API) Programs() handlers.Programs {
	return handlers.Programs{Prefixes: []string{"/v1/", "/v2/"}, Routes: a.Routes(), Fail: fail,
		Token: func(r *http.Request) string { return r.Header.Get(tokenHeader) }}
}

// Routes is the map of the API. What a route takes is asked for before its body is read. Whether somebody may be changed by the owner
// of a token, or a role given, the account decides.
func (a *API) Routes() []handlers.Route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	holding := handlers.Holding
	return []handlers.Route{
		{Method: post, Path: "/v1/user", Needs: handlers.SignedIn, Handle: a.self},
		{Method: post, Path: "/v1/objects/user", Needs: holding(permission.UsersView), Handle: a.readUsers},
		{Method: post, Path: "/v1/objects/user/create", Needs: holding(permission.UsersCreate), Handle: a.createUser},
		{Method: post, Path: "/v1/objects/user/update", Needs: holding(permission.UsersUpdate), Handle: a.updateUser},
		{Method: post, Path: "/v1/objects/user/delete", Needs: holding(permission.UsersDelete), Handle: a.deleteUser},

		{Method: get, Path: "/v1/objects/client", Needs: holding(permission.TenantsView), Handle: a.readClients},
		{Method: post, Path: "/v1/objects/client/create", Needs: holding(permission.TenantsCreate), Handle: a.createClient},
		{Method: post, Path: "/v1/objects/client/update", Needs: holding(permission.TenantsUpdate), Handle: a.updateClient},
		{Method: post, Path: "/v1/objects/client/delete", Needs: holding(permission.TenantsDelete), Handle: a.deleteClient},

		{Method: get, Path: "/v2/integration", Needs: holding(permission.IntegrationsView), Handle: a.readIntegrations},
		{Method: post, Path: "/v2/integration", Needs: holding(permission.IntegrationsCreate), Handle: a.createIntegration},
		{Method: post, Path: "/v2/integration/telegram", Needs: holding(permission.IntegrationsCreate), Handle: a.createTelegram},
		{Method: put, Path: "/v2/integration/:id", Needs: holding(permission.IntegrationsUpdate), Handle: a.updateIntegration},
		{Method: del, Path: "/v2/integration/:id", Needs: holding(permission.IntegrationsDelete), Handle: a.deleteIntegration},

		{Method: get, Path: "/v2/clients/:client/triggers", Needs: holding(permission.TriggersView), Handle: a.readTriggers},
		{Method: post, Path: "/v2/clients/:client/triggers", Needs: holding(permission.TriggersCreate), Handle: a.createTrigger},
		{Method: put, Path: "/v2/clients/:client/triggers/:id", Needs: holding(permission.TriggersUpdate), Handle: a.updateTrigger},
		{Method: del, Path: "/v2/clients/:client/triggers/:id", Needs: holding(permission.TriggersDelete), Handle: a.deleteTrigger},
	}
}

// answer is what the client reads: the status once more, and what was asked for or why not.
type answer struct {
	Status int `json:"status"`
	Body   any `json:"body"`
}

func done(c handlers.Request, body any) error {
	return send(c, http.StatusOK, answer{http.StatusOK, body})
}

// send answers with JSON and nothing behind it: the client compares some answers to the letter.
func send(c handlers.Request, status int, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.JSONBlob(status, encoded)
}

// programWords are what programs are told in place of words that speak of pages, by code.
var programWords = map[account.Code]string{
	account.NotFound: "There is nothing that is named so, or it has been deleted. Look for it in its list.",
	account.Stale:    "Others were changing this at the same moment, so nothing was done. Send the change again.",
	account.MainTenant: "The main tenant has the company's name and cannot be disabled or deleted. " +
		"Its name is that of the company, and is changed there.",
}

// fail answers a request that was refused or failed. The client takes 409 for an address that is somebody's, and for nothing else.
func fail(c handlers.Request, f handlers.Failure) error {
	if words, known := programWords[f.Code]; known {
		f.Words = words
	}
	switch {
	case f.Code == account.Taken:
		f.Status = http.StatusConflict
	case f.Status == http.StatusConflict:
		f.Status = http.StatusUnprocessableEntity
	case f.Code == "" && f.Status == http.StatusNotFound, f.Status == http.StatusMethodNotAllowed:
		f.Words = "This console has no such address for programs. It serves users, tenants, triggers and integrations."
	case f.Status == http.StatusRequestEntityTooLarge:
		f.Words = "The body is too large: it has at most 256 KiB."
	case f.Status >= http.StatusInternalServerError && f.Refusal == nil:
		f.Words += " Request " + f.RequestID + "."
	}
	return send(c, f.Status, answer{f.Status, f.Words})
}
