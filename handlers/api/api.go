// Package api is the console's own API, under /api/v1/: what people do on pages, programs do here, by the same operations of the
// account. Its handlers decode, call the account and encode; what is allowed is decided there. operations.go is the map, from which the
// document openapi.json is made (make generate).
package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// prefix is what all addresses of the API begin with.
const prefix = "/api/v1"

// API answers programs.
type API struct {
	account  *account.Service
	baseURL  string // where people reach the console, without a slash at its end
	basePath string
	brand    string
	export   handlers.ActivityExport
	docs     func() ([]byte, error) // the page for people
}

// New returns the API of an account that people reach at base, under the name of a brand.
func New(base *url.URL, brand string, export handlers.ActivityExport) *API {
	a := &API{account: export.Account, baseURL: strings.TrimSuffix(base.String(), "/"), basePath: base.Path, brand: brand, export: export}
	a.docs = sync.OnceValues(a.readPage)
	return a
}

// Programs are the routes, and how programs are told what failed.
func (a *API) Programs() handlers.Programs {
	return handlers.Programs{Prefixes: []string{"/api/"}, Routes: a.Routes(), Token: token, Fail: fail}
}

// Routes is the map of the API. What an operation needs is asked before its body is read; what
// depends on its object, the account asks for.
func (a *API) Routes() []handlers.Route {
	routes := []handlers.Route{
		{Method: http.MethodGet, Path: prefix + "/openapi.json", Needs: handlers.Anyone, Handle: a.describe},
		{Method: http.MethodGet, Path: prefix + "/", Needs: handlers.Anyone, Handle: a.showDocs},
	}
	for _, o := range Operations() {
		routes = append(routes, handlers.Route{Method: o.Method, Path: prefix + echoPath(o.Path), Needs: o.Needs,
			Handle: func(c handlers.Request) error { return o.handle(a, o, c) }})
	}
	return routes
}

// echoPath is a path of the document as the router has it: /users/{id} is /users/:id.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// token reads the token of a request from either of the two headers.
func token(r *http.Request) string {
	scheme, value, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	return r.Header.Get("X-WallarmApi-Token")
}

// What an answer can be besides its fields.
type (
	versioned interface{ version() int64 }                // its version is the ETag
	located   interface{ location() string }              // it was made, and has an address under the API
	listed    interface{ signed(c handlers.Request) any } // a page, whose cursor is one of the list that was asked for
)

// none is the answer of what has nothing to say.
type none struct{}

// send answers with what an operation returned.
func send(a *API, o Operation, c handlers.Request, out any) error {
	header := c.Response().Header()
	header.Set("Cache-Control", "no-store")
	if v, is := out.(versioned); is {
		header.Set("ETag", `"`+tagOf(v.version())+`"`)
		if o.Method == http.MethodGet && knows(c.Request(), v.version()) {
			return c.NoContent(http.StatusNotModified)
		}
	}
	if _, nothing := out.(none); nothing {
		return c.NoContent(http.StatusNoContent)
	}
	if l, is := out.(located); is && o.Status == http.StatusCreated {
		header.Set("Location", a.baseURL+prefix+l.location())
	}
	if l, is := out.(listed); is {
		out = l.signed(c)
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return c.JSONBlob(o.Status, append(encoded, '\n'))
}
