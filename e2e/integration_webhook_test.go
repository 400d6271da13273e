package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/fake"
)

func TestIntegrationsHeadersAreRows(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/integrations/new?type=webhook").
		Contains(`aria-label="Name of header 1"`, `aria-label="Value of header 3"`, `enctype="multipart/form-data"`)
	save := func(path string, pairs ...string) *harness.Answer {
		return admin.Post(path, append(pairs, "name", "Hook", "active", "1", "verify_tls", "1")...)
	}
	const add = "/settings/integrations/new?type=webhook"
	for refusal, row := range map[string][2]string{
		"“X Team” cannot be the name of a header.": {"X Team", "a"},
		"has a value and no name":                  {"", "hunter2hunter2"},
		"Enter the value of the header X-Team.":    {"X-Team", ""}, "sets the header Host itself": {"Host", "evil"},
	} {
		save(add, "url", c.Receiver.URL, "headers_name", row[0], "headers_value", row[1], "headers_name", "", "headers_value", "").
			Wants(http.StatusUnprocessableEntity).Contains(refusal, `value="`+row[1]+`"`)
	}
	save(add, "url", c.Receiver.URL, "headers_name", "", "headers_value", "", "headers_name", "Authorization", "headers_value",
		"Bearer hunter2hunter2hunter2", "headers_name", "X-Team", "headers_value", "security").Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	const edit = "/settings/integrations/1/edit"
	page := admin.Get(edit).Contains(`value="Authorization"`, `placeholder="Stored: …ter2"`, `value="X-Team"`).
		Lacks("hunter2hunter2hunter2", "security\"")
	save(edit, "version", page.Version(), "headers_name", "Authorization", "headers_value", "", "headers_name", "", "headers_value", "",
		"headers_name", "X-New", "headers_value", "n").Wants(http.StatusSeeOther)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	got := c.Receiver.Wait(t, 1)[0].Header
	if got.Get("Authorization") != "Bearer hunter2hunter2hunter2" || got.Get("X-Team") != "" || got.Get("X-New") != "n" {
		t.Errorf("the headers are %v", got)
	}
	page = admin.Get(edit)
	save(edit, "version", page.Version(), "url", c.Receiver.URL+":1/", "headers_name", "Authorization", "headers_value", "").
		Wants(http.StatusUnprocessableEntity).Lacks("hunter2hunter2")
	save(edit, "version", page.Version(), "headers_name", "", "headers_value", "").Wants(http.StatusSeeOther)
	admin.Get(edit).Lacks(`value="Authorization"`, `value="X-New"`)
}

// TestIntegrationsHeadersAreTheOnesEntered tries names and values that would be another header, or two, in the form in which they are stored.
func TestIntegrationsHeadersAreTheOnesEntered(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	token := tokenOf(c, harness.AdminEmail)
	as := caller{c, token}
	refusal := func(name string) string {
		return "“" + name + "” cannot be the name of a header. A name has letters, digits and hyphens, and no spaces."
	}
	for _, name := range []string{"Authorization: Bearer", "X-Key:", ":", "X-Key:a"} {
		for _, value := range []string{"secret", ""} {
			pairs := []string{"name", "Hook", "url", c.Receiver.URL, "headers_name", name, "headers_value", value}
			for _, path := range []string{"/settings/integrations/new?type=webhook", "/settings/integrations/test?type=webhook"} {
				admin.Post(path, pairs...).Wants(http.StatusUnprocessableEntity).Contains(refusal(name))
			}
			encoded, err := json.Marshal(map[string]string{"name": name, "value": value})
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/integrations", "/integrations/test"} {
				body := `{"kind":"webhook","name":"X","settings":{"url":"` + c.Receiver.URL + `","headers":[` + string(encoded) + `]}}`
				if strings.HasSuffix(path, "test") {
					body = strings.Replace(body, `"name":"X",`, "", 1)
				}
				as.ask(http.StatusUnprocessableEntity, http.MethodPost, path, body).says(`"field":"settings.headers"`, refusal(name))
			}
			asks(c, token, "/v2/integration", `{"type":"web_hooks","name":"X","target":{"url":"`+c.Receiver.URL+`","headers":{"`+name+`":"`+value+`"}}}`,
				http.StatusUnprocessableEntity)
		}
	}
	for _, header := range []string{`"X-A":"1\nX-B: 2"`, `"X-A\nX-B":"1"`} {
		asks(c, token, "/v2/integration", `{"type":"web_hooks","name":"X","target":{"url":"`+c.Receiver.URL+`","headers":{`+header+`}}}`,
			http.StatusUnprocessableEntity)
	}
	admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "url", c.Receiver.URL, "headers_name", "X-A", "headers_value", "1\nX-B: 2").
		Wants(http.StatusUnprocessableEntity).Contains("The value of the header X-A has characters that cannot be sent.")
	c.WantCount(0, `SELECT count(*) FROM integrations`)
}

