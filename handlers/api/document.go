package api

import (
	_ "embed"
	"net/http"

	"console/handlers"
)

// described is what the program in describe has made of Operations.
//
//go:embed openapi.json
var described []byte

// Document is the description of the API, as OpenAPI 3.1.
func Document() []byte { return described }

// describe answers with the description of the API. It is the same for everybody and says nothing of the account.
func (a *API) describe(c handlers.Request) error {
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "application/json", described)
}
