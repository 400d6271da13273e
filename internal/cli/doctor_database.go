package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"time"

	"console/internal/account"
	"console/internal/notify"
	"console/store"
)

// checkDatabase looks whether there is a database, and what its server says of itself.
func checkDatabase(ctx context.Context, e *examination) finding {
	place := e.serve.database()
	if store.IsURL(place) {
		return checkServer(ctx, place)
	}
	switch err := e.serve.mustExist(ctx, "name its directory with --data"); {
	case errors.Is(err, fs.ErrPermission):
		return finding{wrong, err.Error(), giveBack}
	case err != nil:
		return finding{wrong, err.Error(), "Of a new installation, start the console: the first start makes the database."}
	}
	if _, _, err := store.SchemaAt(ctx, place); err != nil && !errors.Is(err, store.ErrNewerSchema) {
		return finding{wrong, place + " cannot be read: " + err.Error(), unreadAdvice(err)}
	}
	return finding{right, place, ""}
}

// putCopyBack is what to do about a database that is lost.
const putCopyBack = "Stop the console, keep the files as they are aside, and put the newest copy back; then run console restored."

// unreadAdvice is what to do about a database that cannot be read. Only a damaged one is lost: whoever puts a copy back loses what was
// done since.
func unreadAdvice(err error) string {
	if store.IsDamaged(err) {
		return putCopyBack
	}
	return "The file may be whole. Mend what “data directory” and “disk” say, such as whose its files are, and run doctor again."
}

func checkServer(ctx context.Context, place string) finding {
	server, err := store.ServerAt(ctx, place)
	if err != nil {
		return finding{wrong, err.Error(), "See PostgreSQL in docs/operations.md for what the console needs."}
	}
	found := fmt.Sprintf("%s, PostgreSQL %s, schema %s", store.ShownAs(place), server.Version, server.Schema)
	switch {
	case server.ReadOnly:
		return finding{wrong, found + ": it takes no changes", "Name the server that is the primary, and a role that may write."}
	case len(server.Withheld) > 0:
		return finding{wrong, found + ": the role may not read and write " + strings.Join(server.Withheld, ", "),
			"Grant SELECT, INSERT, UPDATE and DELETE on them, or make the role their owner."}
	case !server.MayCreate || len(server.Foreign) > 0:
		return finding{warning, found + ": the role may not change the schema, which the next version needs",
			"Make the role the owner of the schema and of its tables: " + strings.Join(append([]string{server.Schema}, server.Foreign...), ", ")}
	case !server.Local && !server.Encrypted:
		return finding{warning, found + ": the connection is not encrypted", "Say sslmode=verify-full in the URL of the database."}
	case !server.Local && !server.Verified:
		return finding{warning, found + ": whoever stands in between can pretend to be the server",
			"Say sslmode=verify-full in the URL of the database."}
	}
	return finding{right, found, ""}
}

// checkSchema compares the schema with the one that this program knows.
func checkSchema(ctx context.Context, e *examination) finding {
	switch exists, err := store.Exists(ctx, e.serve.database()); {
	case err != nil:
		return unopened
	case !exists:
		return finding{notAsked, "there is no database yet", "See database above."}
	}
	current, newest, err := store.SchemaAt(ctx, e.serve.database())
	switch {
	case errors.Is(err, store.ErrNewerSchema):
		return finding{wrong, err.Error(), "Start the newer program again, or put the copy back that was made before it was started."}
	case err != nil:
		return unopened
	case current < newest:
		return finding{warning, fmt.Sprintf("the database has schema %d, this program knows %d", current, newest),
			"Keep a copy of the data, and start the console: it migrates the database. Then run doctor again."}
	case current > newest:
		return finding{right, fmt.Sprintf("%d, with which this program (%d) works too", current, newest), ""}
	}
	return finding{right, fmt.Sprint(current), ""}
}

