package harness

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"
)

// Caller is a browser whose console may be dead: what fails is returned.
type Caller struct {
	Base *url.URL
	HTTP *http.Client

	FormToken string // what its forms carry, once known
}

// NewCaller returns a caller without cookies. transport may be nil.
func NewCaller(t *testing.T, base *url.URL, transport http.RoundTripper) *Caller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Caller{Base: base, HTTP: &http.Client{
		Jar: jar, Timeout: 30 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Get returns the status and the body.
func (c *Caller) Get(path string) (int, string, error) {
	response, err := c.HTTP.Get(c.Base.String() + path)
	return readWhole(response, err)
}

// Post sends a form with these pairs of names and values. It reads the page with the form first if it knows no token
// for forms; when there is no form, it returns that page.
func (c *Caller) Post(path string, pairs ...string) (int, string, error) {
	if c.FormToken == "" {
		status, body, err := c.Get(path)
		token := CSRFInput.FindStringSubmatch(body)
		if err != nil || token == nil {
			return status, body, err
		}
		c.FormToken = token[1]
	}
	form := url.Values{"csrf_token": {c.FormToken}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	response, err := c.HTTP.PostForm(c.Base.String()+path, form)
	return readWhole(response, err)
}

// MustPost is Post for what must succeed. Signing in changes the token, so the form is read again.
func (c *Caller) MustPost(t *testing.T, want int, path string, pairs ...string) {
	t.Helper()
	c.FormToken = ""
	if status, body, err := c.Post(path, pairs...); err != nil || status != want {
		t.Fatalf("%s: %d %v\n%s", path, status, err, body)
	}
}

// readWhole returns an answer that has arrived as a whole.
func readWhole(response *http.Response, err error) (int, string, error) {
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = io.Copy(&body, response.Body)
	return response.StatusCode, body.String(), err
}
