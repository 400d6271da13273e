package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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

// signIn returns the cookie of a session that began by email and password, as a browser's does.
func signIn(base string) (http.Header, error) {
	administrator, err := newWorker(base, adminEmail, workers)
	if err != nil {
		return nil, err
	}
	if err := administrator.signIn(); err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	at, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	var header http.Header
	for _, cookie := range administrator.client.Jar.Cookies(at) {
		if strings.HasPrefix(cookie.Name, "console") { // the port stands behind it
			header = http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}
		}
	}
	if header == nil {
		return nil, fmt.Errorf("signing in set no cookie")
	}
	return header, nil
}
