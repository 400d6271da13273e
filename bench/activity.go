package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// Lengths of the activity log with which its cost is measured, and how often each thing is done for that.
var logged = [...]int64{1_000, 1_000_000}

const repeated = 300

// costs are what an entry takes and the changes that it belongs to, processor time without the disk flush.
type costs struct{ entry, adding, editing, step time.Duration }

// activity measures what the activity log costs: an entry against the change that it belongs to, and verifying.
func (b *bench) activity(ctx context.Context, data [len(sizes)]string) error {
	fmt.Printf("\n| activity log, ms | an entry | a person added | share | a person edited | share | a step of a job | share |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	most := 0.0
	var verified float64
	for _, n := range logged {
		c, perSecond, err := costsAt(ctx, data[small], n)
		if err != nil {
			return fmt.Errorf("activity log: %w", err)
		}
		share := func(of time.Duration) float64 { return 100 * float64(c.entry) / float64(of) }
		fmt.Printf("| %d entries | %.3f | %.2f | %.0f %% | %.2f | %.0f %% | %.2f | %.0f %% |\n", n, ms(c.entry), ms(c.adding), share(c.adding),
			ms(c.editing), share(c.editing), ms(c.step), share(c.step))
		most = max(share(c.adding), share(c.editing), share(c.step))
		verified = perSecond
	}
	b.demands = append(
		b.demands,
		demand{what: "an activity entry, share of the change it belongs to, the highest at 1,000,000 entries", got: most, must: 15, aim: 10,
			atMost: true, format: "%.0f %%"},
		demand{what: "entries verified in a second by one core", got: verified, must: 150_000, aim: 500_000, format: "%.0f"},
	)
	return nil
}

// costsAt measures with n entries, on a copy of the database in memory, and how many entries are verified in a second.
func costsAt(ctx context.Context, data string, n int64) (c costs, verified float64, err error) {
	dir, err := copied(inMemory, data)
	if err != nil {
		return c, 0, err
	}
	defer os.RemoveAll(dir)
	o, err := open(ctx, dir)
	if err != nil {
		return c, 0, err
	}
	defer o.db.Close()
	key, err := auth.LoadKey(filepath.Join(dir, "console.key"))
	if err != nil {
		return c, 0, err
	}
	if err := o.lengthen(ctx, key.Chain().MAC, n); err != nil {
		return c, 0, err
	}
	if c.entry, err = o.entry(ctx, key.Chain().MAC); err != nil {
		return c, 0, err
	}
	if c.adding, c.editing, c.step, err = o.changes(ctx); err != nil {
		return c, 0, err
	}
	var found account.Verification
	took, err := processorTime(1, func(int) (err error) {
		found, err = account.VerifyActivity(ctx, o.db.Queries, key, account.VerifyOptions{})
		return err
	})
	if err == nil && found.Wrong != nil {
		err = fmt.Errorf("entry %d: %s", found.Wrong.ID, found.Wrong.How)
	}
	return c, float64(found.Entries) / took.Seconds(), err
}

// inventedEntry is an entry like those of changes of people.
func inventedEntry(i int64) *store.Entry {
	return &store.Entry{At: store.Millis(1_700_000_000_000 + i*1000), ActorID: 1, Actor: "John Doe <" + adminEmail + ">", Source: "UI",
		Address: "203.0.113.7", RequestID: "01975d4c-7c2e-7b9a", Action: "edit user", ObjectType: "user", ObjectID: i % 1000,
		Object: fmt.Sprintf("Ann Roe %d <ann.roe.%d@example.com>", i%1000, i%1000), Outcome: "done",
		Changes:   `{"first name":["Ann","Anna"],"last name":["Roe","Röe"]}`,
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"}
}

// lengthen appends entries until there are n.
func (o *opened) lengthen(ctx context.Context, mac store.MAC, n int64) error {
	for {
		last, err := o.db.LastEntry(ctx)
		if err != nil || last >= n {
			return err
		}
		err = o.db.Load(ctx, func(tx *store.Tx) error {
			for i := last; i < min(n, last+100_000); i++ {
				if err := tx.InsertEntry(ctx, mac, inventedEntry(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// entry is what one entry takes in a transaction.
func (o *opened) entry(ctx context.Context, mac store.MAC) (took time.Duration, err error) {
	taken := errors.New("taken back")
	err = o.db.Update(ctx, func(tx *store.Tx) error {
		insert := func(i int) error { return tx.InsertEntry(ctx, mac, inventedEntry(int64(i))) }
		if _, err := processorTime(repeated/10, insert); err != nil { // as in a console that has been running for a while
			return err
		}
		took, err = processorTime(repeated, insert)
		return errors.Join(err, taken)
	})
	if errors.Is(err, taken) {
		err = nil
	}
	return took, err
}

// changes are what it takes to add somebody, to edit somebody, and to disable somebody as one of many.
func (o *opened) changes(ctx context.Context) (adding, editing, step time.Duration, err error) {
	admins, err := o.db.UsersByRole(ctx, permission.GlobalAdmin, 1)
	if err != nil {
		return 0, 0, 0, err
	}
	o.actor.UserID = admins[0].ID
	var added []store.User
	adding, err = processorTime(repeated, func(i int) error {
		u, err := o.account.AddUser(ctx, o.actor, account.NewUser{Role: permission.Analyst, FirstName: "Zoë", LastName: "Ångström",
			Email: fmt.Sprintf("zoe.angstrom.%d@added.example", i), TenantID: o.actor.Main})
		added = append(added, u)
		return err
	})
	if err != nil {
		return 0, 0, 0, err
	}
	editing, err = processorTime(repeated, func(i int) error {
		_, err := o.account.EditUser(ctx, o.actor, added[i].ID, added[i].Version, account.Names{First: "Zoë", Last: fmt.Sprint("Ångström ", i)})
		return err
	})
	if err != nil {
		return 0, 0, 0, err
	}
	step, err = o.step(ctx)
	return adding, editing, step, err
}

// step is what a job takes for each of several people.
func (o *opened) step(ctx context.Context) (time.Duration, error) {
	people, err := o.db.SearchedUsersBetween(ctx, o.actor.UserID, o.actor.UserID+2*repeated)
	if err != nil {
		return 0, err
	}
	var ids []int64
	for _, u := range people {
		if u.Status == store.Active {
			ids = append(ids, u.ID)
		}
	}
	job, err := o.account.StartBulk(ctx, o.actor, account.Selection{IDs: ids}, account.BulkOrder{Action: account.JobDisable})
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	took, err := processorTime(1, func(int) error {
		go o.account.RunJobs(ctx)
		o.account.AwaitJob(ctx, job.ID, time.Minute)
		return nil
	})
	if err == nil {
		job, err = o.db.JobByID(ctx, job.ID)
	}
	if err == nil && (job.Running() || job.Refused > 0) {
		err = fmt.Errorf("of %d steps %d were done and %d refused", job.Total, job.Done, job.Refused)
	}
	return took / time.Duration(len(ids)), err
}

// processorTime returns how much of it this process takes for what, on average.
func processorTime(times int, what func(i int) error) (time.Duration, error) {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			panic(err) // only for arguments that do not exist
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began := used()
	for i := range times {
		if err := what(i); err != nil {
			return 0, err
		}
	}
	return (used() - began) / time.Duration(times), nil
}
