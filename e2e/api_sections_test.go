package e2e

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/account"
	"console/store"
)

// caller asks the API with one token.
type caller struct {
	c     *harness.Console
	token string
}

// narrowed is a caller whose token may do some of what its owner may.
func (a caller) narrowed(permissions ...string) caller {
	a.c.T.Helper()
	issued, err := a.c.Account.CreateToken(a.c.T.Context(), account.Actor{Source: account.CLI}, account.TokenInput{Name: rand.Text(),
		Kind: store.PersonalToken, Owner: harness.AdminEmail, AsHeld: true, Permissions: permissions})
	if err != nil {
		a.c.T.Fatal(err)
	}
	return caller{a.c, issued.Value}
}

// answered is what the API has answered.
type answered struct {
	t      *testing.T
	header http.Header
	body   string
	fields map[string]any
}

// ask sends a request, and fails the test where the answer has another status than is wanted.
func (a caller) ask(status int, method, path, body string, headers ...string) answered {
	a.c.T.Helper()
	response, read := a.c.AskAPI(a.token, method, path, body, headers...)
	if response.StatusCode != status {
		a.c.T.Fatalf("%s %s %s is answered %d, want %d: %s", method, path, body, response.StatusCode, status, read)
	}
	answer := answered{t: a.c.T, header: response.Header, body: read}
	_ = json.Unmarshal([]byte(read), &answer.fields) // none of a file, and of what is empty
	return answer
}

// text is a field of the answer; of an object within it with a dot.
func (a answered) text(name string) string {
	a.t.Helper()
	value := any(a.fields)
	for part := range strings.SplitSeq(name, ".") {
		object, is := value.(map[string]any)
		if !is {
			a.t.Fatalf("there is no %s in %s", name, a.body)
		}
		value = object[part]
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		a.t.Fatal(err)
	}
	return strings.Trim(string(encoded), `"`)
}

// etag are the headers of a change to what was read.
func (a answered) etag() []string { return []string{"If-Match", a.header.Get("ETag")} }

// says fails the test where something does not stand in the answer.
func (a answered) says(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s is not in %s", text, a.body)
		}
	}
}

// hides fails the test where something stands in the answer.
func (a answered) hides(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s is in %s", text, a.body)
		}
	}
}

// everyPage reads a list two at a time to its end, and returns the ids. None may come twice.
func (a caller) everyPage(path string) []string {
	a.c.T.Helper()
	var ids []string
	seen := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				ID int64 `json:"id"`
			} `json:"items"`
			Next string `json:"next"`
		}
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		read := a.ask(http.StatusOK, http.MethodGet, path+separator+"limit=2&cursor="+url.QueryEscape(cursor), "")
		if err := json.Unmarshal([]byte(read.body), &page); err != nil {
			a.c.T.Fatal(err)
		}
		for _, item := range page.Items {
			id := strconv.FormatInt(item.ID, 10)
			if seen[id] {
				a.c.T.Fatalf("%s comes twice in %s", id, path)
			}
			seen[id] = true
			ids = append(ids, id)
		}
		if cursor = page.Next; cursor == "" {
			return ids
		}
	}
}
