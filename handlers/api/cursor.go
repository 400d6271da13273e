package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// paging is which part of a list is asked for.
type paging struct {
	Limit  int    `query:"limit" json:"-" minimum:"1" maximum:"1000" default:"50" description:"How many at most."`
	Cursor string `query:"cursor" json:"-" description:"The field next of the page before, of the same list with the same filters; without it the list begins."`
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" description:"The cursor of the next page; empty at the end."`
}

// signed is the page with the cursor of the list that a request has asked for.
func (p page[T]) signed(c handlers.Request) any {
	if p.Next != "" {
		p.Next = cursorOf(c, p.Next)
	}
	return p
}

// A cursor is the place where a list goes on, behind a checksum over it and the list that it is of. It keeps mistakes from passing for
// the beginning of a list, which a program would read for ever; it is no secret, and who makes up a place gets no more than without one.

// checksumLength is how many characters the checksum has.
const checksumLength = 11

// keyList is under which a request keeps what tells the list that it asks for from others.
const keyList = "list"

// cursorOf is the cursor of a place in the list that a request asks for.
func cursorOf(c echo.Context, place string) string {
	list, _ := c.Get(keyList).(string)
	sum := sha256.Sum256([]byte(list + place))
	return base64.RawURLEncoding.EncodeToString(sum[:8]) + place
}

// openCursor replaces the cursor that a request for a list has brought by its place, or says that it is none of this list.
func openCursor(c echo.Context, o Operation, in reflect.Value, wrong account.Fields) {
	if !o.Lists() {
		return
	}
	c.Set(keyList, listOf(o, in))
	cursor := in.FieldByName("Cursor")
	given := cursor.String()
	if given == "" {
		return
	}
	place := given[min(checksumLength, len(given)):]
	if place == "" || cursorOf(c, place) != given {
		wrong["cursor"] = "This is no cursor of this list. Send what the page before has in next, with the same filters; " +
			"without a cursor the list begins."
		return
	}
	cursor.SetString(place)
}

// listOf tells a list from others: it is what is asked for, but for the cursor and the limit.
func listOf(o Operation, in reflect.Value) string {
	var list strings.Builder
	list.WriteString(o.ID + "\n")
	for _, f := range reflect.VisibleFields(in.Type()) {
		if name := f.Tag.Get("path") + f.Tag.Get("query"); name != "" && name != "cursor" && name != "limit" {
			fmt.Fprintf(&list, "%s=%q\n", name, fmt.Sprint(in.FieldByIndex(f.Index)))
		}
	}
	return list.String()
}
