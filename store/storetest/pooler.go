package storetest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// poolSize is how many connections a Pooler shares out.
const poolSize = 5

// Pooler starts PgBouncer in front of a database, which gives each transaction any of five connections, and returns the database's place
// behind it. It goes with the test.
func Pooler(t testing.TB, place string) string {
	t.Helper()
	u, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	settings := filepath.Join(running.dir, fmt.Sprintf("pgbouncer-%d.ini", port))
	content := fmt.Sprintf(`[databases]
* = host=%s user=console
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
`, running.dir, port, poolSize)
	if err := os.WriteFile(settings, []byte(content), 0o644); err != nil { //nolint:gosec // another user runs PgBouncer
		t.Fatal(err)
	}
	path, err := exec.LookPath("/usr/sbin/pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	// It ends with its input, however the tests end.
	pooler := running.command("sh", "-c", `"$1" -q "$2" & read -r _; kill $!; wait $!`, "sh", path, settings)
	lives, err := pooler.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pooler.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lives.Close(); err != nil {
			t.Error(err)
		}
		_ = pooler.Wait() // it was killed
	})
	at := fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at); err == nil {
			_ = conn.Close() // it listens
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("PgBouncer does not listen")
		}
	}
	query := u.Query()
	query.Del("host")
	u.Host, u.RawQuery = at, query.Encode()
	return u.String()
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}