// TestIntegrationsHeadersOfOneNameAreToldApart takes away the first of two headers of one name, whose values nobody sees.
func TestIntegrationsHeadersOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	row := func(name, value, shows string) []string {
		return []string{"headers_name", name, "headers_value", value, "headers_row", shows}
	}
	save := func(path string, rows ...[]string) *harness.Answer {
		pairs := []string{"name", "Hook", "active", "1", "verify_tls", "1", "url", c.Receiver.URL}
		return admin.Post(path, append(pairs, slices.Concat(rows...)...)...)
	}
	save("/settings/integrations/new?type=webhook", row("X-Key", "the first value", ""), row("X-Key", "the second value", ""), row("X-Key", "third", "")).
		Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	const edit = "/settings/integrations/1/edit"
	shown := regexp.MustCompile(`name="headers_row" value="([^"]+)"`)
	rows := func(page *harness.Answer) (ids []string) {
		for _, found := range shown.FindAllStringSubmatch(page.Body, -1) {
			ids = append(ids, found[1])
		}
		return ids
	}
	page := admin.Get(edit)
	ids := rows(page)
	if len(ids) != 3 {
		t.Fatalf("the rows are %v", ids)
	}
	version := []string{"version", page.Version()}
	save(edit, version, row("X-Key", "", ids[1]), row("X-Other", "", ids[0])).Wants(http.StatusUnprocessableEntity).
		Contains("Enter the value of the header X-Other.", `placeholder="Stored: …"`)
	save(edit, version, row("X-Key", "", ids[1]), row("x-key", "", ids[2]), row("X-New", "new", "")).Wants(http.StatusSeeOther)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	got := c.Receiver.Wait(t, 1)[0].Header
	if !slices.Equal(got.Values("X-Key"), []string{"the second value", "third"}) || got.Get("X-New") != "new" {
		t.Errorf("the headers are %v", got)
	}

	// A form that was out of date shows none of what is stored now: its second row is the first by now.
	page = admin.Get(edit)
	for _, v := range []string{version[1], page.Version()} {
		save(edit, []string{"version", v}, row("X-Key", "", ids[1])).Wants(http.StatusUnprocessableEntity).
			Contains("Enter the value of the header X-Key.").Lacks(`placeholder="Stored: `)
	}
	admin.Post(edit, append([]string{"name", "Hook", "active", "1", "verify_tls", "1", "url", c.Receiver.URL + "/other", "version", page.Version()},
		row("X-Key", "", rows(page)[1])...)...).Wants(http.StatusUnprocessableEntity).Contains("The address has changed.")
}

func TestIntegrationsCertificateAsAFile(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	receiver, certificate := fake.NewTLSReceiver(t)
	upload := func(name, pasted string, file []byte) *harness.Answer {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for field, value := range map[string]string{"csrf_token": admin.Token(), "name": name, "active": "1", "verify_tls": "1",
			"url":            receiver.URL,
			"ca_certificate": pasted} {
			form.WriteField(field, value)
		}
		part, err := form.CreateFormFile("ca_certificate_file", "authority.cer")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
		form.Close()
		return admin.Do(http.MethodPost, "/settings/integrations/new?type=webhook", &body, form.FormDataContentType())
	}
	block, _ := pem.Decode(certificate)
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("no key")})
	for refusal, file := range map[string][]byte{
		"not a certificate in PEM format": []byte("hello"), "holds a private key": key,
		"damaged or cut off": bytes.Replace(certificate, []byte("MII"), []byte("AAA"), 1),
		"at most 64 KB":      bytes.Repeat([]byte("a"), 65<<10), "which begins with": {0xff, 0xfe, 0, 1},
	} {
		upload("Hook", string(certificate), file).Wants(http.StatusUnprocessableEntity).Contains(refusal)
	}
	// It need not be chosen again.
	upload("", "", certificate).Wants(http.StatusUnprocessableEntity).Contains("-----BEGIN CERTIFICATE-----\nMII")
	upload("In PEM", "not a certificate", certificate).Wants(http.StatusSeeOther)
	upload("In DER", "", block.Bytes).Wants(http.StatusSeeOther)
	upload("Too long", "", bytes.Repeat([]byte("a"), 300<<10)).Wants(http.StatusRequestEntityTooLarge)
	for _, id := range []string{"1", "2"} {
		admin.Get("/settings/integrations/" + id + "/edit").Contains(strings.TrimSpace(string(certificate))[:60])
		admin.Post("/settings/integrations/" + id + "/test").Wants(http.StatusOK).Contains("the test message was delivered")
	}
	c.WantCount(2, `SELECT count(*) FROM integrations`)
}
