package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestBeyondThisMachineTLSIsVerified(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	t.Setenv("PGHOST", "")
	for place, verified := range map[string]bool{
		"postgres://console@db.example.com/console":                                true,
		"postgresql://console@192.0.2.7:5433/console?application_name=x":           true,
		"postgres://console@localhost,db.example.com/console":                      true,
		"postgres:///console?host=db.example.com":                                  true,
		"postgres://console@db.example.com/console?sslmode=disable":                false,
		"postgres://console@localhost/console":                                     false,
		"postgres://console@127.0.0.1:5433/console":                                false,
		"postgres://console@[::1]/console":                                         false,
		"postgres:///console?host=/var/run/postgresql":                             false,
		"postgres://console@localhost:5432,127.0.0.1:5433/console?sslmode=disable": false,
	} {
		config, err := postgresConfig(place)
		if err != nil {
			t.Errorf("%s: %v", place, err)
			continue
		}
		got := config.TLSConfig != nil && !config.TLSConfig.InsecureSkipVerify && config.TLSConfig.ServerName != ""
		for _, other := range config.Fallbacks {
			got = got && other.TLSConfig != nil && !other.TLSConfig.InsecureSkipVerify
		}
		if got != verified {
			t.Errorf("%s: verified %t", place, got)
		}
	}
}

func TestPG24_OfSeveralHostsTheOneIsMeantThatCanBeWritten(t *testing.T) {
	t.Setenv("PGHOST", "")
	t.Setenv("PGTARGETSESSIONATTRS", "")
	for place, checked := range map[string]bool{
		"postgres://console@a.example.com,b.example.com/console":                                   true,
		"postgres:///console?host=a.example.com,b.example.com":                                     true,
		"postgres://console@a.example.com,b.example.com/console?target_session_attrs=any":          false,
		"postgres://console@db.example.com/console":                                                false,
		"postgres://console@a.example.com/console?target_session_attrs=read-write&sslmode=disable": true,
	} {
		config, err := postgresConfig(place)
		if err != nil {
			t.Errorf("%s: %v", place, err)
			continue
		}
		if got := config.ValidateConnect != nil; got != checked {
			t.Errorf("%s: connections are tried for writing: %t", place, got)
		}
	}
}

func TestNoPasswordIsShown(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for place, shown := range map[string]string{
		"postgres://console:" + secret + "@db.example.com:5433/console":        "postgres://console@db.example.com:5433/console",
		"postgresql://db.example.com/console?user=x&password=" + secret:        "postgresql://db.example.com/console",
		"postgres://console:" + secret + "/x@db.example.com/console":           "postgres://…",
		"postgres://console:" + secret + "%zz@db.example.com/console":          "postgres://…",
		"postgres://console:" + secret + "@[::1/console":                       "postgres://…",
		"postgres://console:" + secret + "@localhost:99999/console":            "postgres://console@localhost:99999/console",
		"postgres://console:" + secret + "@localhost/console?sslmode=nonsense": "postgres://console@localhost/console",
		"postgres://console:123/" + secret + "@localhost/console":              "postgres://…",
		"postgres://console:1?" + secret + "@localhost/console":                "postgres://…",
		"postgres://console:1#" + secret + "@localhost/console":                "postgres://…",
		"data/console.db": "data/console.db",
	} {
		if got := ShownAs(place); got != shown {
			t.Errorf("%s is shown as %s", place, got)
		}
		if !IsURL(place) {
			continue
		}
		for what, try := range map[string]func() error{
			"Open":     func() error { _, err := Open(t.Context(), place); return err },
			"SealedAt": func() error { _, err := SealedAt(t.Context(), place); return err },
			"Exists":   func() error { _, err := Exists(t.Context(), place); return err },
		} {
			if strings.Contains(place, "db.example.com") && !strings.Contains(shown, "…") {
				continue // it would be looked for
			}
			if err := try(); err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s of %s: %v", what, shown, err)
			}
		}
	}
}

