package cli

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// firstServing is the first commit of this repository whose program could serve.
const firstServing = "e5b82869"

// firstProgram builds the program of that commit.
func firstProgram(t *testing.T) (path string) {
	t.Helper()
	archive, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "archive", "--format=tar", firstServing).Output()
	if err != nil {
		t.Skip("the history of this repository is not here: ", err)
	}
	source := t.TempDir()
	for each := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := each.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(each)
		to := filepath.Join(source, header.Name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(source, "console")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, ".")
	build.Dir = source
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return path
}

// visitor is a browser of a console, without script.
type visitor struct {
	t    *testing.T
	site string
	http *http.Client
}

func visit(t *testing.T, site string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, site, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

var formToken = regexp.MustCompile(`name="csrf_token" value="([^"]*)"`)

func (v *visitor) get(path string) (status int, page string) {
	v.t.Helper()
	response, err := v.http.Get(v.site + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// post fills in the form of a page, and fails the test unless that is answered by leading elsewhere.
func (v *visitor) post(path, form string, pairs ...string) {
	v.t.Helper()
	_, page := v.get(form)
	token := formToken.FindStringSubmatch(page)
	if token == nil {
		v.t.Fatalf("%s has no form:\n%s", form, page)
	}
	values := url.Values{"csrf_token": {token[1]}}
	for pair := range slices.Chunk(pairs, 2) {
		values.Add(pair[0], pair[1])
	}
	response, err := v.http.PostForm(v.site+path, values)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusSeeOther {
		body, err := io.ReadAll(response.Body)
		v.t.Fatalf("%s is answered with %d: %s %v", path, response.StatusCode, body, err)
	}
}

// TestFC148_WhatTheFirstProgramHasMadeIsServed lets the first program of this repository make an account, people, an integration and a
// trigger, and signs in with this one.
func TestFC148_WhatTheFirstProgramHasMadeIsServed(t *testing.T) {
	t.Parallel()
	if os.Getenv("UPGRADES") != "all" {
		t.Skip("it builds another program: UPGRADES=all, as make test-long says")
	}
	onFile(t)
	first, dir, listen := firstProgram(t), t.TempDir(), freeAddress(t)
	const password = "correct horse battery staple"
	setUp := exec.CommandContext(t.Context(), first, "setup", "--data", dir, "--company", "TestCompany", "--cloud", "EU", "--first-name", "John",
		"--last-name", "Doe", "--email", "johndoe@example.com", "--password-stdin")
	setUp.Stdin = strings.NewReader(password + "\n")
	if said, err := setUp.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	serves := exec.CommandContext(t.Context(), first, "serve", "--data", dir, "--listen", listen)
	log := new(written)
	serves.Stderr = log
	if err := serves.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), "msg=serving"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not serve:\n%s", log)
		}
	}
	admin := visit(t, "http://"+listen)
	admin.post("/signin", "/signin", "email", "johndoe@example.com", "password", password)
	admin.post("/settings/integrations/new?type=slack", "/settings/integrations/new?type=slack", "name", "Chat", "active", "1",
		"url", "https://hooks.slack.com/services/T0/B0/secret")
	admin.post("/settings/triggers/new", "/settings/triggers/new", "name", "Joined", "condition", "user_added", "role_operator", "eq",
		"roles", "deploy", "integration_ids", "1", "enabled", "1")
	for _, name := range []string{"mary", "jane"} {
		admin.post("/settings/users/new", "/settings/users/new", "role", "analyst", "first_name", name, "last_name", "Smith",
			"email", name+"@example.com", "tenant_id", "1")
	}
	if err := serves.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := serves.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}

	o := old{dir: dir, place: filepath.Join(dir, "console.db")}
	o.rules = rulesIn(t, o.place)
	o.wantsUpgraded(t)
	s := served(t, dir, func(s *Serve) { s.BaseURL = "http://" + s.Listen })
	admin = visit(t, s.BaseURL)
	admin.post("/signin", "/signin", "email", "johndoe@example.com", "password", password)
	for path, words := range map[string]string{
		"/settings/users": "jane@example.com", "/settings/integrations": "Chat", "/settings/triggers": "Joined", "/settings/activity": "mary",
	} {
		if status, page := admin.get(path); status != http.StatusOK || !strings.Contains(page, words) {
			t.Errorf("%s is answered with %d, without %q", path, status, words)
		}
	}
}
