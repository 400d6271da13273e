package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// copiedTable is a table as both databases have it.
type copiedTable struct {
	name    string
	columns []string
	key     []int // of columns, what its rows are told apart and ordered by
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
	// The indexes that no rule is kept by, with the statements that make them.
	postgresIndexes = `SELECT quote_ident(c.relname), pg_get_indexdef(i.indexrelid), 0 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = CAST($1 AS regclass) AND NOT i.indisunique ORDER BY c.relname`
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
