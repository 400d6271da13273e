package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"console/internal/account"
	"console/store"
	"console/views"

	"github.com/labstack/echo/v4"
)

// refusal is what a form has to say about err, or nil where err is no matter of the form.
func refusal(err error) account.Invalid {
	var refused account.Invalid
	var taken *account.Taken
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &taken):
		return account.Invalid{"email": taken.Error()}
	}
	return nil
}

// formError is what an edit form has to say about err, and with which status: 422 for what was typed, 409 for a form
// that is out of date. It is nil where err is no matter of the form.
func formError(err error) (account.Invalid, int) {
	if errors.Is(err, store.ErrStale) {
		return account.Invalid{"": "Somebody else has changed this meanwhile. What you typed is kept: save again to replace their change."}, http.StatusConflict
	}
	return refusal(err), http.StatusUnprocessableEntity
}

// form is what the browser sent, with what was refused of it.
func form(c echo.Context, refused account.Invalid) views.Form {
	values, err := c.FormParams()
	if err != nil {
		values = url.Values{}
	}
	return views.Form{Values: values, Errors: refused}
}

// again is a form that was refused. It keeps the version it was sent with, so that a change of somebody else's is noticed the
// next time too. One that was out of date has said so, and can be sent once more.
func again(c echo.Context, refused account.Invalid, status int, version int64) views.Form {
	f := form(c, refused)
	if status == http.StatusConflict {
		f.Values.Set("version", strconv.FormatInt(version, 10))
	}
	return f
}

// values is a form that has not been sent yet, with these pairs of names and values.
func values(pairs ...string) views.Form {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return views.Form{Values: v}
}

// pathID returns the id in the path; anything but a positive number is not found.
func pathID(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, echo.ErrNotFound
	}
	return id, nil
}

// formID returns a number from the form, or 0.
func formID(c echo.Context, field string) int64 {
	id, _ := strconv.ParseInt(c.FormValue(field), 10, 64)
	return id
}

// formIDs returns the numbers of a repeated field.
func formIDs(c echo.Context, field string) []int64 {
	var ids []int64
	for _, text := range form(c, nil).Values[field] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func formInt(c echo.Context, field string) int {
	n, _ := strconv.Atoi(c.FormValue(field))
	return n
}

// queryID returns a number from the query, or 0.
func queryID(c echo.Context, name string) int64 {
	id, err := strconv.ParseInt(c.QueryParam(name), 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}
