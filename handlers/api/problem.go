package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// Problem is why a request was not carried out, as RFC 9457 has it.
type Problem struct {
	Type       string       `json:"type" description:"urn:console: and the code."`
	Title      string       `json:"title"`
	Status     int          `json:"status"`
	Detail     string       `json:"detail" description:"What is the matter and what to do, in sentences."`
	Code       string       `json:"code" description:"What programs go by."`
	Rule       string       `json:"rule,omitempty" description:"The rule that refuses it, where one does; docs/rules.md explains each."`
	Permission string       `json:"permission,omitempty" description:"The permission that is missing."`
	RequestID  string       `json:"request_id" description:"By which logs are searched."`
	Errors     []FieldError `json:"errors,omitempty" description:"The fields that are refused."`
}

// FieldError is why a field is refused.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// fail answers a request that was refused or failed.
func fail(c handlers.Request, f handlers.Failure) error {
	p := Problem{Title: f.Title, Status: f.Status, Detail: f.Words, Code: string(f.Code), RequestID: f.RequestID}
	if refused := f.Refusal; refused != nil {
		p.Rule = refused.Rule()
		if refused.Lack != nil {
			p.Permission = refused.Lack.Missing.Permission.String()
		}
		for _, name := range slices.Sorted(maps.Keys(refused.Fields)) {
			if name != "" {
				p.Errors = append(p.Errors, FieldError{name, refused.Fields[name]})
			}
		}
	}
	if words, known := details[f.Code]; known {
		p.Detail = words
	}
	switch f.Code {
	case account.Stale:
		p.Status = http.StatusPreconditionFailed
	case account.Taken:
		p.Status = http.StatusConflict
	case account.Forbidden:
		p.Detail += " A token may do what it was given, as far as its owner may: GET " + prefix + "/me says what that is."
	case account.Invalid:
		p.Detail = p.inFields()
	case "":
		p.Code = codes[f.Status]
		if words, known := statusDetails[f.Status]; known {
			p.Detail = words
		}
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	p.Type = "urn:console:" + p.Code
	encoded, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(p.Status, "application/problem+json", append(encoded, '\n'))
}

// inFields is the detail with the names of the fields that it is about, so that it can be understood where it stands alone.
func (p Problem) inFields() string {
	if len(p.Errors) == 0 {
		return p.Detail
	}
	said := make([]string, len(p.Errors))
	for i, e := range p.Errors {
		said[i] = e.Field + ": " + e.Detail
	}
	return strings.Join(said, " ")
}

// details are what programs are told in place of words that speak of pages, by code.
var details = map[account.Code]string{
	account.NotFound: "There is nothing with this id, or it has been deleted. Look for it in its list.",
	account.Stale:    "Somebody else has changed this since it was read. Read it again, then make the change with its new ETag.",
	account.ChangedPreview: "What this does has changed since the preview was made. Nothing was done. " +
		"Make the preview again, and confirm that one.",
	account.MainTenant: "The main tenant has the company's name and cannot be disabled or deleted. " +
		"To rename it, change the name of the company: PATCH " + prefix + "/settings/company.",
	handlers.Undecided: "The connection to the database was lost while this was saved, so it may have been done or not. " +
		"Look before you repeat it, or repeat it with the same Idempotency-Key.",
}

// statusDetails are the same for what is refused before an operation looks at it, by status.
var statusDetails = map[int]string{
	http.StatusNotFound:              "The API has no such address. See " + prefix + "/openapi.json.",
	http.StatusMethodNotAllowed:      "This address is not asked with this method. The header Allow has those that it takes.",
	http.StatusRequestEntityTooLarge: "The body is too large: it has at most 256 KiB, and that of an import 3 MiB.",
}

// codes are those of what is refused before an operation looks at it, by status.
var codes = map[int]string{
	http.StatusBadRequest:            "unreadable",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "no_such_address",
	http.StatusMethodNotAllowed:      "no_such_method",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusPreconditionRequired:  "version_missing",
	http.StatusInternalServerError:   "failed",
	http.StatusServiceUnavailable:    "unavailable",
}

// Refusals are the statuses with which an operation can be refused or fail.
func Refusals(o Operation) []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	if o.Method != http.MethodGet {
		statuses = append(statuses, http.StatusConflict, http.StatusRequestEntityTooLarge)
	}
	if o.Versioned() {
		statuses = append(statuses, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
	}
	return statuses
}
