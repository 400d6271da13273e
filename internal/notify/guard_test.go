package notify

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// guardWithNames resolves names by the table instead of asking the network.
func guardWithNames(names map[string]string, allowed ...netip.Prefix) *Guard {
	g := NewGuard(allowed)
	g.lookup = func(_ context.Context, _, host string) ([]netip.Addr, error) {
		var addrs []netip.Addr
		for _, addr := range strings.Fields(names[host]) {
			addrs = append(addrs, netip.MustParseAddr(addr))
		}
		if addrs == nil {
			return nil, errors.New("no such host")
		}
		return addrs, nil
	}
	return g
}

func TestFC124_PrivateAddressesAreRefusedInEverySpelling(t *testing.T) {
	t.Parallel()
	guard := guardWithNames(map[string]string{"inside.example": "93.184.215.14 10.1.2.3", "outside.example": "93.184.215.14"})
	for _, url := range []string{
		"http://127.0.0.1", "http://127.1", "http://127.0.0.1./", "http://[::1]", "http://[::]", "http://0.0.0.0", "http://0", "http://2130706433",
		"http://0x7f.1", "http://0x7f000001", "http://0177.0.0.1", "http://017700000001", "http://0xa9fea9fe",
		"http://[::ffff:169.254.169.254]", "http://[::ffff:a00:1]", "http://[::127.0.0.1]", "http://[::ffff:0:127.0.0.1]",
		"http://[64:ff9b::127.0.0.1]", "http://[64:ff9b::a9fe:a9fe]", "http://[64:ff9b:1::1]",
		"http://[2002:7f00:1::]", "http://[2002:a9fe:a9fe::1]", "http://[2001:0:1::1]",
		"http://[fe80::1]", "http://[fe80::1%25eth0]", "http://[fc00::1]", "http://[fd12::1]", "http://[ff02::1]", "http://[fec0::1]",
		"http://[2001:db8::1]", "http://[3fff::1]", "http://[100::1]",
		"http://10.0.0.1", "http://100.64.0.1", "http://169.254.169.254/latest/meta-data", "http://172.16.0.1", "http://172.31.255.255",
		"http://192.168.1.1", "http://192.0.2.1", "http://198.18.0.1", "http://198.51.100.1", "http://203.0.113.1", "http://224.0.0.1",
		"http://255.255.255.255", "http://inside.example", "http://inside.example.:8080/",
	} {
		if err := guard.CheckURL(t.Context(), url); !errors.Is(err, ErrPrivateAddress) {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"https://outside.example/hook", "https://unknown.example", "http://93.184.215.14", "http://[2606:2800:21f:cb07::1]", "http://172.32.0.1",
		"http://[64:ff9b::93.184.215.14]", "http://[2002:5db8:d70e::1]", "http://100.128.0.1",
	} {
		if err := guard.CheckURL(t.Context(), url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestFC202_HostsAreMappedBeforeTheyAreChecked(t *testing.T) {
	t.Parallel()
	guard := guardWithNames(map[string]string{"localhost": "127.0.0.1", "outside.example": "93.184.215.14", "xn--bcher-kva.example": "93.184.215.14"})
	for _, url := range []string{
		"http://127。0。0。1", "http://127．0．0．1/", "http://１２７.0.0.1:8080/a", "http://①②⑦.⓪.⓪.①", "http://ⓛocalhost", "http://ｌｏｃａｌｈｏｓｔ",
		"http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1", "http://０ｘ７ｆ.1", "http://⑯⑨.②⑤④.169.254", "http://𝟙𝟚𝟟.𝟘.𝟘.𝟙", "http://127。1。", "http://loca\u00adlhost",
	} {
		if err := guard.CheckURL(t.Context(), url); !errors.Is(err, ErrPrivateAddress) {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"http://outside.example℀", "http://a／b.example", "http://a＠b.example", "http://a．．％41", "http://exa<mple", "http://xn--zz--.example", "http://。",
	} {
		if err := guard.CheckURL(t.Context(), url); err == nil {
			t.Errorf("%s is accepted", url)
		}
	}
	webhook, _ := KindByKey(KindWebhook)
	for typed, want := range map[string]string{
		"https://ｏｕｔｓｉｄｅ．ｅｘａｍｐｌｅ/Hook?a=b#c": "https://outside.example/Hook?a=b#c",
		"https://ｏｕｔｓｉｄｅ。example:8443/%2Fa":  "https://outside.example:8443/%2Fa",
		"https://Bücher.example/":            "https://xn--bcher-kva.example/",
		"https://Outside.example/Hook":       "https://Outside.example/Hook",
		"https://under_score.example/-":      "https://under_score.example/-",
		"https://[2606:2800:21f:cb07::1]/a":  "https://[2606:2800:21f:cb07::1]/a",
	} {
		filled := Fill(webhook, nil, Settings{"url": typed, "request_timeout": "5"})
		if refused := CheckSettings(t.Context(), guard, webhook, filled); len(refused) > 0 || filled["url"] != want {
			t.Errorf("%s is stored as %s, want %s; refused: %v", typed, filled["url"], want, refused)
		}
	}
}

func TestGuardAllowsNetworksByName(t *testing.T) {
	t.Parallel()
	guard := guardWithNames(nil, netip.MustParsePrefix("10.1.7.7/16"), netip.MustParsePrefix("fd00::/8"))
	for host, allowed := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "64:ff9b::10.1.2.3": true, "0xa010203": true, "fd12::1": true,
		"10.2.0.1": false, "127.0.0.1": false, "fc00::1": false,
	} {
		if err := guard.Check(t.Context(), host); (err == nil) != allowed {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://example.com", "http://example.com:8080/a?b=c", "http://example.com:65535", "http://example.com:1", "https://[2606::1]/", "https://bücher.example/x"} {
		if err := CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"", "example.com", "/path", "//example.com/x", "file:///etc/passwd", "ftp://example.com", "javascript:alert(1)", "http://", "http:///path",
		"http://:8080", "https://example.com:0", "https://example.com:65536", "https://[2606::1]:99999/", "https://user@example.com", "https://user:secret@example.com", `https://example.com\@evil.example`, "https://example.com/a b",
		"https://example.com/\r\nX: y", "https://exa\x00mple.com", "https://example.com/%zz", "gopher://127.0.0.1:25/", "https://example.com/" + strings.Repeat("a", 2048),
	} {
		err := CheckURL(url)
		if err == nil {
			t.Errorf("%q is accepted", url)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zz") {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestFC124_TheAddressDialledIsChecked(t *testing.T) {
	t.Parallel()
	listener := fake.NewReceiver(t)
	h := newHouse(t, func(o *Options) { o.Guard = guardWithNames(map[string]string{"localhost": "93.184.215.14"}) })
	for _, url := range []string{
		listener.URL, // an address that was allowed when it was saved
		strings.Replace(listener.URL, "127.0.0.1", "localhost", 1), // a name that was public when it was saved
		strings.Replace(listener.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1),
	} {
		d := h.queueSlack(h.integration(KindSlack, Settings{"url": url}))
		h.start()
		got := h.wait(d, func(d store.Delivery) bool { return d.State == store.Failed })
		if got.Error != "the address is private and not allowed" || got.Attempts != 1 {
			t.Errorf("%s: %q after %d attempts", url, got.Error, got.Attempts)
		}
		h.stop()
	}
	if n := len(listener.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
	if !bytes.Contains(h.log.Bytes(), []byte("the address is private and not allowed")) {
		t.Error("the log does not say why")
	}
}

func TestFC124_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	inside, outside := fake.NewReceiver(t), fake.NewReceiver(t)
	outside.Respond(fake.Response{Status: 307, Header: map[string]string{"Location": inside.URL}, Body: "internal page"})
	h := newHouse(t)
	d := h.queueSlack(h.integration(KindSlack, Settings{"url": outside.URL}))
	h.start()
	got := h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting })
	if got.State != store.Failed || got.Error != "answered 307" {
		t.Errorf("%s: %q", got.State, got.Error)
	}
	if n := len(inside.Requests()); n != 0 {
		t.Errorf("%d requests followed the redirect", n)
	}
}

func TestFC124_TestsAndOwnConnectionsAreGuarded(t *testing.T) {
	t.Parallel()
	listener, certificate := fake.NewTLSReceiver(t)
	inside := fake.NewReceiver(t)
	h := newHouse(t, func(o *Options) { o.Guard = NewGuard(nil) })
	worker := NewWorker(h.options)
	for _, settings := range []Settings{
		webhook(t, inside.URL, nil), webhook(t, listener.URL, Settings{"ca_certificate": string(certificate)}),
		webhook(t, listener.URL, Settings{"verify_tls": "", "request_timeout": "20"}),
		webhook(t, strings.Replace(inside.URL, "127.0.0.1", "[::ffff:7f00:1]", 1), nil), webhook(t, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), nil),
	} {
		err := worker.Send(t.Context(), KindWebhook, settings, Content{TemplateUserAdded, params(t, sampleUserAdded())}, "")
		if f := failureOf(err); f.Reason != ErrPrivateAddress.Error() {
			t.Errorf("%s: %v", settings["url"], err)
		}
	}
	if n := len(listener.Requests()) + len(inside.Requests()); n != 0 {
		t.Errorf("%d requests reached a listener", n)
	}
	if err := worker.Send(t.Context(), "fax", nil, Content{TemplateUserAdded, params(t, sampleUserAdded())}, ""); err == nil ||
		err.Error() != "this kind of integration is unknown" {
		t.Errorf("an unknown kind: %v", err)
	}
	if err := worker.Send(t.Context(), KindSlack, nil, Content{TemplateUserAdded, params(t, sampleUserAdded())}, ""); err == nil {
		t.Error("without a URL")
	}
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	t.Parallel()
	for _, c := range []connection{standard, {connect: time.Second, total: time.Second, unverified: true}} {
		client, err := newClient(NewGuard(nil), c)
		if err != nil {
			t.Fatal(err)
		}
		if client.Transport.(*http.Transport).Proxy != nil { // it would connect to private addresses in our place
			t.Errorf("%+v: a proxy is used", c)
		}
	}
}

func TestCheckDoesNotWaitForSlowNames(t *testing.T) {
	t.Parallel()
	g := NewGuard(nil)
	g.lookup = func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	start := time.Now()
	if err := g.Check(t.Context(), "slow.example"); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}
