package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"console/handlers"
	"console/internal/account"
)

// Operation is one thing that a program can ask for.
type Operation struct {
	Method string
	Path   string // under the prefix, as in /users/{id}
	ID     string // of the document; generated clients name their methods by it
	About  string // a sentence
	Status int    // of its answer
	Needs  handlers.Need
	answer
}

// answer is what answers an operation, with the types of what it is asked with and what it answers.
type answer struct {
	In, Out reflect.Type
	File    string // the content type of what is answered in place of Out; empty: it is Out, as JSON
	handle  func(*API, Operation, handlers.Request) error
}

// by is the answer that a method gives.
func by[In, Out any](method func(*API, handlers.Request, In) (Out, error)) answer {
	return answer{In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out](), handle: func(a *API, o Operation, c handlers.Request) error {
		var in In
		if err := a.chooseVersion(c, o); err != nil {
			return err
		}
		if err := decode(c, o, &in); err != nil {
			return a.staleFirst(c, o, err)
		}
		out, err := method(a, c, in)
		if err != nil {
			return a.staleFirst(c, o, err)
		}
		return send(a, o, c, out)
	}}
}

// file is the answer of a method that writes a file of a kind itself, however long that takes.
func file[In any](kind string, method func(*API, handlers.Request, In) error) answer {
	return answer{In: reflect.TypeFor[In](), File: kind, handle: func(a *API, o Operation, c handlers.Request) error {
		var in In
		if err := decode(c, o, &in); err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return method(a, c, in)
	}}
}

// Creates reports whether the operation makes something: such a request may carry an idempotency key.
func (o Operation) Creates() bool { return o.Status == http.StatusCreated }

// Lists reports whether the operation answers a list, page by page.
func (o Operation) Lists() bool { return hasField(o.In, "query", "cursor") }

// Versioned reports whether the operation changes something that has a version, which the request has to name.
func (o Operation) Versioned() bool {
	return hasField(o.In, "header", headerIfMatch)
}

// versionedObjects are what the activity log calls the things that have a version, by the section of their operations.
var versionedObjects = map[string]string{"users": "user", "groups": "group", "tenants": "tenant", "triggers": "trigger",
	"integrations": "integration", "settings": "account"}

// versionedObject is what the activity log calls what the operation changes, which has a version.
func (o Operation) versionedObject() string {
	section, _, _ := strings.Cut(strings.TrimPrefix(o.Path, "/"), "/")
	return versionedObjects[section]
}

// staleFirst is why an operation is refused. Of a change whose fields are wrong it says first that what it is to change is not there, not
// for the token to change, or another by now: whoever reads it again may find other fields to be wrong, or none.
func (a *API) staleFirst(c handlers.Request, o Operation, err error) error {
	if !o.Versioned() || !account.RefusedBy(err, account.Invalid) {
		return err
	}
	version, missing := ifMatch(c)
	if missing != nil {
		return missing
	}
	first := a.account.RequireCurrent(c.Context(), c.Actor(), o.versionedObject(), positive(c.Param("id")), version)
	if first != nil {
		return first
	}
	return err
}

// hasField reports whether a struct has a field of a name under a tag.
func hasField(t reflect.Type, tag, name string) bool {
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get(tag) == name })
}
