package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// headerIdempotency carries the key of a request that may be sent again.
const headerIdempotency = "Idempotency-Key"

// decode reads a request into a struct: fields tagged path, query or header from there, those tagged json from the body. What the
// struct does not know is refused, and all fields that are wrong are named at once.
func decode(c echo.Context, o Operation, into any) error {
	target := reflect.ValueOf(into).Elem()
	wrong := account.Fields{}
	query := c.QueryParams()
	body, err := readBody(c, o)
	if err != nil {
		return err
	}
	for _, f := range reflect.VisibleFields(target.Type()) {
		if f.Anonymous {
			continue
		}
		field := target.FieldByIndex(f.Index)
		switch {
		case f.Tag.Get("path") != "":
			if field.SetInt(positive(c.Param(f.Tag.Get("path")))); field.Int() == 0 {
				return account.Refuse(account.NotFound)
			}
		case f.Tag.Get("header") == headerIfMatch:
			version, err := ifMatch(c)
			if err != nil {
				return err
			}
			field.SetString(tagOf(version))
		case f.Tag.Get("query") != "":
			fromQuery(f, field, query, wrong)
			query.Del(f.Tag.Get("query"))
		default:
			fromBody(f, field, body, wrong)
			delete(body, jsonName(f))
		}
	}
	openCursor(c, o, target, wrong)
	for name := range query {
		wrong[name] = "There is no such parameter here."
	}
	for name := range body {
		wrong[name] = "There is no such field here."
	}
	return wrong.Refusal()
}

// jsonName is what a field is called in the body; "-" where it does not stand there.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// readBody returns the fields of the body, of an operation that has some. Each of them stands there once.
func readBody(c echo.Context, o Operation) (map[string]json.RawMessage, error) {
	if o.Method == http.MethodGet || o.Method == http.MethodDelete {
		return nil, nil
	}
	whole, err := io.ReadAll(c.Request().Body)
	if err != nil {
		if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
			return nil, err
		}
		return nil, unreadable("The body did not arrive as a whole. Send it again.")
	}
	if o.Creates() {
		if err := readIdempotencyKey(c, whole); err != nil {
			return nil, err
		}
	}
	if whole = bytes.TrimSpace(whole); len(whole) == 0 {
		whole = []byte("{}")
	}
	if !json.Valid(whole) || whole[0] != '{' {
		return nil, unreadable("The body is no JSON object.")
	}
	fields := map[string]json.RawMessage{}
	twice := account.Fields{}
	decoder := json.NewDecoder(bytes.NewReader(whole))
	for _, _ = decoder.Token(); decoder.More(); {
		name, err := decoder.Token()
		if err != nil {
			return nil, unreadable("The body is no JSON object.")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, unreadable("The body is no JSON object.")
		}
		if _, is := fields[name.(string)]; is {
			twice[name.(string)] = "This field stands there twice."
		}
		fields[name.(string)] = value
	}
	return fields, twice.Refusal()
}

// unreadable is a request that cannot be understood.
func unreadable(words string) error { return echo.NewHTTPError(http.StatusBadRequest, words) }

// fromBody reads a field of the body.
func fromBody(f reflect.StructField, field reflect.Value, body map[string]json.RawMessage, wrong account.Fields) {
	name := jsonName(f)
	raw, is := body[name]
	switch {
	case !is && f.Tag.Get("required") == "true":
		wrong[name] = "This field is missing."
		return
	case !is:
		return
	case bytes.Equal(raw, []byte("null")):
		wrong[name] = "This field is null. Leave it out where nothing is to be said."
		return
	}
	if inner, twice := handlers.FieldTwice(raw); twice {
		wrong[name] = "The field " + strconv.Quote(inner) + " stands in it twice."
		return
	}
	known, unknown := handlers.ExactFields(raw, field.Type())
	if err := json.Unmarshal(known, field.Addr().Interface()); err != nil {
		wrong[name] = "This is no " + kindWords(field.Type()) + "."
		return
	}
	if len(unknown) > 0 {
		wrong[name] = "There is no field " + strconv.Quote(unknown[0]) + " in it."
		return
	}
	refuseOutside(name, f, field, wrong)
}

// refuseOutside refuses a value of the body that is none of those allowed, also within an object: settings.site.
func refuseOutside(name string, f reflect.StructField, field reflect.Value, wrong account.Fields) {
	if reason := outside(f, field); reason != "" {
		wrong[name] = reason
	}
	object := reflect.Indirect(field)
	if object.Kind() != reflect.Struct || object.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	for _, inner := range reflect.VisibleFields(object.Type()) {
		refuseOutside(name+"."+jsonName(inner), inner, object.FieldByIndex(inner.Index), wrong)
	}
}

// fromQuery reads a parameter of the query.
func fromQuery(f reflect.StructField, field reflect.Value, query url.Values, wrong account.Fields) {
	name := f.Tag.Get("query")
	values, is := query[name]
	_, hasDefault := f.Tag.Lookup("default")
	if _, chosen := f.Tag.Lookup("enum"); chosen && hasDefault && len(values) == 1 && values[0] == "" {
		is = false // as forms send what is not chosen
	}
	if !is {
		if absent, has := f.Tag.Lookup("default"); has {
			values = []string{absent}
		} else if f.Tag.Get("required") == "true" {
			wrong[name] = "This parameter is missing."
		}
	}
	for i, text := range values {
		if i > 0 && field.Kind() != reflect.Slice {
			wrong[name] = "This parameter stands there twice."
			return
		}
		if !setText(field, text) {
			wrong[name] = "This is no " + kindWords(field.Type()) + "."
			return
		}
	}
	if reason := outside(f, field); is && reason != "" {
		wrong[name] = reason
	}
}

// setText sets a field from a text. It returns false for one that does not fit.
func setText(field reflect.Value, text string) bool {
	switch into := field.Addr().Interface().(type) {
	case *time.Time:
		at, err := time.Parse(time.RFC3339, text)
		*into = at
		return err == nil
	case *bool:
		*into = text == "true"
		return text == "true" || text == "false"
	case *[]string:
		*into = append(*into, text)
		return true
	case *[]int64:
		id := positive(text)
		*into = append(*into, id)
		return id != 0
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
		return true
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		field.SetInt(n)
		return err == nil
	}
	return false
}

// outside says why a value is none of those that the field's tags allow, which the document shows; "" where it is one.
func outside(f reflect.StructField, field reflect.Value) string {
	if field.Kind() == reflect.Pointer {
		if field.IsNil() {
			return ""
		}
		field = field.Elem()
	}
	if choices, has := f.Tag.Lookup("enum"); has && field.Kind() == reflect.String && field.String() != "" &&
		!slices.Contains(strings.Split(choices, ","), field.String()) {
		return "This is none of " + strings.ReplaceAll(choices, ",", ", ") + "."
	}
	if field.CanInt() {
		least, err := strconv.ParseInt(f.Tag.Get("minimum"), 10, 64)
		most, mostErr := strconv.ParseInt(f.Tag.Get("maximum"), 10, 64)
		if err == nil && field.Int() < least || mostErr == nil && field.Int() > most {
			return strings.TrimSpace("This is not between " + f.Tag.Get("minimum") + " and " + f.Tag.Get("maximum") + ".")
		}
	}
	return ""
}

// kindWords names a kind of value.
func kindWords(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "list of the kind that belongs here"
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "time as in 2026-01-31T12:00:00Z"
		}
	}
	return "object of the kind that belongs here"
}

// positive is a number in a text, or 0 where it is none.
func positive(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
