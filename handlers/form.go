package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"console/internal/account"
	"console/views"
)

// formMemory is more than any form may be long: no part of one is written to a file.
const formMemory = 32 << 20

// parseForm reads the form that a request carries, however its type is written: "Multipart/Form-Data" is the same (RFC 9110 §8.3.1).
func parseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := r.ParseMultipartForm(formMemory); !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}

// refusal is what a form has to say about err, or nil where err is no matter of the form.
func refusal(err error) account.Fields {
	if refused := account.AsRefusal(err); refused != nil {
		return refused.Fields
	}
	return nil
}

// formError is what an edit form has to say about err, and with which status: 422 for what was typed, 409 for a form
// that is out of date. It is nil where err is no matter of the form.
func formError(err error) (account.Fields, int) {
	if account.RefusedBy(err, account.Stale) {
		words := "Somebody else has changed this meanwhile. What you typed is kept: save again to replace their change."
		return account.Fields{"": words}, http.StatusConflict
	}
	if refused := refusal(err); refused != nil {
		return refused, statuses[account.AsRefusal(err).Code]
	}
	return nil, http.StatusUnprocessableEntity
}

// confirmation is the form of a page that asks before something is done, and the status of the answer: asked for the first
// time or, where err says so, because what it would do has changed since.
func confirmation(c request, err error) (views.Form, int) {
	refused, status := formError(err)
	if refused == nil {
		return views.Form{}, http.StatusOK
	}
	return form(c, refused), status
}

// form is what the browser sent, with what was refused of it.
func form(c request, refused account.Fields) views.Form {
	values, err := c.FormParams()
	if err != nil {
		values = url.Values{}
	}
	return views.Form{Values: values, Errors: refused}
}

// again is a form that was refused. It keeps the version it was sent with, so that a change of somebody else's is noticed the
// next time too. One that was out of date has said so, and can be sent once more.
func again(c request, refused account.Fields, status int, version int64) views.Form {
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
