package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// postgresPort is where the console on PostgreSQL is started.
const postgresPort = consolePort + 8

// onEngine is one installation of 100,000 people on an engine.
type onEngine struct {
	*opened
	data, place string
	session     []byte // hash of the token of somebody in groups
	edited      store.SearchedUser
	added       atomic.Int64
}

// engines measures what pages and operations take on PostgreSQL and on SQLite, with the same people and both on the disk.
func (b *bench) engines(ctx context.Context, data [len(sizes)]string) (err error) {
	dir, err := os.MkdirTemp(b.data, "engines-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, file := range []string{"console.db", "console.key"} {
		if err := copyFile(filepath.Join(data[medium], file), filepath.Join(dir, file)); err != nil {
			return err
		}
	}
	current, err := open(ctx, dir) // a database that an earlier version has seeded is migrated: a move wants the newest schema
	if err != nil {
		return err
	}
	if err := current.db.Close(); err != nil {
		return err
	}
	url, stop, err := storetest.Throwaway()
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	move := exec.Command(filepath.Join(b.bin, "console"), "migrate-database", "--data", dir, "--to", url)
	if said, err := move.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate-database: %w: %s", err, said[max(0, len(said)-500):])
	}
	var both [2]*onEngine
	for i, place := range []string{filepath.Join(dir, "console.db"), url} {
		if both[i], err = openOn(ctx, dir, place); err != nil {
			return err
		}
		defer both[i].db.Close()
	}
	if err := b.compareEngines(ctx, both); err != nil {
		return err
	}
	if err := b.addOverReplicas(ctx, dir, url); err != nil {
		return err
	}
	return b.compareEnginesOverHTTP(dir, url)
}

