package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// What a person who works asks for. Each is timed apart.
const (
	asList    = "list"
	asSearch  = "search"
	asProfile = "profile"
	asChange  = "change"
	asSignIn  = "sign-in"
)

// conflict is the answer to a change of what somebody else has changed meanwhile, which happens where people work.
const conflict = "change: 409 Conflict"

// worker is a person with a browser.
type worker struct {
	base, email string
	client      *http.Client
	random      *rand.Rand
	targets     []string // ids of people to change
	token       string   // of the forms
	signedOut   bool     // a sign-in was refused; it is tried again before anything else

	took    map[string][]time.Duration // of answers that were right
	refused map[string]int             // other answers, by what they were
}

func newWorker(base, email string, number int) (*worker, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &worker{base: base, email: email, took: map[string][]time.Duration{}, refused: map[string]int{},
		random: rand.New(rand.NewPCG(uint64(number), 1)), //nolint:gosec // chooses pages
		client: &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// work asks for something every few seconds: of a hundred requests 80 are for the list or a search in it, 10 for the profile, 5 change
// somebody and 5 sign in.
func (w *worker) work(ctx context.Context, begin time.Duration) {
	next := time.Now().Add(begin)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		next = next.Add(workPause)
		kind, err := w.once()
		if err != nil {
			w.refused[kind+": "+err.Error()]++
		}
	}
}

func (w *worker) once() (kind string, err error) {
	if w.signedOut {
		return asSignIn, w.signIn()
	}
	switch chance := w.random.IntN(100); {
	case chance < 40:
		lists := []string{"", "?sort=email", "?sort=role&dir=desc", "?tab=invited", "?tab=active&sort=last_auth", "?role=analyst"}
		return asList, w.page(asList, "/settings/users"+lists[w.random.IntN(len(lists))])
	case chance < 80:
		terms := []string{"anna", "mar", "smith", "example.com", "worker1", "line0", "李", "nobody at all"}
		return asSearch, w.page(asSearch, "/settings/users?q="+url.QueryEscape(terms[w.random.IntN(len(terms))]))
	case chance < 90:
		tabs := []string{"account", "security", "sessions", "permissions"}
		return asProfile, w.page(asProfile, "/settings/profile?tab="+tabs[w.random.IntN(len(tabs))])
	case chance < 95:
		return asChange, w.change()
	}
	if err := w.page(asProfile, "/settings/profile"); err != nil {
		return asSignIn, err
	}
	if err := w.post("", "/signout", url.Values{}); err != nil {
		return asSignIn, err
	}
	w.signedOut = true
	return asSignIn, w.signIn()
}

func (w *worker) page(kind, path string) error {
	_, err := w.ask(kind, http.MethodGet, path, nil, "")
	return err
}

// signIn is timed from the password on.
func (w *worker) signIn() error {
	if err := w.page("", "/signin"); err != nil {
		return err
	}
	err := w.post(asSignIn, "/signin", url.Values{"email": {w.email}, "password": {adminPassword}})
	w.signedOut = err != nil
	return err
}

var versionField = regexp.MustCompile(`name="version" value="([^"]+)"`)

// change gives somebody another name.
func (w *worker) change() error {
	path := "/settings/users/" + w.targets[w.random.IntN(len(w.targets))] + "/edit"
	form, err := w.ask(asChange, http.MethodGet, path, nil, "")
	if err != nil {
		return err
	}
	version := versionField.FindStringSubmatch(form)
	if version == nil {
		return fmt.Errorf("%s has no version", path)
	}
	return w.post(asChange, path, url.Values{
		"first_name": {"Changed"}, "last_name": {fmt.Sprintf("At %d", w.random.IntN(1e9))}, "version": {version[1]},
	})
}

var personLink = regexp.MustCompile(`href="/settings/users/(\d+)"`)

// peopleToChange are ids of people whom no change of several is about.
func (w *worker) peopleToChange() ([]string, error) {
	list, err := w.ask(asList, http.MethodGet, "/settings/users?tab=active&role=analyst", nil, "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, link := range personLink.FindAllStringSubmatch(list, -1) {
		ids = append(ids, link[1])
	}
	if len(ids) == 0 {
		err = errors.New("the list has nobody to change")
	}
	return ids, err
}

// importMany adds people by a file.
func (w *worker) importMany() error {
	file := bytes.NewBufferString("email,first name,last name,role\n")
	for i := range importedAtWork {
		fmt.Fprintf(file, "line%05d@example.com,Line,Number%05d,Analyst\n", i, i)
	}
	preview, err := w.upload(file.String(), "")
	if err != nil {
		return err
	}
	confirm := regexp.MustCompile(`name="confirm" value="([^"]+)"`).FindStringSubmatch(preview)
	if confirm == nil {
		return fmt.Errorf("the import asks for no confirmation: %.300s", preview)
	}
	_, err = w.upload(file.String(), confirm[1])
	return err
}

func (w *worker) upload(file, confirm string) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "people.csv")
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(part, file); err != nil {
		return "", err
	}
	for name, value := range map[string]string{"tenant_id": "1", "confirm": confirm, "csrf_token": w.token} {
		if err := form.WriteField(name, value); err != nil {
			return "", err
		}
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	return w.ask("", http.MethodPost, "/settings/users/import", &body, form.FormDataContentType())
}

var totalField = regexp.MustCompile(`name="total" value="(\d+)"`)

// disableMany disables everybody of one role.
func (w *worker) disableMany() error {
	selection := url.Values{"action": {"disable"}, "all": {"1"}, "role": {"api_developer"}}
	asked, err := w.ask("", http.MethodGet, "/settings/users/bulk?"+selection.Encode(), nil, "")
	if err != nil {
		return err
	}
	total := totalField.FindStringSubmatch(asked)
	if total == nil {
		return fmt.Errorf("nobody would be disabled: %.300s", asked)
	}
	selection.Set("total", total[1])
	return w.post("", "/settings/users/bulk", selection)
}

func (w *worker) post(kind, path string, form url.Values) error {
	form.Set("csrf_token", w.token)
	_, err := w.ask(kind, http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
	return err
}

var formToken = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// ask returns the text of an answer, and times it under its kind. It fails on any answer but a page and a redirect.
func (w *worker) ask(kind, method, path string, body io.Reader, contentType string) (string, error) {
	request, err := http.NewRequest(method, w.base+path, body)
	if err != nil {
		return "", err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	began := time.Now()
	response, err := w.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusSeeOther {
		return "", errors.New(response.Status)
	}
	if method == http.MethodGet && response.StatusCode != http.StatusOK {
		return "", errors.New("sent to " + response.Header.Get("Location"))
	}
	if kind != "" {
		w.took[kind] = append(w.took[kind], time.Since(began))
	}
	if token := formToken.FindSubmatch(text); token != nil {
		w.token = string(token[1])
	}
	return string(text), nil
}
