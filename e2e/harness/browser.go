package harness

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/auth"
	"console/store"
)

// Administrator returns a browser in which John Doe is signed in, without a sign-in: that would cost a hash of a password each time.
// Tests of sign-ins, and of what begins with one, use SignedInByPassword.
func (c *Console) Administrator() *Browser {
	c.T.Helper()
	return c.BrowseAt(c.User(AdminEmail), c.now())
}

// SignedInByPassword returns a browser in which John Doe has signed in, as people do.
func (c *Console) SignedInByPassword() *Browser {
	c.T.Helper()
	b := c.Browser()
	b.SignIn(AdminEmail, AdminPassword)
	return b
}

// Browser is an HTTP client with cookies that reads forms as a browser without script does. It follows no redirects.
type Browser struct {
	Console *Console
	HTTP    *http.Client
	Header  http.Header // sent with every request
	form    string      // the token that forms carry, once known and as long as it holds
}

// directly reaches consoles without anything in between. It is not the default one of net/http, whose connections every receiver of a
// test that ends closes, under whatever runs beside it.
var directly http.RoundTripper = http.DefaultTransport.(*http.Transport).Clone()

// Browser returns a browser in which nobody is signed in.
func (c *Console) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.T.Fatal(err)
	}
	return &Browser{Console: c, Header: http.Header{}, HTTP: &http.Client{
		Jar: jar, Timeout: patience, Transport: cmp.Or(c.Transport, directly),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends a request and reads the answer. A path is below the base URL, whether it begins with its path or not.
func (b *Browser) Do(method, path string, body io.Reader, contentType string) *Answer {
	b.Console.T.Helper()
	base := b.Console.URL.Path
	to, err := b.Console.URL.Parse(base + strings.TrimPrefix(path, base))
	if err != nil {
		b.Console.T.Fatal(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, to.String(), body)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	for name, values := range b.Header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if host := b.Header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := b.HTTP.Do(request)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	if b.Console.Config.Now != nil { // before the test moves its clock
		if err := b.Console.Account.WriteTouched(b.Console.T.Context()); err != nil && b.Console.T.Context().Err() == nil {
			b.Console.T.Log(err)
		}
	}
	if len(response.Cookies()) > 0 || response.StatusCode == http.StatusForbidden ||
		strings.Contains(response.Header.Get("Location"), "/signin") {
		b.form = "" // the session may have begun or ended
	}
	return &Answer{response, b.Console.T, string(text)}
}

// Get asks for a page.
func (b *Browser) Get(path string) *Answer {
	b.Console.T.Helper()
	return b.Do(http.MethodGet, path, nil, "")
}

// CSRFInput finds the token in a form.
var CSRFInput = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// Token returns the CSRF token that forms of this browser carry now.
func (b *Browser) Token() string {
	b.Console.T.Helper()
	if b.form != "" {
		return b.form
	}
	for _, page := range []string{"/settings/profile", "/signin", "/setup"} {
		if found := CSRFInput.FindStringSubmatch(b.Get(page).Body); found != nil {
			b.form = found[1]
			return b.form
		}
	}
	b.Console.T.Fatal("no page with a form token")
	return ""
}

// Post sends a form with these pairs of names and values, and a valid CSRF token.
func (b *Browser) Post(path string, pairs ...string) *Answer {
	b.Console.T.Helper()
	return b.PostForm(path, append(pairs, "csrf_token", b.Token())...)
}

// PostForm sends a form exactly as given.
func (b *Browser) PostForm(path string, pairs ...string) *Answer {
	b.Console.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

// SignIn signs in and fails the test where that is refused.
func (b *Browser) SignIn(email, password string) {
	b.Console.T.Helper()
	b.Post("/signin", "email", email, "password", password).Wants(http.StatusSeeOther)
}

// LateBody calls before when the server begins to read the form.
type LateBody struct {
	io.Reader
	Before func()
	once   sync.Once
}

func (b *LateBody) Read(p []byte) (int, error) {
	b.once.Do(b.Before)
	return b.Reader.Read(p)
}

// CookieName is what the console at a site calls one of its cookies.
func CookieName(site *url.URL, name string) string {
	switch {
	case site.Scheme == "https" && strings.Trim(site.Path, "/") != "":
		name = "__Secure-" + name
	case site.Scheme == "https":
		name = "__Host-" + name
	}
	if port := site.Port(); port != "" {
		name += "-" + port
	}
	return name
}

// Cookie is a cookie of the console that the browser has kept, or nil.
func (b *Browser) Cookie(name string) *http.Cookie {
	name = CookieName(b.Console.URL, name)
	for _, cookie := range b.HTTP.Jar.Cookies(b.Console.URL) {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

// Plant puts a cookie that the console did not set beside those of the browser, under the name of one of the console's.
func (b *Browser) Plant(name, value, path string) {
	name = CookieName(b.Console.URL, name)
	b.HTTP.Jar.SetCookies(b.Console.URL, []*http.Cookie{{Name: name, Value: value, Path: path, Secure: b.Console.URL.Scheme == "https"}})
}

// From makes the requests of a browser come from an address. It needs BehindProxy.
func (b *Browser) From(address string) *Browser {
	b.Header.Set("X-Forwarded-For", address)
	return b
}

// Browse returns a browser in which the person is signed in.
func (c *Console) Browse(user store.User) *Browser {
	c.T.Helper()
	return c.BrowseAt(user, time.Now())
}

// BrowseAt is Browse where the session began at a time: that of the console's clock, if the test moves it.
func (c *Console) BrowseAt(user store.User, now time.Time) *Browser {
	c.T.Helper()
	token := rand.Text()
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, sessionOf(user, token, now))
	})
	b := c.Browser()
	b.HTTP.Jar = cookiesOf(c.T, c.URL, token)
	return b
}

// sessionOf is a session of the person that begins now; its token is known.
func sessionOf(user store.User, token string, now time.Time) *store.Session {
	return &store.Session{TokenHash: auth.HashToken(token), UserID: user.ID, FormKey: []byte(rand.Text()), Data: []byte{}, Address: "127.0.0.1",
		UserAgent: "test", CreatedAt: store.At(now), LastSeenAt: store.At(now)}
}

func cookiesOf(t *testing.T, site *url.URL, token string) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(site, []*http.Cookie{{Name: CookieName(site, "console"), Value: token, Path: "/"}})
	return jar
}

// Upload posts a file as a browser does, with these pairs of names and values.
func (b *Browser) Upload(path string, file []byte, pairs ...string) *Answer {
	b.Console.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	pairs = append(pairs, "csrf_token", b.Token())
	for i := 0; i+1 < len(pairs); i += 2 {
		form.WriteField(pairs[i], pairs[i+1])
	}
	part, err := form.CreateFormFile("file", "people.csv")
	if err != nil {
		b.Console.T.Fatal(err)
	}
	part.Write(file)
	form.Close()
	return b.Do(http.MethodPost, path, &body, form.FormDataContentType())
}

// LateForm sends a form of which the server gets to see nothing until it has loaded the session and before has returned.
func (b *Browser) LateForm(method, path, contentType, form string, before func()) *Answer {
	t := b.Console.T
	t.Helper()
	request, err := http.NewRequestWithContext(
		t.Context(),
		method,
		b.Console.URL.String()+path,
		&LateBody{Reader: strings.NewReader(form), Before: before},
	)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(form)) // of an unknown length, the client would look at the body before it sends anything
	request.Header = http.Header{"Content-Type": {contentType}, "Expect": {"100-continue"}}
	client := *b.HTTP
	client.Transport = &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Answer{response, t, string(body)}
}
