package api

import (
	"net/http"
	"reflect"
	"slices"

	"console/handlers"
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
		if err := decode(c, o, &in); err != nil {
			return err
		}
		out, err := method(a, c, in)
		if err != nil {
			return err
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

// Versioned reports whether the operation changes something that has a version, which the request has to name.
func (o Operation) Versioned() bool {
	return hasField(o.In, "header", headerIfMatch)
}

// hasField reports whether a struct has a field of a name under a tag.
func hasField(t reflect.Type, tag, name string) bool {
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get(tag) == name })
}
