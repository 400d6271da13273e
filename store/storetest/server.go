package storetest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a server of PostgreSQL of a test's own: it may be full, die, and have a standby that takes its place.
type Server struct{ cluster cluster }

// own is the database of a Server.
const own = "console_own"

// NewServer starts a server with an empty database and with settings such as max_connections=12. It goes with the test.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := new(Server)
	s.endWith(t)
	err := s.cluster.start(settings...)
	if err == nil {
		err = s.cluster.exec("CREATE DATABASE " + own + " TEMPLATE " + template)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Server) endWith(t testing.TB) {
	t.Cleanup(func() {
		if err := errors.Join(s.cluster.requireNoFault(), s.cluster.stop()); err != nil {
			t.Error(err)
		}
	})
}

// Place is the name of the database.
func (s *Server) Place() string { return s.cluster.url(own) }

// PlaceFor is Place for a role that it makes, which may do no more than the console needs: it is not let in beyond the usual number of
// connections.
func (s *Server) PlaceFor(t testing.TB, role string) string {
	t.Helper()
	s.must(t, `CREATE ROLE `+role+` LOGIN; GRANT ALL ON SCHEMA public TO `+role+`; GRANT ALL ON ALL TABLES IN SCHEMA public TO `+role+
		`; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO `+role)
	return strings.Replace(s.Place(), "user=console", "user="+role, 1)
}

// Restart ends all connections and starts the server again with other settings.
func (s *Server) Restart(t testing.TB, settings ...string) {
	t.Helper()
	if err := s.cluster.control("restart", settings...); err != nil {
		t.Fatal(err)
	}
}

// Standby starts a server that follows this one, and answers what only reads.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	standby := new(Server)
	standby.endWith(t)
	err := standby.cluster.prepare()
	if err == nil {
		err = standby.cluster.run("pg_basebackup", "-h", s.cluster.dir, "-U", "console", "-D", standby.cluster.data(), "-R", "-X", "stream", "-c", "fast")
	}
	if err == nil {
		err = standby.cluster.control("start")
	}
	if err != nil {
		t.Fatal(err)
	}
	return standby
}

// FallBehind has a standby follow no longer, once it has all that its server has at this moment.
func (s *Server) FallBehind(t testing.TB, primary *Server) {
	t.Helper()
	at := primary.ask(t, `SELECT pg_current_wal_flush_lsn()::text`)
	for deadline := time.Now().Add(time.Minute); s.ask(t, `SELECT (pg_last_wal_replay_lsn() >= '`+at+`')::text`) != "true"; {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not follow")
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.must(t, `ALTER SYSTEM SET primary_conninfo = ''`)
	s.must(t, `SELECT pg_reload_conf()`)
	for deadline := time.Now().Add(time.Minute); s.ask(t, `SELECT count(*)::text FROM pg_stat_wal_receiver`) != "0"; {
		if time.Now().After(deadline) {
			t.Fatal("the standby goes on following")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Die ends a server as a power cut does.
func (s *Server) Die(t testing.TB) {
	t.Helper()
	if err := s.cluster.run("pg_ctl", "-m", "immediate", "-D", s.cluster.data(), "stop"); err != nil {
		t.Fatal(err)
	}
}

// Promote makes of a standby a server that can be written.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	if err := s.cluster.run("pg_ctl", "-w", "-D", s.cluster.data(), "promote"); err != nil {
		t.Fatal(err)
	}
}

// PlaceOf is the name of a database that several servers may have, in the order in which they are to be tried.
func PlaceOf(servers ...*Server) string {
	var hosts []string
	for _, s := range servers {
		hosts = append(hosts, s.cluster.dir)
	}
	return "postgres:///" + own + "?" + url.Values{"host": {strings.Join(hosts, ",")}, "user": {"console"}}.Encode()
}

func (s *Server) must(t testing.TB, statements string) {
	t.Helper()
	s.with(t, func(conn *pgx.Conn) error { return execute(context.Background(), conn.PgConn(), statements) })
}

// ask returns the single text that a query gives.
func (s *Server) ask(t testing.TB, query string) (answer string) {
	t.Helper()
	s.with(t, func(conn *pgx.Conn) error { return conn.QueryRow(context.Background(), query).Scan(&answer) })
	return answer
}

func (s *Server) with(t testing.TB, do func(*pgx.Conn) error) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.Place())
	if err == nil {
		err = errors.Join(do(conn), conn.Close(ctx))
	}
	if err != nil {
		t.Fatal(err)
	}
}
