package e2e

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/permission"
)

func TestASVS_1_1_InputIsDecodedOnceAndEscapedOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Get("/settings/users?q=%253Cb%253E").Wants(http.StatusOK).Contains(`value="%3Cb%3E"`)
	admin.Get("/settings/groups?q=%253Cb%253E").Wants(http.StatusOK).Contains(`value="%3Cb%3E"`)
	admin.Get("/settings/users?q=%26%23x3c%3B").Wants(http.StatusOK).Contains(`value="&amp;#x3c;"`)
	const name = `A & B <i> &amp;`
	c.Person(permission.Analyst, name, "", "ann@example.com")
	c.WantCount(1, `SELECT count(*) FROM users WHERE first_name = $1`, name)
	admin.Get("/settings/users").Contains(`A &amp; B &lt;i&gt; &amp;amp;`).Lacks("&amp;amp;amp;", "<i>")
	if _, body := c.AskAPI(tokenOf(c, harness.AdminEmail), http.MethodGet, "/users?q=ann%40example.com", ""); !strings.Contains(body, `"A \u0026 B \u003ci\u003e \u0026amp;"`) &&
		!strings.Contains(body, `"`+name+`"`) {
		t.Errorf("programs read %s", body)
	}
}

func TestASVS_3_3_5_NoCookieIsTooLongForBrowsers(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	longest := strings.Repeat("\U00020000", 127) // of four bytes each
	ann := c.Person(permission.Analyst, longest, longest, strings.Repeat("a", 64)+"@example.com")
	for _, k := range admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther).Cookies() {
		if n := len(k.Name) + len(k.Value); n < 1000 || n > 4096 { // RFC 6265 §6.1
			t.Errorf("the cookie %s has %d bytes", k.Name, n)
		}
	}
	admin.Get("/settings/users").Contains(longest)
}

func TestASVS_3_5_6_ThereIsNoJSONP(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	token := tokenOf(c, harness.AdminEmail)
	for _, name := range []string{"callback", "jsonp"} {
		answer, body := c.AskAPI(token, http.MethodGet, "/users?"+name+"=steal", "")
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.HasPrefix(body, "{") {
			t.Errorf("%s is answered %d: %s", name, answer.StatusCode, body)
		}
	}
}

func TestASVS_14_2_1_TokensCountInHeadersOnly(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	token := url.QueryEscape(tokenOf(c, harness.AdminEmail))
	for _, name := range []string{"token", "access_token", "api_key", "X-WallarmApi-Token"} {
		if answer, body := c.AskAPI("", http.MethodGet, "/users?"+name+"="+token, ""); answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s in the address is answered %d: %s", name, answer.StatusCode, body)
		}
	}
	admin := c.Administrator()
	admin.Do(http.MethodPost, "/settings/general/test-mail?csrf_token="+admin.Token(), nil, "").Wants(http.StatusForbidden)
	c.Browser().Get("/settings/profile?console=" + admin.Cookie("console").Value).To("/signin")
}

func TestASVS_4_1_2_ProgramsAreNotLedToHTTPS(t *testing.T) {
	t.Parallel()
	c, _ := behind(t)
	c.Transport = proxy{to: c.Config.Listener.Addr().String()}
	plain := &harness.Console{T: t, Server: &cli.Server{URL: &url.URL{Scheme: "http", Host: "c.example"}}, Transport: c.Transport}
	for _, b := range []*harness.Browser{plain.Browser(), c.Browser()} {
		b.Header.Set("X-WallarmApi-Token", tokenOf(c, harness.AdminEmail))
		for _, path := range []string{"/api/v1/users", "/v1/objects/integration", "/api/v1/openapi.json"} {
			a := b.Get(path)
			if clear := a.Request.URL.Scheme == "http"; a.Header.Get("Location") != "" || clear != (a.StatusCode == http.StatusForbidden) {
				t.Errorf("%s is answered %d, %v", a.Request.URL, a.StatusCode, a.Header)
			}
		}
	}
}

