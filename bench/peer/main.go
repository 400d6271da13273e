// Command peer is PocketBase with one more command: load, which fills it with the people of a console. The console's
// list and search are measured against it.
package main

import (
	"database/sql"
	"fmt"
	"log"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/spf13/cobra"
)

func main() {
	app := pocketbase.New()
	var email, password string
	load := &cobra.Command{Use: "load DATABASE", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, arguments []string) error {
		if err := app.Bootstrap(); err != nil {
			return err
		}
		if err := app.RunAllMigrations(); err != nil {
			return err
		}
		return fill(app, arguments[0], email, password)
	}}
	load.Flags().StringVar(&email, "email", "", "address of the person who may sign in")
	load.Flags().StringVar(&password, "password", "", "their password")
	app.RootCmd.AddCommand(load)
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

// fill creates the collection of people and one person who may list them, and copies the people of a console's database.
func fill(app core.App, database, email, password string) error {
	settings := app.Settings()
	settings.Logs.MaxDays = 0 // the fastest: no request is logged
	if err := app.Save(settings); err != nil {
		return err
	}
	people, err := collection(app)
	if err != nil {
		return err
	}
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	person := core.NewRecord(users)
	person.SetEmail(email)
	person.SetPassword(password)
	person.SetVerified(true)
	if err := app.Save(person); err != nil {
		return err
	}
	return copyPeople(app, people, database)
}

// collection has an index on the column it is sorted by, and is read by whoever has signed in.
func collection(app core.App) (*core.Collection, error) {
	people := core.NewBaseCollection("people")
	people.ListRule = types.Pointer(`@request.auth.id != ""`)
	people.ViewRule = people.ListRule
	for _, name := range []string{"name", "email", "role", "status", "name_key"} {
		people.Fields.Add(&core.TextField{Name: name})
	}
	people.Fields.Add(&core.NumberField{Name: "last_auth", OnlyInt: true})
	people.AddIndex("people_name_key", false, "name_key", "")
	people.AddIndex("people_email", true, "email", "")
	return people, app.Save(people)
}

// copyPeople writes the rows as PocketBase stores them, past its validation, in one transaction.
func copyPeople(app core.App, people *core.Collection, database string) error {
	console, err := sql.Open("sqlite", "file:"+database+"?mode=ro")
	if err != nil {
		return err
	}
	defer console.Close()
	rows, err := console.Query(`SELECT id, trim(first_name || ' ' || last_name), email, role, name_key, last_auth_at,
		CASE WHEN disabled_at > 0 THEN 'disabled' WHEN activated_at = 0 THEN 'invited' ELSE 'active' END
		FROM users WHERE joined_at > 0 ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	return app.RunInTransaction(func(tx core.App) error {
		for rows.Next() {
			var id, lastAuth int64
			var name, email, role, key, status string
			if err := rows.Scan(&id, &name, &email, &role, &key, &lastAuth, &status); err != nil {
				return err
			}
			_, err := tx.DB().Insert(people.Name, dbx.Params{"id": fmt.Sprintf("p%014d", id), "name": name, "email": email, "role": role,
				"status": status, "name_key": key, "last_auth": lastAuth}).Execute()
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
