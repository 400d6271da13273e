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
		"https://console.example/a;b", "https://console.example/%20", "https://a..example", "https://.example", "https://xn--a.example",
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