// openOn opens an installation whose database lies at a place.
func openOn(ctx context.Context, data, place string) (*onEngine, error) {
	db, err := store.Open(ctx, place)
	if err != nil {
		return nil, err
	}
	o, err := serviceOn(ctx, db, data)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e := &onEngine{opened: o, data: data, place: place}
	users, err := db.SearchedUsersBetween(ctx, 1000, 2000)
	if err == nil {
		err = e.signSomebodyIn(ctx, users)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

// signSomebodyIn begins a session of the first of these who may sign in and is in groups. The same person is edited.
func (e *onEngine) signSomebodyIn(ctx context.Context, users []store.SearchedUser) error {
	for _, u := range users {
		if u.Status != store.Active || u.Role.Global() || !u.Role.SignsIn() {
			continue
		}
		now := store.At(time.Now())
		e.session, e.edited = auth.HashToken("measured"), u
		return e.db.Update(ctx, func(tx *store.Tx) error {
			return tx.InsertSession(ctx, &store.Session{TokenHash: e.session, UserID: u.ID, FormKey: []byte("measured"), Data: []byte{},
				CreatedAt: now, LastSeenAt: now})
		})
	}
	return errors.New("nobody may sign in")
}

// add adds somebody, with the mail that invites them.
func (e *onEngine) add(ctx context.Context, domain string) error {
	_, err := e.account.AddUser(ctx, e.actor, account.NewUser{Role: permission.Analyst, FirstName: "Zoë", LastName: "Ångström",
		Email: fmt.Sprintf("zoe.%d@%s.example", e.added.Add(1), domain), TenantID: e.actor.Main})
	return err
}

// operations are what is compared.
func (e *onEngine) operations(ctx context.Context) ([]measure, error) {
	pages, err := e.pages(ctx)
	if err != nil {
		return nil, err
	}
	rare, err := e.rare(ctx)
	if err != nil {
		return nil, err
	}
	names := 0
	return []measure{
		{"session load with permissions", func() error {
			_, err := e.account.Session(ctx, e.session, true)
			return err
		}},
		{"list from the database", pages[0].do},
		{"search: one person", e.searches(ctx, rare)[1].do},
		{"add user", func() error { return e.add(ctx, "one") }},
		{"edit user", func() error {
			names++
			user, err := e.account.User(ctx, e.actor, e.edited.ID)
			if err == nil {
				_, err = e.account.EditUser(ctx, e.actor, user.ID, user.Version, account.Names{First: "Edited", Last: strconv.Itoa(names)})
			}
			return err
		}},
	}, nil
}

// limits of what PostgreSQL takes against SQLite, by the name of an operation.
var engineLimits = map[string]struct{ must, aim float64 }{
	"session load with permissions": {6, 4}, "list from the database": {3, 2}, "search: one person": {3, 2}, "add user": {6, 3},
	"edit user": {6, 3},
}

func (b *bench) compareEngines(ctx context.Context, both [2]*onEngine) error {
	var all [2][]measure
	for i, e := range both {
		var err error
		if all[i], err = e.operations(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("\n| 100,000 people, ms | SQLite | PostgreSQL | ratio |\n| --- | --- | --- | --- |\n")
	for j, m := range all[0] {
		var took [2]time.Duration
		for i := range both {
			var err error
			if took[i], err = medianTime(all[i][j].do); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		ratio := float64(took[1]) / float64(took[0])
		fmt.Printf("| %s | %.3f | %.3f | %.1f × |\n", m.name, ms(took[0]), ms(took[1]), ratio)
		limit := engineLimits[m.name]
		b.demands = append(b.demands, demand{what: m.name + ", PostgreSQL against SQLite", got: ratio, must: limit.must, aim: limit.aim,
			atMost: true, format: "%.1f ×"})
	}
	return nil
}

// addOverReplicas adds people by eight at a time, who are spread over three replicas.
func (b *bench) addOverReplicas(ctx context.Context, data, url string) error {
	var replicas [3]*onEngine
	for i := range replicas {
		db, err := store.Open(ctx, url)
		if err != nil {
			return err
		}
		defer db.Close()
		o, err := serviceOn(ctx, db, data)
		if err != nil {
			return err
		}
		replicas[i] = &onEngine{opened: o}
	}
	var rates []float64
	for round := range b.rounds {
		var done atomic.Int64
		var failed sync.Map
		var people sync.WaitGroup
		began := time.Now()
		for p := range 8 {
			r := replicas[p%len(replicas)]
			people.Go(func() {
				for time.Since(began) < b.each {
					if err := r.add(ctx, fmt.Sprintf("r%d-%d", p%len(replicas), round)); err != nil {
						failed.Store(p, err)
						return
					}
					done.Add(1)
				}
			})
		}
		people.Wait()
		for _, err := range failed.Range {
			return err.(error)
		}
		rates = append(rates, float64(done.Load())/time.Since(began).Seconds())
	}
	rate := median(rates, func(r float64) float64 { return r })
	fmt.Printf("\nAdded by 8 over three replicas on PostgreSQL: %.0f people/s\n", rate)
	b.demands = append(b.demands, demand{what: "adding by 8 over three replicas", got: rate, must: 150, aim: 250, format: "%.0f/s"})
	return nil
}

// compareEnginesOverHTTP measures the users page, loaded in turn.
func (b *bench) compareEnginesOverHTTP(data, url string) error {
	var targets [2]*target
	for i, place := range []string{filepath.Join(data, "console.db"), url} {
		port := []int{consolePort, postgresPort}[i]
		s, err := serve(port, filepath.Join(b.data, "console.log"), filepath.Join(b.bin, "console"), "serve", "--data", data,
			"--database", place, "--listen", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		defer s.stop()
		var session http.Header
		if session, err = signIn(s.url); err != nil {
			return err
		}
		targets[i] = &target{name: place, server: s, urls: []string{s.url + "/settings/users"}, header: session, want: "</html>"}
	}
	rates, err := inTurn(b.rounds, b.each, targets[0], targets[1])
	if err != nil {
		return err
	}
	ratio := rates[1].perSecond / rates[0].perSecond
	fmt.Printf("\n| users page over HTTP, 100,000 people | requests/s | processor time, ms |\n| --- | --- | --- |\n")
	for i, name := range []string{"SQLite", "PostgreSQL"} {
		fmt.Printf("| %s | %.0f | %.2f |\n", name, rates[i].perSecond, ms(rates[i].cpu))
	}
	b.demands = append(b.demands, demand{what: "users page over HTTP, rate on PostgreSQL against SQLite", got: ratio, must: 0.5, aim: 0.7,
		format: "%.2f"})
	return nil
}