// checkKeyOfDatabase looks whether the key opens what is sealed in the database.
func checkKeyOfDatabase(ctx context.Context, e *examination) finding {
	key, err := e.key()
	if err != nil {
		return finding{notAsked, "there is no key", "See key file above."}
	}
	err = checkKey(ctx, e.serve.database(), key)
	switch {
	case errors.Is(err, errOtherKey):
		return finding{wrong, err.Error(), "Nothing is lost as long as the right key is found: look for it beside your copies."}
	case err != nil:
		return unopened
	}
	return finding{right, "it opens what is sealed in the database", ""}
}

// checkIntegrity looks for damage in the database.
func checkIntegrity(ctx context.Context, e *examination) finding {
	place := e.serve.database()
	if exists, err := store.Exists(ctx, place); err != nil || !exists {
		return unopened
	}
	damage, err := store.DamageAt(ctx, place, e.whole)
	if f, is := late(ctx, err); is {
		return f
	}
	switch {
	case err != nil && !store.IsURL(place):
		return finding{wrong, "it cannot be looked at: " + err.Error(), unreadAdvice(err)}
	case err != nil:
		damage = []string{err.Error()}
	}
	switch {
	case len(damage) > 0 && store.IsURL(place):
		return finding{wrong, strings.Join(damage, "; "), "Mend the schema (REINDEX, VALIDATE CONSTRAINT, ENABLE TRIGGER), or restore a dump."}
	case len(damage) > 0:
		return finding{wrong, strings.Join(damage, "; "), putCopyBack}
	case store.IsURL(place):
		return finding{right, "indexes, constraints and triggers are in force; pg_amcheck looks at the server's files", ""}
	case e.whole:
		return finding{right, "pages, indexes and references are whole", ""}
	}
	return finding{right, "pages and references are whole; --whole compares the indexes too", ""}
}

// How far clocks may differ. A code of an authenticator app holds for half a minute before and after.
const (
	clockTold  = time.Second
	clockWrong = 30 * time.Second
)

// checkClock compares the clock of this machine with that of the database, with the newest activity entry, and with the day on which the
// program was made.
func checkClock(ctx context.Context, e *examination) finding {
	machine := e.machine()
	if made := builtAt(); machine.Before(made) {
		return finding{wrong, fmt.Sprintf("this machine says %s, and this program was made later", inWords(machine)), setClock}
	}
	o, err := e.open()
	if err != nil {
		return finding{notAsked, "this machine says " + inWords(machine) + "; the database could not be asked", unopened.Advice}
	}
	entered, err := o.db.NewestEntryTime(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return unopened
	}
	return clockFinding(e.machine(), o.clock.Now(), entered.Time())
}

const setClock = "Set the clock, and have it kept right (chrony, systemd-timesyncd): sessions, links and codes end by it."

// clockFinding judges the clock of this machine, that of the database, and when the newest activity entry was written.
func clockFinding(machine, database, entered time.Time) finding {
	apart := machine.Sub(database)
	switch {
	case entered.Sub(database) > clockWrong:
		return finding{wrong, fmt.Sprintf("it is %s, and the newest activity entry is of %s: the clock is behind now, or was ahead then",
			inWords(database), inWords(entered)), setClock}
	case apart.Abs() > clockTold:
		return finding{warning,
			fmt.Sprintf("the clock of this machine is %v ahead of that of the database, which counts", apart.Round(time.Millisecond)),
			"Have both kept right (chrony, systemd-timesyncd)."}
	}
	return finding{right, inWords(database), ""}
}

func inWords(t time.Time) string { return t.UTC().Format("2 January 2006 15:04:05 UTC") }

// builtAt is when the commit was made that the program was built from; zero: not known.
func builtAt() (made time.Time) {
	info, known := debug.ReadBuildInfo()
	if !known {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			made, _ = time.Parse(time.RFC3339, s.Value) // what cannot be read is not known
		}
	}
	return made
}

