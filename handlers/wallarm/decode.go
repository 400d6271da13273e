package wallarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// maxNamed is how many ids or addresses a request may name at once.
const maxNamed = 1000

// wrong is a request that cannot be understood.
func wrong(words string) error { return echo.NewHTTPError(http.StatusBadRequest, words) }

var errUnreadable = wrong("The body is no JSON that this console can read.")

// invalid is a request that is understood and cannot be carried out.
func invalid(words string) error {
	refused := account.Refuse(account.Invalid)
	refused.Words = words
	return refused
}

// decode reads the body of a request, which is a JSON object or nothing at all. Fields that this console does not know are ignored.
func decode(c handlers.Request, into any) error { return decodeFrom(c.Request().Body, into) }

func decodeFrom(body io.Reader, into any) error {
	decoder := json.NewDecoder(body)
	var whole json.RawMessage
	err := decoder.Decode(&whole)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
		return err
	}
	if err != nil {
		return errUnreadable
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return wrong("There is something behind the JSON of the body.")
	}
	if field, is := handlers.FieldTwice(whole); is {
		return wrong("The field " + field + " stands there twice.")
	}
	err = read(whole, into)
	if mistaken, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		return wrong("The field " + mistaken.Field + " is of another type than is expected.")
	}
	if err != nil {
		return errUnreadable
	}
	return nil
}

// read decodes JSON. A name in another case than that of a field is one that this console does not know.
func read(raw json.RawMessage, into any) error {
	known, _ := handlers.ExactFields(raw, reflect.TypeOf(into))
	return json.Unmarshal(known, into)
}

// several is a value, or a list of them; nil where nothing is said.
type several[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (s *several[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]T)(s))
	}
	var only T
	if err := json.Unmarshal(data, &only); err != nil {
		return err
	}
	*s = several[T]{only}
	return nil
}

// pathID is a number in the path. What is none is nobody's id.
func pathID(c handlers.Request, name string) (int64, error) { return idOf(c.Param(name)) }

func idOf(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, account.Refuse(account.NotFound)
	}
	return id, nil
}

// queryNumber is a number in the query; absent where it is not there.
func queryNumber(query url.Values, name string, absent int64) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, wrong(name + " is not a number.")
	}
	return n, nil
}

// maxRead is how many objects are read at once, also where no limit is given.
const maxRead = 1000

// window is which part of a list is asked for: at most maxRead.
func window(limit, offset int) (int, int) {
	if limit <= 0 || limit > maxRead {
		limit = maxRead
	}
	return limit, max(offset, 0)
}

// unlessStale carries out a change of what was read before, anew where somebody else was faster.
func unlessStale(change func() error) error {
	var err error
	for range 5 {
		if err = change(); !account.RefusedBy(err, account.Stale) {
			return err
		}
	}
	return err
}
