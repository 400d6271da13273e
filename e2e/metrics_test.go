package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
)

// measured serves a console whose metrics can be asked for.
func measured(t *testing.T, configure func(*cli.Serve)) *harness.Console {
	t.Helper()
	return harness.Ready(t, func(s *cli.Serve) {
		s.MetricsListen = "localhost:0"
		if configure != nil {
			configure(s)
		}
	})
}

// askMetrics gets a page of the listener for metrics, for a host name.
func askMetrics(t *testing.T, c *harness.Console, path, host string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.MetricsAt+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// scrape returns the metrics as they are now.
func scrape(t *testing.T, c *harness.Console) string {
	t.Helper()
	status, text := askMetrics(t, c, "/metrics", c.MetricsAt)
	if status != http.StatusOK {
		t.Fatalf("answered %d:\n%s", status, text)
	}
	return text
}

// has waits until metrics have lines that begin with these, such as a name, its labels and a value.
func has(t *testing.T, c *harness.Console, lines ...string) {
	t.Helper()
	for _, line := range lines {
		harness.Eventually(t, line, func() bool { return strings.Contains(scrape(t, c), "\n"+line) })
	}
}

func TestMetricsTellWhatHappens(t *testing.T) {
	t.Parallel()
	harness.OnBoth(t)
	c := measured(t, nil)
	admin := c.SignedInByPassword()
	stranger := c.Browser()
	stranger.Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	stranger.Do(http.MethodPost, "/signin", strings.NewReader(strings.Repeat("x", 70<<10)), "application/x-www-form-urlencoded").
		Wants(http.StatusRequestEntityTooLarge)
	c.Add(admin, "analyst", "Ann", "Alyst", "ann@example.com")
	admin.Get("/settings/users/1")
	has(t, c,
		`console_http_requests_total{code="200",method="GET",route="/settings/users/:id"} 1`,
		`console_http_request_duration_seconds_count{method="GET",route="/settings/users/:id"} 1`,
		`console_sign_ins_total{result="signed_in",step="password"} 1`,
		`console_sign_ins_total{result="wrong_sign_in",step="password"} 1`,
		`console_limit_refusals_total{limit="visitor_body"} 1`,
		`console_delivery_attempts_total{kind="email",result="delivered"} 1`,
		`console_deliveries_waiting{priority="own"} 0`,
		`console_deliveries_overdue_seconds 0`,
		`console_password_checks{state="running"} 0`,
		`console_database_writable 1`,
		`console_directory_people 2`,
		`console_directory_lag_changes 0`,
		`console_jobs_running 0`,
		`console_collect_success{source="database"} 1`,
		`console_collect_success{source="directory"} 1`,
	)
	text := scrape(t, c)
	for _, positive := range []string{"console_database_size_bytes", "console_activity_head_id", "console_activity_head_timestamp_seconds",
		"console_database_write_duration_seconds_count", "console_database_write_wait_seconds_count", "process_resident_memory_bytes"} {
		if !regexp.MustCompile(`(?m)^` + positive + ` [1-9]`).MatchString(text) {
			t.Errorf("%s is not there:\n%s", positive, text)
		}
	}
	for _, name := range []string{harness.AdminEmail, "ann@example.com"} {
		if strings.Contains(text, name) {
			t.Errorf("%s is in the metrics", name)
		}
	}
}

// TestAlertsAndDashboardNameWhatIsThere takes the names from the files: what is renamed here must be renamed there.
func TestAlertsAndDashboardNameWhatIsThere(t *testing.T) {
	t.Parallel()
	certificate, configure := withCertificate(t)
	c := measured(t, configure)
	c.Transport = trusting(certificate)
	admin := c.SignedInByPassword()
	c.Browser().Do(http.MethodPost, "/signin", strings.NewReader(strings.Repeat("x", 70<<10)), "application/x-www-form-urlencoded")
	c.Add(admin, "analyst", "Ann", "Alyst", "ann@example.com")
	has(t, c, `console_delivery_attempts_total{kind="email",result="delivered"} 1`)
	text := scrape(t, c)
	name := regexp.MustCompile(`\b(?:console|go|process)_[a-z_]+\b`)
	found := 0
	for _, file := range []string{"../docs/monitoring/alerts.yml", "../docs/monitoring/dashboard.json", "../docs/operations.md"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range name.FindAllString(string(content), -1) {
			found++
			if !strings.Contains(text, "\n"+n+" ") && !strings.Contains(text, "\n"+n+"{") && !strings.Contains(text, "\n# TYPE "+n+" ") {
				t.Errorf("%s names %s, which no console has", file, n)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d names are found", found)
	}
	operations, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range regexp.MustCompile(`(?m)^# TYPE (console_\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(operations), "`"+n[1]+"`") {
			t.Errorf("docs/operations.md does not name %s", n[1])
		}
	}
}

func TestAlertsDoAsTheySay(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		command := exec.CommandContext(t.Context(), "promtool", arguments...)
		command.Dir = "../docs/monitoring"
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool (make tools installs it) %v: %v\n%s", arguments, err, output)
		}
	}
}

func TestMetricsDoNotGrowByWhatStrangersSend(t *testing.T) {
	t.Parallel()
	c := measured(t, nil)
	send := func(round string) int {
		b := c.Browser()
		for _, path := range []string{"/x" + round, "/settings/users/" + round, "/signup/" + round, "/static/" + round, "/api/v1/" + round, "/v1/" + round} {
			for _, method := range []string{http.MethodGet, http.MethodPost, "BREW", "M" + round} {
				b.Do(method, path, nil, "")
			}
		}
		b.PostForm("/signin", "email", round+"@example.com", "password", round)
		b.Header.Set("Host", round+".example")
		b.Get("/")
		text := scrape(t, c)
		if strings.Contains(strings.ToLower(text), "r0und") {
			t.Errorf("what was sent is in the metrics:\n%s", text)
		}
		return strings.Count(text, "\nconsole_")
	}
	first := send("r0unda")
	for _, round := range []string{"r0undb", "r0undc"} {
		if n := send(round); n != first {
			t.Errorf("%d series have become %d", first, n)
		}
	}
}

func TestMetricsAreForThisMachine(t *testing.T) {
	t.Parallel()
	c := measured(t, nil)
	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:1": 200, "[::1]:9090": 200, "evil.example": 421, "localhost.evil.example": 421,
		"192.0.2.1:9090": 421} {
		for _, path := range []string{"/metrics", "/debug/pprof/"} {
			if status, _ := askMetrics(t, c, path, host); status != want {
				t.Errorf("%s for %s is answered %d", path, host, status)
			}
		}
	}
	for path, want := range map[string]int{"/debug/pprof/heap": 200, "/debug/pprof/goroutine?debug=2": 200, "/debug/pprof/cmdline": 404, "/": 404,
		"/settings/users": 404, "/healthz": 404} {
		if status, _ := askMetrics(t, c, path, "localhost"); status != want {
			t.Errorf("%s is answered %d", path, status)
		}
	}
	for _, address := range []string{":9090", "0.0.0.0:9090", "192.0.2.1:9090", "console.example:9090", "[::]:9090"} {
		refused := cli.Serve{Installation: cli.Installation{Data: t.TempDir(), Brand: "Wallarm"}, Listen: "localhost:0", MetricsListen: address}
		if server, err := refused.Start(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "--metrics-listen "+address) {
			t.Errorf("%s: %v", address, err)
			if server != nil {
				server.Close()
			}
		}
	}
}

func TestMetricsWithoutADatabase(t *testing.T) {
	t.Parallel()
	c := measured(t, nil)
	c.Browser().Get("/signin")
	if err := c.DB.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	text := scrape(t, c)
	for _, line := range []string{`console_collect_success{source="database"} 0`, `console_collect_success{source="directory"} 0`,
		`console_collect_success{source="process"} 1`, `console_http_requests_total{code="200",method="GET",route="/signin"} 1`} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("%s is missing after %v:\n%s", line, time.Since(began), text)
		}
	}
}
