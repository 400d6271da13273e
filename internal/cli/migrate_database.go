package cli

import (
	"context"
	"errors"
	"fmt"

	"console/store"
)

// migrateDatabase moves an installation from SQLite to PostgreSQL.
type migrateDatabase struct {
	Installation
	To string `required:"" help:"URL of an empty PostgreSQL database, postgres://user@host/database."`
}

// Run copies the database while no console serves it, compares the copy with it, and prints what to do next. Progress goes to standard
// error.
func (m migrateDatabase) Run(ctx context.Context, io stdio) error {
	from := m.database()
	if store.IsURL(from) {
		return errors.New("--database: only a file of SQLite is copied; between databases of PostgreSQL use pg_dump")
	}
	if !store.IsURL(m.To) {
		return errors.New("--to: the URL of a PostgreSQL database is needed, postgres://user@host/database")
	}
	if err := m.mustExist(ctx, "name its directory with --data"); err != nil {
		return err
	}
	key, err := m.findKey(ctx, newLogger("text", io.err))
	if err != nil {
		return err
	}
	if err := checkKey(ctx, from, key); err != nil {
		return err
	}
	copied, err := store.Copy(ctx, from, m.To, func(step store.CopyStep) {
		did := "copied"
		if step.Compared {
			did = "compared"
		}
		_, _ = fmt.Fprintf(io.err, "%s %s: %d rows\n", did, step.Table, step.Rows) // nobody may be watching
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "All %d rows of %d tables are in %s, and are the same there.\n",
		copied.Rows, copied.Tables, store.ShownAs(m.To))
	if err == nil && copied.Mended > 0 {
		_, err = fmt.Fprintf(io.out, "%d texts held zero bytes or what is no UTF-8: the sign for what cannot be read stands there now.\n",
			copied.Mended)
	}
	if err == nil {
		_, err = fmt.Fprintf(io.out, "Start the console with that URL as --database from now on, and the same --data and --key-file as before.\n"+
			"%s is as it was; keep it as a copy, and do not serve it any more.\n", from)
	}
	return err
}
