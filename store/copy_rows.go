package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"console/internal/input"
)

// copyRows copies the rows of a table, and counts them for the planner of PostgreSQL. Indexes are made afterwards: to put a million people
// into the seventeen of theirs one by one takes three times as long.
func (c *copying) copyRows(ctx context.Context, t copiedTable) error {
	indexes, err := many(ctx, c.to, scanTableAnd, postgresIndexes, quoted(t.name))
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if _, err := c.to.ExecContext(ctx, `DROP INDEX `+index.table); err != nil {
			return err
		}
	}
	if err := c.copyAlone(ctx, t); err != nil {
		return err
	}
	for _, index := range indexes {
		if _, err := c.to.ExecContext(ctx, index.other); err != nil {
			return err
		}
	}
	_, err = c.to.ExecContext(ctx, `ANALYZE `+quoted(t.name))
	return err
}

// copyAlone copies the rows of a table.
func (c *copying) copyAlone(ctx context.Context, t copiedTable) error {
	rows, err := t.rows(ctx, c.from)
	if err != nil {
		return err
	}
	defer rows.end()
	var n int64
	err = c.connection.Raw(func(driver any) (err error) {
		n, err = driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(rows.row))
		return err
	})
	if refused, is := errors.AsType[*pgconn.PgError](err); is && refused.Detail != "" {
		err = fmt.Errorf("%w: %s", err, refused.Detail)
	}
	if err := cmp.Or(rows.failed, err); err != nil { // PostgreSQL repeats what it is told of the first
		return err
	}
	c.done.Tables++
	c.done.Rows += n
	c.done.Mended += rows.mended
	c.tell(CopyStep{Table: t.name, Rows: n})
	return nil
}

// compareRows compares the rows of a table, in the order of their keys, and names the first cell that differs.
func (c *copying) compareRows(ctx context.Context, t copiedTable) error {
	here, err := t.rows(ctx, c.from)
	if err != nil {
		return err
	}
	defer here.end()
	there, err := t.rows(ctx, c.to)
	if err != nil {
		return err
	}
	defer there.end()
	var n int64
	for ; ; n++ {
		row, err := here.row()
		if err != nil {
			return err
		}
		copied, err := there.row()
		if err != nil {
			return err
		}
		switch {
		case row == nil && copied == nil:
			c.tell(CopyStep{Compared: true, Table: t.name, Rows: n})
			return nil
		case copied == nil:
			return fmt.Errorf("the copy lacks the row with %s", t.keyOf(row))
		case row == nil:
			return fmt.Errorf("the copy has a row too many, with %s", t.keyOf(copied))
		}
		for i := range t.columns {
			if !sameCell(row[i], copied[i]) {
				return fmt.Errorf("column %s of the row with %s is not the same in the copy", t.columns[i], t.keyOf(row))
			}
		}
	}
}

// sameCell compares what the two drivers make of a cell: a number of eight bytes, text, bytes or nothing.
func sameCell(a, b any) bool {
	if x, is := a.([]byte); is {
		y, is := b.([]byte)
		return is && bytes.Equal(x, y)
	}
	if _, is := b.([]byte); is {
		return false
	}
	return a == b
}

// setCounters lets ids go on after the highest that was ever given, also where its row is gone.
func (c *copying) setCounters(ctx context.Context) error {
	identities, err := many(ctx, c.to, scanTableAnd, postgresIdentities)
	if err != nil {
		return err
	}
	for _, i := range identities {
		highest, err := one(ctx, c.from, value[int64], `SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = $1), 0),
			coalesce((SELECT max(`+quoted(i.other)+`) FROM `+quoted(i.table)+`), 0))`, i.table)
		if err != nil {
			return err
		}
		if highest == 0 {
			continue
		}
		if _, err := c.to.ExecContext(ctx, `SELECT setval(CAST(pg_get_serial_sequence($1, $2) AS regclass), $3)`,
			quoted(i.table), i.other, highest); err != nil {
			return fmt.Errorf("counter of %s: %w", i.table, err)
		}
	}
	return nil
}

// rows reads all rows in the order of the key.
func (t copiedTable) rows(ctx context.Context, from querier) (*copiedRows, error) {
	var order []string
	for _, i := range t.key {
		order = append(order, quoted(t.columns[i]))
	}
	var columns []string
	for _, column := range t.columns {
		columns = append(columns, quoted(column))
	}
	query := `SELECT ` + strings.Join(columns, ", ") + ` FROM ` + quoted(t.name) + ` ORDER BY ` + strings.Join(order, ", ")
	rows, err := from.QueryContext(ctx, query) //nolint:rowserrcheck // row asks
	if err != nil {
		return nil, unavailable(err)
	}
	read := &copiedRows{rows: rows, table: t, values: make([]any, len(t.columns)), into: make([]any, len(t.columns))}
	for i := range read.values {
		read.into[i] = &read.values[i]
	}
	return read, nil
}

// keyOf names a row by its key.
func (t copiedTable) keyOf(values []any) string {
	var parts []string
	for _, i := range t.key {
		format := "%s %v"
		switch values[i].(type) {
		case string:
			format = "%s %q"
		case []byte:
			format = "%s %x"
		}
		parts = append(parts, fmt.Sprintf(format, t.columns[i], values[i]))
	}
	return strings.Join(parts, ", ")
}

// copiedRows are the rows of a table.
type copiedRows struct {
	rows   *sql.Rows
	table  copiedTable
	values []any
	into   []any // pointers to values
	mended int64
	failed error // of reading a row
}

// row returns the next row, or nil after the last; it is only good until the one after it is read. Texts that PostgreSQL does not take
// are mended, but for those that rows are found by, and those of the activity log, whose MACs are made of them.
func (r *copiedRows) row() (values []any, err error) {
	defer func() { r.failed = err }()
	if !r.rows.Next() {
		return nil, unavailable(r.rows.Err())
	}
	if err := r.rows.Scan(r.into...); err != nil {
		return nil, unavailable(err)
	}
	for i, v := range r.values {
		if content, is := v.([]byte); is && content == nil {
			r.values[i] = []byte{} // an empty one: SQLite's driver says so of it, and PostgreSQL's takes that for NULL
		}
		text, is := v.(string)
		if !is {
			continue
		}
		mended := input.Storable(text)
		if mended == text {
			continue
		}
		if r.table.name == "activity" || slices.Contains(r.table.key, i) {
			return nil, fmt.Errorf("column %s of the row with %s holds a zero byte or what is no UTF-8, which PostgreSQL does not take",
				r.table.columns[i], r.table.keyOf(r.values))
		}
		r.values[i] = mended
		r.mended++
	}
	return r.values, nil
}

func (r *copiedRows) end() { _ = r.rows.Close() } // nothing was written through it

// quoted is the name of a table or a column in a statement.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