// Of a request that can be read in two ways a proxy and the console could each read another.
func TestASVS_4_2_1_ARequestHasOneEnd(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	const form = "Content-Type: application/x-www-form-urlencoded\r\n"
	for what, request := range map[string]string{
		"two lengths":             form + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nemail=",
		"two lengths in one line": form + "Content-Length: 5, 6\r\n\r\nemail=",
		"a length that is none":   form + "Content-Length: +5\r\n\r\nemail",
		"another coding":          form + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"a coding with a space":   form + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a header without a name": form + "Content-Length: 5\r\n: x\r\n\r\nemail",
	} {
		status, ended := raw(c, "POST /signin HTTP/1.1\r\nHost: "+c.URL.Host+"\r\n"+request)
		if status < 400 || status >= 600 || !ended {
			t.Errorf("%s: answered %d, the connection ends: %t", what, status, ended)
		}
	}
	// Of both, the coding counts (RFC 9112 §6.3); what follows is no request of its own.
	smuggled := "GET /healthz HTTP/1.1\r\nHost: " + c.URL.Host + "\r\n\r\n"
	request := "POST /signin HTTP/1.1\r\nHost: " + c.URL.Host + "\r\n" + form + fmt.Sprintf("Content-Length: %d\r\n", 5+len(smuggled)) +
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
	if status, ended := raw(c, request); status < 400 || !ended {
		t.Errorf("a length and a coding: answered %d, the connection ends: %t", status, ended)
	}
}

func TestASVS_6_2_10_PasswordsDoNotAge(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	clock.Advance(2 * 365 * 24 * time.Hour)
	c.Administrator().Get("/settings/profile").Wants(http.StatusOK)
}

func TestASVS_12_1_2_OnlyStrongSuites(t *testing.T) {
	t.Parallel()
	c := startHTTPS(t)
	dial := func(suites ...uint16) error {
		conn, err := tls.Dial("tcp", c.URL.Host, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: suites})
		if err == nil {
			conn.Close()
		}
		return err
	}
	strong := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		weak := strings.Contains(suite.Name, "CBC") || strings.Contains(suite.Name, "RC4") || !strings.Contains(suite.Name, "ECDHE")
		if suite.SupportedVersions[0] == tls.VersionTLS13 {
			continue
		}
		switch err := dial(suite.ID); {
		case err == nil && weak:
			t.Errorf("%s is taken", suite.Name)
		case err == nil:
			strong++
		}
	}
	if strong < 3 { // those for the kind of key that the certificate has
		t.Errorf("only %d suites are taken", strong)
	}
}

func TestASVS_15_3_7_AFieldThatStandsThereTwice(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	body := url.Values{"csrf_token": {admin.Token()}, "role": {"read_only", "global_admin"}, "email": {"ann@example.com", "evil@example.com"},
		"first_name": {"Ann"}, "tenant_id": {"1"}}.Encode()
	admin.Do(http.MethodPost, "/settings/users/new?role=global_admin&email=evil%40example.com", strings.NewReader(body),
		"application/x-www-form-urlencoded").Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT count(*) FROM users WHERE email = 'ann@example.com' AND role = 'read_only'`)
	c.WantCount(0, `SELECT count(*) FROM users WHERE email = 'evil@example.com'`)
}

// raw sends bytes as they are. It returns the status of the answer, and whether nothing follows it but the end of the connection.
func raw(c *harness.Console, request string) (status int, ended bool) {
	c.T.Helper()
	conn, err := net.Dial("tcp", c.URL.Host)
	if err != nil {
		c.T.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		c.T.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		c.T.Fatal(err)
	}
	received := bufio.NewReader(conn)
	answer, err := http.ReadResponse(received, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		c.T.Error(err)
	}
	_, err = received.ReadByte()
	return answer.StatusCode, err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
