package handlers

import (
	"context"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/trace"
	"console/store"
)

// echoContext is embedded under this name, because request has a method Context.
type echoContext = echo.Context

// request is what a handler answers: echo's context, with what the console's handlers read of one again and again.
type request struct{ echoContext }

// Request names request for packages that bring routes of their own.
type Request = request

// handler answers the requests of a route.
type handler func(request) error

// withID is the handler of a path with an id; anything but a positive number is not found.
func withID(handle func(c request, id int64) error) handler {
	return func(c request) error {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil || id <= 0 {
			return echo.ErrNotFound
		}
		return handle(c, id)
	}
}

// Context ends when the browser hangs up.
func (c request) Context() context.Context { return c.Request().Context() }

// RequestID is that of the log and of error pages.
func (c request) RequestID() string { return trace.Of(c.Context()).ID }

// IsHTMX says that a part of a page is asked for.
func (c request) IsHTMX() bool { return c.Request().Header.Get("HX-Request") == "true" }

// Session returns the session, however far its sign-in has come, or nil.
func (c request) Session() *account.SignedIn {
	session, _ := c.Get(keySession).(*account.SignedIn)
	return session
}

// SignedIn returns the session of somebody who has shown all that is asked of them, or nil.
func (c request) SignedIn() *account.SignedIn {
	if session := c.Session(); session != nil && session.Stage == store.Finished {
		return session
	}
	return nil
}

// Actor returns who asks. Only routes that need a session or a token call it.
func (c request) Actor() account.Actor {
	if by, is := c.program(); is {
		return by
	}
	return c.Session().Actor
}

// Confirming is who asks, with the preview that they have seen before they sent the form.
func (c request) Confirming() account.Actor {
	by := c.Actor()
	by.Confirms = c.FormValue("confirm")
	return by
}

// ID returns the number in a field of the form or the query, or 0.
func (c request) ID(field string) int64 {
	id, _ := strconv.ParseInt(c.FormValue(field), 10, 64)
	return id
}

// IDs returns the positive numbers in a repeated field.
func (c request) IDs(field string) []int64 {
	var ids []int64
	for _, text := range form(c, nil).Values[field] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// Int returns a number that is no id, or 0.
func (c request) Int(field string) int {
	n, _ := strconv.Atoi(c.FormValue(field))
	return n
}

// QueryID returns the number in a field of the query, whatever the form says, or 0.
func (c request) QueryID(name string) int64 {
	id, err := strconv.ParseInt(c.QueryParam(name), 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}
