package cli

import (
	"net"
	"strings"
	"testing"
)

func TestFC170_TheBaseURLIsCanonical(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"https://bücher.example":             "https://xn--bcher-kva.example",
		"https://BÜCHER.example/":            "https://xn--bcher-kva.example",
		"HTTPS://Console.Example:443":        "https://console.example",
		"https://console.example.:8443":      "https://console.example:8443",
		"https://console.example:08443":      "https://console.example:8443",
		"https://console.example:":           "https://console.example",
		"http://localhost:80/":               "http://localhost",
		"http://LocalHost:443":               "http://localhost:443",
		"https://console.example/a//b":       "https://console.example/a/b",
		"https://console.example/.":          "https://console.example",
		"https://console.example/a/../b/./":  "https://console.example/b",
		"https://console.example/Team":       "https://console.example/Team",
		"https://my_console.example":         "https://my_console.example",
		"http://[0:0:0:0:0:0:0:1]:8080":      "http://[::1]:8080",
		"http://127.0.0.1:8080":              "http://127.0.0.1:8080",
		` "https://console.example" `:        "https://console.example",
		"'https://console.example/console/'": "https://console.example/console",
	} {
		base, err := Serve{BaseURL: written, TrustedProxies: networks(t, "127.0.0.1")}.baseURL()
		if err != nil || base.String() != want {
			t.Errorf("%q becomes %s: %v", written, base, err)
		}
	}
	for _, written := range []string{"console.example", "ftp://console.example", "https://", "https://:443", "https://console.example/?a",
		"https://console.example/#a", "https://user@console.example", "https://console.example/:id", "https://console.example/*",
		"https://console.example/a;b", "https://console.example/%20", "https://a..example", "https://.example", "https://xn--a.example", "https://127.1", "https://0x7f.0.0.1",
		"https://2130706433", "https://console.example:0", "https://console.example:99999",
		"http://console.example", "https://" + strings.Repeat("x", 300) + "\x00"} {
		if base, err := (Serve{BaseURL: written, TrustedProxies: networks(t, "127.0.0.1")}).baseURL(); err == nil ||
			!strings.Contains(err.Error(), "--base-url") {
			t.Errorf("%q becomes %s: %v", written, base, err)
		}
	}
}

func TestTheDefaultBaseURLNamesThePortThatIsOpen(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	base, err := Serve{Listen: "localhost:0", Listener: listener}.baseURL()
	if err != nil || base.String() != "http://localhost:"+port {
		t.Errorf("the base URL is %s: %v", base, err)
	}
}

// FuzzBaseURL: whatever is given as the base URL, it is refused with words that name the option, or becomes an address of ASCII that stays
// what it is.
func FuzzBaseURL(f *testing.F) {
	for _, raw := range []string{"https://bücher.example", "HTTPS://Console.Example:443/a//b/", "http://[0:0:0:0:0:0:0:1]:8080", "https://my_console.example.", "https://xn--a.example",
		"https://a..example", "https://console.example/%20", "https://[::1%25eth0]", "https://[::ffff:127.0.0.1]", "https://1.2.3.4:00080", "https://console.example/..", "https://0x7f.1",
		"https://console.example:99999", "https://%C3%BC.example", "https://a\u200d.example", "https:/x", "https://-"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		base, err := canonicalBaseURL(raw)
		if err != nil {
			if base != nil || !strings.Contains(err.Error(), "--base-url") {
				t.Errorf("%q becomes %s: %v", raw, base, err)
			}
			return
		}
		again, err := canonicalBaseURL(base.String())
		if err != nil || again.String() != base.String() || *again != *base {
			t.Errorf("%q becomes %s, and that %s: %v", raw, base, again, err)
		}
		if strings.ContainsFunc(base.String(), func(r rune) bool { return r <= ' ' || r > '~' }) || base.Host != strings.ToLower(base.Host) ||
			strings.HasSuffix(base.Path, "/") || base.JoinPath("x").String() != base.String()+"/x" {
			t.Errorf("%q becomes %s", raw, base)
		}
	})
}
