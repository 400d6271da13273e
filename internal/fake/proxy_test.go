package fake

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestProxiesWriteWhatTheirProductsDo(t *testing.T) {
	t.Parallel()
	for kind, want := range map[ProxyKind]map[string]string{
		Nginx:      {"X-Forwarded-For": `^203\.0\.113\.9, 127\.0\.0\.7$`, "X-Forwarded-Proto": "^https$", "X-Real-Ip": `^127\.0\.0\.7$`},
		NginxPlain: {"X-Forwarded-For": `^203\.0\.113\.9$`, "X-Forwarded-Proto": "^http$"},
		ApplicationGateway: {"X-Forwarded-For": `^203\.0\.113\.9, 127\.0\.0\.7:\d+$`, "X-Forwarded-Proto": "^https$", "X-Forwarded-Port": "^443$",
			"X-Original-Host": "^console.example$"},
		ARR:     {"X-Forwarded-For": `^203\.0\.113\.9, 127\.0\.0\.7:\d+$`, "X-Forwarded-Proto": "^http$", "X-Arr-Ssl": "CN="},
		ALB:     {"X-Forwarded-For": `^203\.0\.113\.9, 127\.0\.0\.7$`, "X-Forwarded-Proto": "^https$", "X-Forwarded-Port": "^443$"},
		HAProxy: {"X-Forwarded-For": `^203\.0\.113\.9\|127\.0\.0\.7$`, "X-Forwarded-Proto": `^http\|https$`},
	} {
		behind := NewReceiver(t)
		proxy := NewProxy(t, ProxyOptions{Kind: kind, To: strings.TrimPrefix(behind.URL, "http://"), TLS: true})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://console.example/path", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "203.0.113.9")
		request.Header.Set("X-Forwarded-Proto", "http")
		response, err := proxy.Client("127.0.0.7").RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		got := behind.Wait(t, 1)[0].Header
		for name, pattern := range want {
			if value := strings.Join(got.Values(name), "|"); !regexp.MustCompile(pattern).MatchString(value) {
				t.Errorf("proxy %d: %s is %q", kind, name, value)
			}
		}
	}
}