// checkAdministrators looks whether anybody can sign in who may do everything.
func checkAdministrators(ctx context.Context, e *examination) finding {
	o, err := e.open()
	if err != nil {
		return unopened
	}
	if _, err := o.db.Account(ctx); errors.Is(err, store.ErrNotFound) {
		return finding{warning, "there is no account yet", "Open the set-up link that the start of the console prints, or run console setup."}
	}
	n, err := o.db.UsableGlobalAdministrators(ctx)
	switch {
	case err != nil:
		return unopened
	case n == 0:
		return finding{wrong, "no Global Administrator can sign in",
			"Run console admin recover --email with the address of somebody who may become one."}
	}
	return finding{right, fmt.Sprintf("%d can sign in", n), ""}
}

// lastEntries is how many entries of the activity log are verified without --whole.
const lastEntries = 100_000

// checkActivity verifies the activity log, or its end.
func checkActivity(ctx context.Context, e *examination) finding {
	o, err := e.open()
	if err != nil {
		return unopened
	}
	head, err := o.db.ActivityHead(ctx)
	if err != nil {
		return unopened
	}
	var options account.VerifyOptions
	if !e.whole {
		options.From = max(0, head.ID-lastEntries+1)
	}
	verified, err := account.VerifyActivity(ctx, o.db.Queries, o.key, options)
	if f, is := late(ctx, err); is {
		return f
	}
	switch {
	case err != nil:
		return finding{wrong, "it cannot be read: " + err.Error(), unreadAdvice(err)}
	case verified.Wrong != nil:
		return finding{wrong, fmt.Sprintf("it is not whole from entry %d on: %s", verified.Wrong.ID, verified.Wrong.How),
			"Somebody has changed it, or another copy was put back: see docs/audit.md."}
	case options.From > 0:
		return finding{right, fmt.Sprintf("the last %d entries are whole; --whole looks at all", verified.Entries), ""}
	}
	return finding{right, fmt.Sprintf("all %d entries are whole", verified.Entries), ""}
}

// checkIntegrations looks whether the settings of integrations can be opened.
func checkIntegrations(ctx context.Context, e *examination) finding {
	o, err := e.open()
	if err != nil {
		return unopened
	}
	integrations, err := o.db.Integrations(ctx)
	if err != nil {
		return unopened
	}
	var broken []string
	for _, i := range integrations {
		if _, err := notify.OpenSettings(o.key, i.ID, i.Settings); err != nil {
			broken = append(broken, fmt.Sprintf("%q", i.Name))
		}
	}
	if len(broken) > 0 {
		return finding{wrong, "the settings of " + strings.Join(broken, ", ") + " cannot be opened",
			"Enter them anew: Settings, Integrations, Edit."}
	}
	return finding{right, fmt.Sprintf("the settings of all %d open", len(integrations)), ""}
}

// overdueAfter is for how long a message may be due that nobody sends.
const overdueAfter = 5 * time.Minute

// checkDeliveries looks for messages that nobody sends, and for servers that take none.
func checkDeliveries(ctx context.Context, e *examination) finding {
	o, err := e.open()
	if err != nil {
		return unopened
	}
	holds, err := o.db.Holds(ctx)
	if err != nil {
		return unopened
	}
	now := o.clock.Now()
	overdue, err := o.db.OverdueDeliveries(ctx, store.At(now.Add(-overdueAfter)))
	if err != nil {
		return unopened
	}
	all := []finding{{right, "nothing waits longer than it should", ""}}
	if overdue.Deliveries > 0 {
		all = append(all, finding{wrong,
			fmt.Sprintf("%d messages are not sent; the oldest was due %s", overdue.Deliveries, inWords(overdue.Since.Time())),
			"Start the console where it is stopped; where it is not, its log says why."})
	}
	for _, h := range holds {
		all = append(all, finding{warning, fmt.Sprintf("%s takes no messages since %s: %s", target(h), inWords(h.Since.Time()), h.Reason),
			"They are tried again, growing rarer, for 24 hours. See the mail server below, and in Settings General (mails) and Integrations."})
	}
	return worst(all...)
}

// target is the server that a hold is about, for people.
func target(h store.Hold) string {
	if h.IntegrationID == 0 {
		return "the mail server"
	}
	return fmt.Sprintf("integration %d", h.IntegrationID)
}
