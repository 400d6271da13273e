package e2e

import (
	"bytes"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/fake"
)

func TestIntegrationsHeadersAreRows(t *testing.T) {
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
