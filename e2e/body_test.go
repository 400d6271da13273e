package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

// begin sends the head of a request that announces a body of so many bytes, or one in chunks where that is -1, and what is
// sent of it; it returns the answer that comes before the rest.
func begin(t *testing.T, b *harness.Browser, path string, length int, sent string) *http.Response {
	t.Helper()
	connection, err := net.Dial("tcp", b.Console.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	size := fmt.Sprintf("Content-Length: %d", length)
	if length < 0 {
		size = "Transfer-Encoding: chunked"
		sent = fmt.Sprintf("%x\r\n%s\r\n", len(sent), sent)
	}
	cookies := ""
	for _, c := range b.HTTP.Jar.Cookies(b.Console.URL) {
		cookies += c.Name + "=" + c.Value + "; "
	}
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n%s\r\n\r\n%s",
		path, b.Console.URL.Host, cookies, size, sent)
	connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("%s, %d bytes announced: no answer before the rest: %v", path, length, err)
	}
	return answer
}

func TestFC203_WhoIsRefusedIsRefusedBeforeTheBody(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	analyst := c.Member(admin, "analyst", "ann@example.com")
	visitor := c.Browser()
	many := strings.Repeat("x", 65<<10)
	for _, row := range []struct {
		name   string
		by     *harness.Browser
		path   string
		length int
		sent   string
		status int
	}{
		{"a visitor announces too much", visitor, "/signin", 64<<10 + 1, "", http.StatusRequestEntityTooLarge},
		{"a visitor announces as much as an import", visitor, "/signup/unknown", 3 << 20, "", http.StatusRequestEntityTooLarge},
		{"a visitor sends too much without announcing it", visitor, "/signin", -1, many, http.StatusRequestEntityTooLarge},
		{"a visitor where one has to sign in", visitor, "/settings/users/import", 2 << 20, "", http.StatusSeeOther},
		{"somebody who may not import", analyst, "/settings/users/import", 2 << 20, "", http.StatusForbidden},
		{"somebody who may not change the company", analyst, "/settings/general/company", 200 << 10, "", http.StatusForbidden},
		{"somebody whose form is too large", admin, "/settings/general/company", 300 << 10, "", http.StatusRequestEntityTooLarge},
	} {
		answer := begin(t, row.by, row.path, row.length, row.sent)
		if answer.StatusCode != row.status || !answer.Close {
			t.Errorf("%s: %d, closed %v", row.name, answer.StatusCode, answer.Close)
		}
	}
	c.Account.Settle(t.Context())
	c.WantCount(2, `SELECT count(*) FROM activity WHERE action = 'refused' AND changes LIKE '%limit: a body sent without a session%'
		AND address <> '' AND actor_id = 0`) // one for each address and route
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'refused' AND changes LIKE '%limit: a body%' AND changes LIKE '%"count":["","2"]%'`)
	full := "email=x&password=" + strings.Repeat("x", 60<<10)
	visitor.PostForm("/signin", "email", "x", "password", full, "csrf_token", visitor.Token()).Wants(http.StatusUnprocessableEntity)
}
