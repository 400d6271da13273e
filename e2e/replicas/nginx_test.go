package replicas

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"console/e2e/harness"
)

// balancer is how nginx is set up: what it cannot pass on, or what is answered 502 or 503, it tries at the next replica. It does so
// with what only reads; forms that have been sent are never repeated.
const balancer = `daemon off;
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
	upstream console {
		%[3]s
		keepalive 16;
	}
	server {
		listen %[4]s;
		client_max_body_size 4m;
		location / {
			proxy_pass http://console;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_connect_timeout 2s;
			proxy_next_upstream error timeout http_502 http_503;
		}
	}
}
`

// balance starts nginx before the replicas.
func (s *site) balance() {
	s.t.Helper()
	dir := s.t.TempDir()
	var servers []string
	for _, r := range s.replicas {
		servers = append(servers, "server "+strings.Replace(r.address, "localhost", "127.0.0.1", 1)+" max_fails=1 fail_timeout=1s;")
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // its directory is nobody else's
	}
	listen := strings.Replace(s.base.Host, "localhost", "127.0.0.1", 1)
	file := filepath.Join(dir, "nginx.conf")
	content := fmt.Sprintf(balancer, user, dir, strings.Join(servers, "\n\t\t"), listen)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // which is not where everybody looks
	}
	log := new(harness.Logbook)
	nginx := exec.Command(program, "-p", dir, "-e", "stderr", "-c", file)
	nginx.Stderr = log
	nginx.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := nginx.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		nginx.Process.Signal(syscall.SIGTERM)
		nginx.Wait()
		if s.t.Failed() {
			s.t.Logf("nginx says\n%s", log)
		}
	})
	visitor := s.caller()
	harness.Eventually(s.t, "nginx answers", func() bool {
		status, _, err := visitor.Get("/healthz")
		return err == nil && status == http.StatusOK
	})
}
