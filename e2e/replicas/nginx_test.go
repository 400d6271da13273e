package replicas

import (
	"net/http"
	"strings"

	"console/e2e/harness"
)

// balance starts nginx before the replicas, as docs/proxies has it, but in clear text.
func (s *site) balance() {
	s.t.Helper()
	var servers []string
	for _, r := range s.replicas {
		servers = append(servers, "server "+strings.Replace(r.address, "localhost", "127.0.0.1", 1)+" fail_timeout=1s;")
	}
	listen := strings.Replace(s.base.Host, "localhost", "127.0.0.1", 1)
	harness.StartNginx(s.t, s.t.TempDir(), harness.Documented(s.t, "nginx.conf", "server 10.0.0.11:8080 fail_timeout=1s;", strings.Join(servers, "\n\t\t"),
		"server 10.0.0.12:8080 fail_timeout=1s;", "", "listen 80;", "listen "+harness.FreeAddress(s.t)+";", "listen 443 ssl http2;", "listen "+listen+";",
		"ssl_certificate     /etc/nginx/console.pem;", "", "ssl_certificate_key /etc/nginx/console.key;", "",
		"server_name console.example.com;", "", "Host $host;", "Host $http_host;"))
	visitor := s.caller()
	harness.Eventually(s.t, "nginx answers", func() bool {
		status, _, err := visitor.Get("/healthz")
		return err == nil && status == http.StatusOK
	})
}
