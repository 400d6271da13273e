package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const (
	adminEmail    = "johndoe@example.com"
	adminPassword = "only for measuring, on 127.0.0.1"
)

// installation makes a console with n invented people in dir, unless an earlier run has.
func installation(console, dir string, n int) (string, error) {
	data := filepath.Join(dir, strconv.Itoa(n))
	whole := filepath.Join(data, "seeded") // written last
	if _, err := os.Stat(whole); err == nil {
		return data, nil
	}
	if err := os.RemoveAll(data); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "seeding %d people\n", n)
	setup := exec.Command(
		console,
		"setup",
		"--data",
		data,
		"--company",
		"TestCompany",
		"--cloud",
		"EU",
		"--first-name",
		"John",
		"--last-name",
		"Doe",
		"--email",
		adminEmail,
		"--password-stdin",
	)
	setup.Stdin = strings.NewReader(adminPassword)
	seed := exec.Command(console, "seed", "--data", data, "--users", strconv.Itoa(n))
	for _, c := range []*exec.Cmd{setup, seed} {
		c.Stderr = os.Stderr
		if err := c.Run(); err != nil {
			return "", fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
		}
	}
	return data, os.WriteFile(whole, nil, 0o600)
}

var formToken = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// signIn returns the cookie of a session that began by email and password, as a browser's does.
func signIn(base string) (http.Header, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(base + "/signin")
	if err != nil {
		return nil, err
	}
	defer page.Body.Close()
	body, err := io.ReadAll(page.Body)
	if err != nil {
		return nil, err
	}
	token := formToken.FindSubmatch(body)
	if token == nil {
		return nil, fmt.Errorf("no form token on the sign-in page: %.300s", body)
	}
	answer, err := client.PostForm(
		base+"/signin",
		url.Values{"csrf_token": {string(token[1])}, "email": {adminEmail}, "password": {adminPassword}},
	)
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in answered %s", answer.Status)
	}
	for _, cookie := range answer.Cookies() {
		if strings.HasPrefix(cookie.Name, "console") { // the port stands behind it
			return http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}, nil
		}
	}
	return nil, fmt.Errorf("signing in set no cookie")
}
