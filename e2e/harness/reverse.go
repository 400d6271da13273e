package harness

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"console/internal/fake"
)

// ReverseProxy is a real reverse proxy on 127.0.0.1 that is set up as docs/proxies says, for the host ProxiedHost. It ends with the test.
type ReverseProxy struct {
	HTTP, HTTPS string // where it answers

	t    *testing.T
	pair fake.Pair
	dir  string
}

// ProxiedHost is the host that docs/proxies is written for.
const ProxiedHost = "console.example.com"

// Documented is a file of docs/proxies in which each first text of the pairs is replaced by the second one. It must be there.
func Documented(t *testing.T, file string, replaced ...string) string {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "docs", "proxies", file))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(replaced); i += 2 {
		if !strings.Contains(string(content), replaced[i]) {
			t.Fatalf("%s has no %q", file, replaced[i])
		}
		content = []byte(strings.ReplaceAll(string(content), replaced[i], replaced[i+1]))
	}
	return string(content)
}

// FreeAddress is an address on this machine where nothing listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// newReverseProxy has a certificate, and files for it: the certificate, the key, and both in one.
func newReverseProxy(t *testing.T) *ReverseProxy {
	t.Helper()
	p := &ReverseProxy{t: t, HTTP: FreeAddress(t), HTTPS: FreeAddress(t), pair: fake.NewPair(t, ProxiedHost), dir: t.TempDir()}
	p.keep("certificate.pem", string(p.pair.Certificate))
	p.keep("certificate.key", string(p.pair.Key))
	p.keep("both.pem", string(p.pair.Certificate)+string(p.pair.Key))
	return p
}

// keep makes a file of the proxy and returns its path.
func (p *ReverseProxy) keep(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// StartNginx runs Debian's nginx with this configuration inside "http". It does not wait until it answers.
func StartNginx(t *testing.T, dir, servers string) {
	t.Helper()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // its directory is nobody else's
	}
	const around = `daemon off;
%[1]s
worker_processes 1;
pid %[2]s/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
%[3]s
}
`
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, around, user, dir, servers), 0o600); err != nil {
		t.Fatal(err)
	}
	runProxy(t, exec.Command(inSbin("nginx"), "-p", dir, "-e", "stderr", "-c", file))
}

// inSbin is a program that does not lie where everybody looks.
func inSbin(program string) string {
	if found, err := exec.LookPath(program); err == nil {
		return found
	}
	return "/usr/sbin/" + program
}

// runProxy runs a proxy until the test ends.
func runProxy(t *testing.T, proxy *exec.Cmd) {
	t.Helper()
	log := new(Logbook)
	proxy.Stderr, proxy.Stdout = log, log
	proxy.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := proxy.Start(); err != nil {
		t.Fatalf("%v (make tools installs it)", err)
	}
	t.Cleanup(func() {
		proxy.Process.Signal(syscall.SIGTERM)
		proxy.Wait()
		if t.Failed() {
			t.Logf("%s says\n%s", filepath.Base(proxy.Path), log)
		}
	})
}

// Nginx starts Debian's nginx before a console with this address. path is that of the base URL; "" where it has none.
func Nginx(t *testing.T, console, path string) *ReverseProxy {
	t.Helper()
	p := newReverseProxy(t)
	location := "location / {"
	if path != "" {
		location = "location " + path + " {"
	}
	StartNginx(t, p.dir, Documented(t, "nginx.conf", "10.0.0.11:8080", console, "10.0.0.12:8080", console, "listen 80;", "listen "+p.HTTP+";",
		"listen 443 ssl http2;", "listen "+p.HTTPS+" ssl http2;", "/etc/nginx/console.pem", filepath.Join(p.dir, "certificate.pem"),
		"/etc/nginx/console.key", filepath.Join(p.dir, "certificate.key"), "location / {", location))
	return p.answers(path)
}

// HAProxy starts Debian's HAProxy likewise.
func HAProxy(t *testing.T, console, path string) *ReverseProxy {
	t.Helper()
	p := newReverseProxy(t)
	backend := "    default_backend console\n"
	if path != "" {
		backend = fmt.Sprintf("    use_backend console if { path %[1]s } || { path_beg %[1]s/ }\n", path)
	}
	file := p.keep("haproxy.cfg", Documented(t, "haproxy.cfg", "10.0.0.11:8080", console, "10.0.0.12:8080", console, "bind :80\n",
		"bind "+p.HTTP+"\n", "bind :443 ", "bind "+p.HTTPS+" ", "/etc/haproxy/console.pem", filepath.Join(p.dir, "both.pem"),
		"    default_backend console\n", backend, "GET /readyz", "GET "+path+"/readyz"))
	runProxy(t, exec.Command(inSbin("haproxy"), "-db", "-f", file))
	return p.answers(path)
}

// Caddy starts Debian's Caddy likewise.
func Caddy(t *testing.T, console, path string) *ReverseProxy {
	t.Helper()
	p := newReverseProxy(t)
	_, plain, _ := net.SplitHostPort(p.HTTP)
	_, secure, _ := net.SplitHostPort(p.HTTPS)
	here := fmt.Sprintf("{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port %s\n\thttps_port %s\n}\n", plain, secure)
	to := "reverse_proxy " + console
	if path != "" {
		to = "reverse_proxy " + path + "* " + console
	}
	file := p.keep("Caddyfile", here+Documented(t, "Caddyfile", "reverse_proxy 10.0.0.11:8080 10.0.0.12:8080", to,
		"health_uri /readyz", "health_uri "+path+"/readyz",
		"/etc/caddy/console.pem", filepath.Join(p.dir, "certificate.pem"), "/etc/caddy/console.key", filepath.Join(p.dir, "certificate.key")))
	caddy := exec.Command("caddy", "run", "--config", file, "--adapter", "caddyfile")
	caddy.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	runProxy(t, caddy)
	return p.answers(path)
}

// answers waits until the console answers by the proxy.
func (p *ReverseProxy) answers(path string) *ReverseProxy {
	p.t.Helper()
	client := &http.Client{Transport: p.Client("127.0.0.1")}
	Eventually(p.t, "the proxy answers", func() bool {
		answer, err := client.Get("https://" + ProxiedHost + path + "/healthz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return p
}

// Client is what somebody at an address in 127.0.0.0/8 reaches the proxy through, whatever host a URL names, by HTTP/2 where it is https.
func (p *ReverseProxy) Client(address string) *http.Transport {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: p.pair.Roots(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, asked string) (net.Conn, error) {
			to := p.HTTPS
			if strings.HasSuffix(asked, ":80") {
				to = p.HTTP
			}
			return dialer.DialContext(ctx, network, to)
		},
	}
	p.t.Cleanup(transport.CloseIdleConnections)
	return transport
}
