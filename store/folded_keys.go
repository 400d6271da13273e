package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// foldedKeys is the version of the schema from which on the sort keys of people and groups know letters with a stroke,
// apostrophes, dashes and spaces as input.Fold does. SQL cannot fold.
const foldedKeys = 16

// goMigrations are those that no file of SQL can express.
func goMigrations() []*goose.Migration {
	return []*goose.Migration{goose.NewGoMigration(foldedKeys, &goose.GoFunc{RunTx: foldKeys}, nil)}
}

// foldKeys writes the keys that names have now, where they had others. It names the columns itself: later versions may have
// more of them.
func foldKeys(ctx context.Context, sqlTx *sql.Tx) error {
	tx := &Tx{Queries: queriesOn(sqliteEngine{}, sqlTx)}
	for last := int64(0); ; {
		users, err := many(ctx, tx.q, func(s scanner) (u userKeys, err error) {
			err = s.Scan(&u.ID, &u.Email, &u.FirstName, &u.LastName, &u.Role, &u.name, &u.role)
			return u, err
		}, `SELECT id, email, first_name, last_name, role, name_key, role_key FROM users WHERE id > $1 ORDER BY id LIMIT 10000`, last)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			last = u.ID
			if u.name == u.nameKey() && u.role == u.roleKey() {
				continue
			}
			if _, err := tx.exec(ctx, `UPDATE users SET name_key = $2, role_key = $3 WHERE id = $1`, u.ID, u.nameKey(), u.roleKey()); err != nil {
				return err
			}
		}
	}
	groups, err := many(ctx, tx.q, func(s scanner) (g Group, err error) {
		err = s.Scan(&g.ID, &g.Name)
		return g, err
	}, `SELECT id, name FROM groups`)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if _, err := tx.exec(ctx, `UPDATE groups SET name_key = $2 WHERE id = $1 AND name_key <> $2`, g.ID, g.nameKey()); err != nil {
			return err
		}
	}
	return nil
}

// userKeys is a person with the keys that are stored.
type userKeys struct {
	User
	name, role string
}
