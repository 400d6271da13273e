package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// content is all that stands in a database of PostgreSQL but its schema.
type content struct {
	rows      map[string][]byte // of tables that have any, as COPY writes them
	sequences string            // statements that set them
}

// contentOf reads a database that nobody changes.
func contentOf(ctx context.Context, url string) (c content, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return content{}, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	tables, err := texts(ctx, conn, `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		return content{}, err
	}
	c.rows = map[string][]byte{}
	for _, table := range tables {
		var rows bytes.Buffer
		if _, err := conn.PgConn().CopyTo(ctx, &rows, "COPY "+table+" TO STDOUT"); err != nil {
			return content{}, err
		}
		if rows.Len() > 0 {
			c.rows[table] = rows.Bytes()
		}
	}
	set, err := texts(ctx, conn, `SELECT format('SELECT setval(%L, %s, %L)', quote_ident(sequencename), coalesce(last_value, start_value),
		last_value IS NOT NULL) FROM pg_sequences WHERE schemaname = 'public'`)
	c.sequences = strings.Join(set, ";\n")
	return c, err
}

// putInto makes of any content of a database this one. Nothing else may be connected to it.
func (c content) putInto(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	// Foreign keys and triggers keep quiet meanwhile: the tables are emptied and filled in any order.
	const empty = `BEGIN; SET LOCAL session_replication_role = replica; DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE format('DELETE FROM %I', name); END LOOP; END $$`
	if err := execute(ctx, conn.PgConn(), empty); err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(c.rows)) {
		if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(c.rows[table]), "COPY "+table+" FROM STDIN"); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return execute(ctx, conn.PgConn(), c.sequences+"; COMMIT")
}

// execute runs statements that are parted by semicolons.
func execute(ctx context.Context, conn *pgconn.PgConn, statements string) error {
	_, err := conn.Exec(ctx, statements).ReadAll()
	return err
}

func texts(ctx context.Context, conn *pgx.Conn, query string) ([]string, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
