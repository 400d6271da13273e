package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"console/internal/account"
)

// FuzzDecode: whatever a program sends to any operation, either all that it says is understood or it is refused, and what was
// understood says the same when it is sent again.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{``, `{}`, `{"name":"x"}`, `{"name":null}`, `{"name":"x","name":"y"}`, `{"tenant_ids":[1,2],"role":"admin"}`, `[`, `[]`,
		`{"permissions":["users.view"],"nonsense":{}}`, `{"NAME":"x"}`, `{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, `{"id":1e400}`, `{} {}`} {
		for i := range Operations() {
			f.Add(i, body, "limit=5&cursor=x", `"3"`)
			f.Add(i, body, "limit=-1&q=%zz;&limit=2", "3, 4")
		}
	}
	f.Fuzz(func(t *testing.T, which int, body, query, tag string) {
		all := Operations()
		o := all[(which%len(all)+len(all))%len(all)]
		in, err := decodeFrom(o, body, query, tag)
		if err != nil {
			return
		}
		said := map[string]json.RawMessage{}
		if o.Method == http.MethodGet || o.Method == http.MethodDelete {
			return
		}
		if json.Unmarshal([]byte(body), &said) != nil && strings.TrimSpace(body) != "" {
			t.Errorf("%s understands %q", o.ID, body)
		}
		for name := range said {
			if !hasField(o.In, "json", name) && !hasField(o.In, "json", name+",omitempty") {
				t.Errorf("%s understands a field %q in %q", o.ID, name, body)
			}
		}
		encoded, err := json.Marshal(in)
		if err != nil {
			t.Errorf("%s understands %q, which cannot be sent again: %v", o.ID, body, err)
		}
		again, err := decodeFrom(o, string(encoded), query, tag)
		if err != nil && !strings.Contains(string(encoded), "null") {
			t.Errorf("%s understands %q, and refuses it as %s: %v", o.ID, body, encoded, err)
		}
		if twice, _ := json.Marshal(again); err == nil && string(twice) != string(encoded) {
			t.Errorf("%s: %q is %s, then %s", o.ID, body, encoded, twice)
		}
	})
}

// FuzzCursor: whatever place a list goes on at, its cursor leads there, in that list alone, and none that was changed does.
func FuzzCursor(f *testing.F) {
	for _, place := range []string{"", "x", "1764322200000.17", "-eyJpIjoxfQ", "\xff", "\n", strings.Repeat("x", 300)} {
		f.Add(place, "active", uint(3))
	}
	f.Fuzz(func(t *testing.T, place, search string, at uint) {
		list := func(cursor, search string) (account.Fields, string, echo.Context) {
			c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
			in := struct {
				paging
				Search string `query:"q"`
			}{paging{Cursor: cursor}, search}
			wrong := account.Fields{}
			o := Operation{ID: "listUsers", answer: answer{In: reflect.TypeOf(in)}}
			openCursor(c, o, reflect.ValueOf(&in).Elem(), wrong)
			return wrong, in.Cursor, c
		}
		_, _, c := list("", search)
		cursor := cursorOf(c, place)
		if wrong, opened, _ := list(cursor, search); place != "" && (len(wrong) > 0 || opened != place) {
			t.Errorf("%q leads to %q, not %q: %v", cursor, opened, place, wrong)
		}
		if wrong, opened, _ := list(cursor, search+"x"); len(wrong) == 0 {
			t.Errorf("%q leads to %q in another list", cursor, opened)
		}
		changed := []byte(cursor)
		changed[int(at)%len(changed)] ^= 1
		if wrong, opened, _ := list(string(changed), search); len(wrong) == 0 {
			t.Errorf("%q leads to %q, changed from %q", changed, opened, cursor)
		}
	})
}

// decodeFrom decodes a request with a body, a query and an ETag.
func decodeFrom(o Operation, body, query, tag string) (any, error) {
	asked := httptest.NewRequest(o.Method, prefix+o.Path, strings.NewReader(body))
	asked.URL = &url.URL{Path: prefix + o.Path, RawQuery: query}
	asked.Header[headerIfMatch] = []string{tag}
	c := echo.New().NewContext(asked, httptest.NewRecorder())
	c.SetParamNames("id")
	c.SetParamValues("7")
	in := reflect.New(o.In)
	err := decode(c, o, in.Interface())
	return in.Interface(), err
}

func TestPathIDsArePositive(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "-1", "x", "1.5", "9223372036854775808", ""} {
		if positive(text) != 0 {
			t.Errorf("%q is an id", text)
		}
	}
}
