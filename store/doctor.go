package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
)

// SchemaAt returns the number of the schema that the database at a place has, and of the newest one that this program knows. Nothing is
// migrated. It returns ErrNewerSchema as Open does; the error says both numbers.
func SchemaAt(ctx context.Context, place string) (current, newest int64, err error) {
	err = lookAt(ctx, place, func(e engine, db *sql.DB) (err error) {
		current, newest, err = versions(ctx, e, db)
		return err
	})
	return current, newest, err
}

// DamageAt returns what is damaged in the database at a place, whichever schema it has; nothing is repaired. whole also compares every
// index with its table, which reads all of both. A file that cannot be read as a database at all is an error. It ends when ctx does.
func DamageAt(ctx context.Context, place string, whole bool) (damage []string, err error) {
	err = lookAt(ctx, place, func(e engine, db *sql.DB) error {
		for _, query := range e.damage(whole) {
			found, err := many(ctx, db, value[string], query)
			if err != nil {
				return err
			}
			damage = append(damage, found...)
		}
		return nil
	})
	return damage, err
}

// lookAt opens the database at a place for reading alone, whichever schema it has.
func lookAt(ctx context.Context, place string, look func(engine, *sql.DB) error) (err error) {
	e := engineOf(place)
	db, err := e.reader(ctx, place)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return look(e, db)
}

// damage asks the pages of the file first, then which rows refer to none.
func (sqliteEngine) damage(whole bool) []string {
	pages := `SELECT quick_check FROM pragma_quick_check WHERE quick_check <> 'ok' LIMIT 20`
	if whole {
		pages = `SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 20`
	}
	return []string{pages, `SELECT 'a row of ' || "table" || ' refers to one of ' || parent || ' that is not there'
		FROM pragma_foreign_key_check GROUP BY "table", parent LIMIT 20`}
}

// damage asks for what copying and repairing by hand leaves behind. Whether the server's files are whole, only its own tools tell.
func (postgresEngine) damage(bool) []string {
	return []string{
		`SELECT 'the index ' || c.relname || ' is not valid' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE NOT (i.indisvalid AND i.indisready) AND CAST(c.relnamespace AS regnamespace) = CAST(current_schema() AS regnamespace)
			ORDER BY 1 LIMIT 20`,
		`SELECT 'the constraint ' || conname || ' of ' || CAST(conrelid AS regclass) || ' is not validated' FROM pg_constraint
			WHERE NOT convalidated AND CAST(connamespace AS regnamespace) = CAST(current_schema() AS regnamespace) ORDER BY 1 LIMIT 20`,
		`SELECT 'the trigger ' || t.tgname || ' of ' || c.relname || ' is switched off' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			WHERE t.tgenabled <> 'O' AND NOT t.tgisinternal
			AND CAST(c.relnamespace AS regnamespace) = CAST(current_schema() AS regnamespace) ORDER BY 1 LIMIT 20`,
	}
}

// Server is a server of PostgreSQL as the console finds it.
type Server struct {
	Version   string // such as 16.4
	Schema    string
	Local     bool     // it is on this machine
	Encrypted bool     // the connection is
	Verified  bool     // its certificate is compared with its name
	ReadOnly  bool     // it takes no changes: a standby, or a role that may only read
	MayCreate bool     // the role may create tables in the schema
	Withheld  []string // tables of the schema that the role may not read and write
	Foreign   []string // tables that belong to another role, so that no migration can change them
}

// ServerAt looks at the server of PostgreSQL at a place. It returns why where the console cannot work with that at all: an old version,
// another encoding than UTF8, no schema, a pooler for which the URL is not set up.
func ServerAt(ctx context.Context, place string) (found Server, err error) {
	config, err := postgresConfig(place)
	if err != nil {
		return Server{}, err
	}
	found.Local = isLocalHost(config.Host)
	found.Verified = config.TLSConfig != nil && !config.TLSConfig.InsecureSkipVerify
	err = lookAt(ctx, place, func(_ engine, db *sql.DB) error { return found.ask(ctx, db) })
	return found, err
}

func (s *Server) ask(ctx context.Context, db *sql.DB) error {
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_schema(), current_setting('transaction_read_only') = 'on',
		has_schema_privilege(current_schema(), 'CREATE')`).Scan(&s.Version, &s.Schema, &s.ReadOnly, &s.MayCreate)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = conn.Raw(func(driver any) error {
		_, s.Encrypted = driver.(*stdlib.Conn).Conn().PgConn().Conn().(*tls.Conn)
		return nil
	})
	if err != nil {
		return err
	}
	type table struct {
		name        string
		mine, using bool
	}
	tables, err := many(ctx, db, func(s scanner) (t table, err error) {
		err = s.Scan(&t.name, &t.mine, &t.using)
		return t, err
	}, `SELECT CAST(tablename AS TEXT), pg_has_role(tableowner, 'USAGE'), (SELECT bool_and(has_table_privilege(CAST(c.oid AS oid), p))
			FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p)
		FROM pg_tables t JOIN pg_class c ON c.relname = t.tablename AND c.relnamespace = CAST(t.schemaname AS regnamespace)
		WHERE t.schemaname = current_schema() ORDER BY 1`)
	for _, t := range tables {
		if !t.using {
			s.Withheld = append(s.Withheld, t.name)
		}
		if !t.mine {
			s.Foreign = append(s.Foreign, t.name)
		}
	}
	return err
}

// NewestEntryTime returns when the newest entry of the activity log was written, or ErrNotFound where there is none.
func (q Queries) NewestEntryTime(ctx context.Context) (Millis, error) {
	return one(ctx, q.q, value[Millis], `SELECT at FROM activity ORDER BY id DESC LIMIT 1`)
}

// Overdue are deliveries that could be sent and are not.
type Overdue struct {
	Deliveries int
	Since      Millis // since when the oldest is due
}

// OverdueDeliveries returns those that are due since before a time, without those that wait for a target that is held.
func (q Queries) OverdueDeliveries(ctx context.Context, before Millis) (Overdue, error) {
	return one(ctx, q.q, func(s scanner) (o Overdue, err error) {
		err = s.Scan(&o.Deliveries, &o.Since)
		return o, err
	}, `SELECT count(*), coalesce(min(next_at), 0) FROM deliveries d WHERE state = 'waiting' AND priority IN (0, 1, 2) AND next_at < $1
		AND NOT EXISTS (SELECT 1 FROM delivery_holds h WHERE h.target = d.target)`, before)
}