// The server of the tests is new enough, so what an older one says is given here. A database in another encoding is a real one.
func TestPG25_OlderServersAreRefusedInASentence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version          int
		encoding, schema string
		words            string // empty: it suits
	}{
		{150000, "UTF8", "public", ""},
		{180001, "UTF8", "acme", ""},
		{140022, "UTF8", "public", "the server is PostgreSQL 14; the console needs PostgreSQL 15 or newer"},
		{90624, "UTF8", "public", "the server is PostgreSQL 9; the console needs PostgreSQL 15 or newer"},
		{150018, "SQL_ASCII", "public", "the database has the encoding SQL_ASCII; the console needs one with the encoding UTF8"},
		{150018, "UTF8", "", "the database has no schema that the search_path of the connection names: create it, or name another one"},
	} {
		err := refusePostgres(c.version, c.encoding, c.schema)
		if words := errors.Join(err); (words == nil) != (c.words == "") || words != nil && words.Error() != c.words {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzDatabaseURL: whatever password stands in the URL of a database, nothing of it is shown, and no error repeats it.
func FuzzDatabaseURL(f *testing.F) {
	for _, password := range []string{"s3cret", "12/34567", "a@b", "1?x", "1#x", "%zz", ":::", "[::1]", " ", "\x00", "1/x%40"} {
		f.Add("console", password, "@db.example.com/console?sslmode=require")
	}
	f.Add("", "x", "/")
	f.Fuzz(func(t *testing.T, user, password, rest string) {
		const mark = "s3cret-word"
		place := "postgres://" + user + ":" + password + mark + rest
		if strings.Contains(user+rest, mark) || !strings.Contains(rest, "@") || strings.ContainsAny(user, "/?#@") {
			return // it is no password
		}
		if shown := ShownAs(place); strings.Contains(shown, mark) || !IsURL(shown) {
			t.Errorf("%q is shown as %q", place, shown)
		}
		if _, err := postgresConfig(place); err != nil && strings.Contains(err.Error(), mark) {
			t.Errorf("%q: %v", place, err)
		}
	})
}

// FuzzListCursor: whatever is given as the cursor of a list, it is a place in a list of that order or its beginning, and its own text leads
// there.
func FuzzListCursor(f *testing.F) {
	for _, text := range []string{"", "x", Cursor{Key: "ann", ID: 7}.String(), Cursor{Key: int64(1764322200000), ID: 7, Before: true}.String(), "eyJrIjoxZTk5OSwiaSI6MX0",
		"eyJrIjpudWxsLCJpIjoxfQ", "eyJrIjoxZTMwMCwiaSI6MX0", "eyJrIjoieCIsImkiOi0xfQ", "bnVsbA", "W10"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, sort := range []Sort{SortName, SortRole, SortEmail, SortLastAuth} {
			c := ParseCursor(text, sort)
			if again := ParseCursor(c.String(), sort); again != c && c.ID != 0 {
				t.Errorf("%q is read as %+v, then as %+v", text, c, again)
			}
			if _, byTime := c.Key.(int64); c.ID < 0 || c.ID != 0 && byTime != (sort == SortLastAuth) {
				t.Errorf("%q is read as %+v in a list by %s", text, c, sort)
			}
		}
	})
}

func TestWhatBlocksAMigration(t *testing.T) {
	t.Parallel()
	for code, blocked := range map[string]bool{"55P03": true, "40P01": true, "40001": false, "42P07": false} {
		if err := fmt.Errorf("migrate: %w", &pgconn.PgError{Code: code}); isBlocked(err) != blocked {
			t.Errorf("%v blocks a migration: %t", err, !blocked)
		}
	}
	if isBlocked(errors.New("deadlock")) || isBlocked(nil) {
		t.Error("what is no error of the server blocks a migration")
	}
}
