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
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"console/internal/input"
)

var (
	// ErrInUse says that a console, or another program, has the file of a database open.
	ErrInUse = errors.New("another process has the database open: stop the console first")
	// ErrNotEmpty says that a database has rows or tables already.
	ErrNotEmpty = errors.New("the database to copy to is not empty: name a new one, or a new schema")
)

// CopyStep says that a table was copied or, later on, compared.
type CopyStep struct {
	Compared bool
	Table    string
	Rows     int64
}

// Copied says what Copy has done.
type Copied struct {
	Tables int
	Rows   int64
	Mended int64 // texts that PostgreSQL would not take as they were, see input.Storable
}

// Copy copies the database of SQLite at a path to an empty one of PostgreSQL at a URL, which it migrates first: every row of every table,
// as the two catalogues have them, and the counters of ids. It compares every row before it commits; until then the target stays
// empty, and after any error too, unless it is that of the commit. Nobody else can open the file meanwhile, and what it holds is not
// changed. tell is called after each table.
//
// Copy returns ErrInUse, ErrNotEmpty, ErrOlderSchema or ErrNewerSchema where the databases are not fit for it.
func Copy(ctx context.Context, path, target string, tell func(CopyStep)) (copied Copied, err error) {
	from, err := openAlone(ctx, path)
	if err != nil {
		return Copied{}, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openEmpty(ctx, target)
	if err != nil {
		return Copied{}, err
	}
	defer func() { err = errors.Join(err, to.end()) }()
	connection, err := to.write.Conn(ctx) // COPY is not known to database/sql
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer connection.Close()
	there, err := connection.BeginTx(ctx, nil)
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer there.Rollback() // without effect after Commit
	here, err := from.BeginTx(ctx, nil)
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer here.Rollback() // it has written nothing
	c := copying{from: here, to: there, connection: connection, tell: tell}
	if err := c.all(ctx); err != nil {
		return Copied{}, fmt.Errorf("nothing was copied: %w", err)
	}
	if err := there.Commit(); err != nil {
		return Copied{}, fmt.Errorf("nobody knows whether the copy was saved; look whether the database is empty: %w", unavailable(err))
	}
	return c.done, nil
}

// openAlone opens a database of SQLite that has the newest schema, and that no other process has open.
func openAlone(ctx context.Context, path string) (*sql.DB, error) {
	db, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	if err := isNewest(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// isNewest refuses a database of SQLite that this version of the program has not been started on, or that another process uses.
func isNewest(ctx context.Context, db *sql.DB) error {
	q := queriesOn(sqliteEngine{}, db)
	if _, err := one(ctx, q.q, value[int], `SELECT count(*) FROM sqlite_master`); err != nil {
		return inUse(err)
	}
	current, newest, err := versions(ctx, sqliteEngine{}, db)
	if err != nil {
		return err
	}
	if current < newest {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrOlderSchema, current, newest)
	}
	// The first start after an update does two things beside the migrations.
	if _, err := q.SealedConstant(ctx); errors.Is(err, ErrNotFound) {
		return ErrOlderSchema
	} else if err != nil {
		return err
	}
	_, err = q.FirstWithoutMAC(ctx)
	switch {
	case err == nil:
		return ErrOlderSchema
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// openEmpty opens a database of PostgreSQL that is empty, and migrates it. One that is not empty is left as it is.
func openEmpty(ctx context.Context, place string) (pools, error) {
	e := postgresEngine{}
	read, err := e.reader(ctx, place)
	if err != nil {
		return pools{}, err
	}
	q := queriesOn(e, read)
	tables, err := many(ctx, q.q, value[string], e.tables())
	if err == nil && len(tables) > 0 && !slices.Contains(tables, goose.DefaultTablename) {
		err = fmt.Errorf("%w (it has a table %s)", ErrNotEmpty, slices.Min(tables))
	}
	if err == nil {
		err = q.refuseRows(ctx, tables)
	}
	if err := errors.Join(err, read.Close()); err != nil {
		return pools{}, err
	}
	opened, err := e.dial(ctx, place)
	if err != nil {
		return pools{}, err
	}
	if err := migrate(ctx, e, opened.write); err != nil {
		return pools{}, errors.Join(err, opened.end())
	}
	return opened, nil
}

// filledByMigrations are the tables that have rows in an empty database, and are not copied. SQLite counts commits by itself.
var filledByMigrations = []string{goose.DefaultTablename, lock.DefaultLockTableName, "commits", "programs"}

// refuseRows returns ErrNotEmpty where a table has a row that no migration has made.
func (q Queries) refuseRows(ctx context.Context, tables []string) error {
	for _, table := range tables {
		if slices.Contains(filledByMigrations, table) {
			continue
		}
		rows, err := one(ctx, q.q, value[int], `SELECT count(*) FROM (SELECT 1 FROM `+quoted(table)+` LIMIT 1) AS first`)
		if err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("%w (the table %s has rows)", ErrNotEmpty, table)
		}
	}
	return nil
}

// copying is a copy under way.
type copying struct {
	from, to   *sql.Tx
	connection *sql.Conn // of to
	tables     []copiedTable
	tell       func(CopyStep)
	done       Copied
}

// copiedTable is a table as both databases have it.
type copiedTable struct {
	name    string
	columns []string
	key     []int // of columns, what its rows are told apart and ordered by
}

func (c *copying) all(ctx context.Context) error {
	e := postgresEngine{}
	to := queriesOn(e, c.to)
	if err := e.begin(ctx, to.q); err != nil {
		return unavailable(err)
	}
	// One statement copies or reads a whole table, while SQLite is read.
	if _, err := to.q.ExecContext(ctx, `SELECT set_config('statement_timeout', '0', true),
		set_config('idle_in_transaction_session_timeout', '0', true)`); err != nil {
		return unavailable(err)
	}
	tables, err := many(ctx, to.q, value[string], e.tables())
	if err != nil {
		return err
	}
	if err := to.refuseRows(ctx, tables); err != nil {
		return err
	}
	if err := c.readCatalogues(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context, copiedTable) error{c.copyRows, c.compareRows} {
		for _, t := range c.tables {
			if err := step(ctx, t); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
	}
	if err := c.setCounters(ctx); err != nil {
		return err
	}
	return e.finish(ctx, to.q)
}

// The columns of both databases by table, each with its place in the primary key or 0, and the tables that refer to others.
const (
	sqliteTables  = ` m.type = 'table' AND m.name NOT LIKE 'sqlite^_%' ESCAPE '^' AND m.name <> '` + goose.DefaultTablename + `'`
	sqliteColumns = `SELECT m.name, c.name, c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE` + sqliteTables + `
		ORDER BY m.name, c.cid`
	sqliteReferences = `SELECT DISTINCT m.name, k."table", 0 FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE` + sqliteTables + `
		AND k."table" <> m.name`
	postgresColumns = `SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), 0 FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_generated = 'NEVER'`
	postgresIdentities = `SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), 0 FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name`
)

// tableAnd is something that a catalogue says of a table.
type tableAnd struct {
	table, other string
	key          int
}

func scanTableAnd(s scanner) (t tableAnd, err error) {
	err = s.Scan(&t.table, &t.other, &t.key)
	return t, err
}

// readCatalogues finds out which tables there are, with their columns, in an order in which each comes after those that it refers to. It
// refuses databases that do not have the same ones.
func (c *copying) readCatalogues(ctx context.Context) error {
	here, err := many(ctx, c.from, scanTableAnd, sqliteColumns)
	if err != nil {
		return err
	}
	there, err := many(ctx, c.to, scanTableAnd, postgresColumns)
	if err != nil {
		return err
	}
	filled := func(t tableAnd) bool { return slices.Contains(filledByMigrations, t.table) }
	here, there = slices.DeleteFunc(here, filled), slices.DeleteFunc(there, filled)
	if err := sameColumns(here, there); err != nil {
		return err
	}
	references, err := many(ctx, c.from, scanTableAnd, sqliteReferences)
	if err != nil {
		return err
	}
	left := tablesOf(here)
	for len(left) > 0 {
		waits := func(t copiedTable) bool {
			return slices.ContainsFunc(references, func(r tableAnd) bool {
				return r.table == t.name && slices.ContainsFunc(left, func(other copiedTable) bool { return other.name == r.other })
			})
		}
		var waiting []copiedTable
		for _, t := range left {
			if waits(t) {
				waiting = append(waiting, t)
			} else {
				c.tables = append(c.tables, t)
			}
		}
		if len(waiting) == len(left) {
			return fmt.Errorf("the table %s refers to itself through others", left[0].name)
		}
		left = waiting
	}
	return nil
}

// sameColumns says what one database has and the other does not.
func sameColumns(here, there []tableAnd) error {
	name := func(t tableAnd) string { return t.table + "." + t.other }
	only := func(has, lacks []tableAnd) (columns []string) {
		for _, t := range has {
			if !slices.ContainsFunc(lacks, func(l tableAnd) bool { return name(l) == name(t) }) {
				columns = append(columns, name(t))
			}
		}
		return columns
	}
	if columns := only(here, there); len(columns) > 0 {
		return fmt.Errorf("only the file of SQLite has %s", strings.Join(columns, ", "))
	}
	if columns := only(there, here); len(columns) > 0 {
		return fmt.Errorf("only the database of PostgreSQL has %s", strings.Join(columns, ", "))
	}
	return nil
}

// tablesOf makes tables of their columns. One without a primary key is ordered by all of them.
func tablesOf(columns []tableAnd) (tables []copiedTable) {
	for rest := columns; len(rest) > 0; {
		end := slices.IndexFunc(rest, func(t tableAnd) bool { return t.table != rest[0].table })
		if end < 0 {
			end = len(rest)
		}
		t := copiedTable{name: rest[0].table}
		for i, c := range rest[:end] {
			t.columns = append(t.columns, c.other)
			if c.key > 0 {
				t.key = append(t.key, i)
			}
		}
		slices.SortFunc(t.key, func(a, b int) int { return rest[a].key - rest[b].key })
		if len(t.key) == 0 {
			for i := range t.columns {
				t.key = append(t.key, i)
			}
		}
		tables = append(tables, t)
		rest = rest[end:]
	}
	return tables
}

// copyRows copies the rows of a table, and counts them for the planner of PostgreSQL.
func (c *copying) copyRows(ctx context.Context, t copiedTable) error {
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
	if _, err := c.to.ExecContext(ctx, `ANALYZE `+quoted(t.name)); err != nil {
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
