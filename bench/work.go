package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"console/internal/account"
	"console/internal/permission"
)

// How many people work at once, and how often each of them asks for something.
const (
	workers   = 200
	workPause = 5 * time.Second
)

// importedAtWork is how many people are imported meanwhile, by one file.
const importedAtWork = 10_000

// workday is one measurement of the console while people work.
type workday struct {
	console *server
	data    string
	length  time.Duration
	people  []*worker

	before, after usage
	most          int64 // bytes of memory, at any second
	backup        time.Duration
}

// atWork measures the console while many people use it, and an import, a change of several and a backup run in the middle.
func (b *bench) atWork(ctx context.Context, data [len(sizes)]string) error {
	dir, err := copied(b.data, data[medium])
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := employ(ctx, dir); err != nil {
		return fmt.Errorf("people who work: %w", err)
	}
	log := filepath.Join(dir, "console.log")
	console, err := serve(consolePort, log, filepath.Join(b.bin, "console"), "serve", "--data", dir,
		"--listen", "127.0.0.1:"+strconv.Itoa(consolePort))
	if err != nil {
		return err
	}
	d := &workday{console: console, data: dir, length: b.work}
	if err := errors.Join(d.run(ctx, filepath.Join(b.bin, "console")), console.stop()); err != nil {
		return err
	}
	return b.reportWork(d, log)
}

// employ adds the people who work: Administrators with a password.
func employ(ctx context.Context, data string) error {
	o, err := open(ctx, data)
	if err != nil {
		return err
	}
	for i := range workers {
		issued, err := o.account.InviteByLink(ctx, o.actor, account.NewUser{
			Role: permission.Admin, Email: workerEmail(i), TenantID: o.actor.Main, Duration: "1d",
		})
		if err == nil {
			names := account.Names{First: "Worker", Last: "Number " + strconv.Itoa(i)}
			_, err = o.account.SignUp(ctx, issued.Token, names, adminPassword, account.Client{Address: "127.0.0.1"})
		}
		if err != nil {
			return errors.Join(err, o.db.Close())
		}
	}
	return o.db.Close()
}

func workerEmail(i int) string { return fmt.Sprintf("worker%03d@example.com", i) }

// run signs everybody in, and lets them work.
func (d *workday) run(ctx context.Context, program string) error {
	administrator, err := newWorker(d.console.url, adminEmail, workers)
	if err != nil {
		return err
	}
	if err := administrator.signIn(); err != nil {
		return err
	}
	targets, err := administrator.peopleToChange()
	if err != nil {
		return err
	}
	for i := range workers {
		w, err := newWorker(d.console.url, workerEmail(i), i)
		if err != nil {
			return err
		}
		if err := w.signIn(); err != nil {
			return err
		}
		w.took, w.targets = map[string][]time.Duration{}, targets
		d.people = append(d.people, w)
	}
	if d.before, err = d.usage(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, d.length)
	defer stop()
	var all sync.WaitGroup
	for i, w := range d.people {
		all.Go(func() { w.work(ctx, workPause*time.Duration(i)/workers) })
	}
	all.Go(func() { d.watch(ctx) })
	err = d.beside(ctx, administrator, program)
	all.Wait()
	if err != nil {
		return err
	}
	d.after, err = d.usage()
	return err
}

// beside does the long work, each at its time of the day.
func (d *workday) beside(ctx context.Context, administrator *worker, program string) error {
	backUp := func() error {
		began := time.Now()
		command := exec.CommandContext(ctx, program, "backup", filepath.Join(d.data, "copy"), "--without-key", "--data", d.data)
		output, err := command.CombinedOutput()
		d.backup = time.Since(began)
		if err != nil {
			err = fmt.Errorf("backup: %w: %s", err, output)
		}
		return err
	}
	for _, long := range []func() error{administrator.importMany, administrator.disableMany, backUp} {
		select {
		case <-ctx.Done():
			return errors.New("the time of work was over before the long work began")
		case <-time.After(d.length / 5):
		}
		if err := long(); err != nil {
			return err
		}
	}
	return nil
}

// watch looks each second for how much memory the server has.
func (d *workday) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if now, err := d.usage(); err == nil {
			d.most = max(d.most, now.memory)
		}
		time.Sleep(time.Second)
	}
}

// usage is what the server has of the machine.
type usage struct {
	memory      int64 // bytes of anonymous resident memory
	descriptors int
	files       int64 // bytes of the database and what waits beside it
}

var anonymous = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

func (d *workday) usage() (usage, error) {
	process := fmt.Sprintf("/proc/%d", d.console.command.Process.Pid)
	status, err := os.ReadFile(filepath.Join(process, "status"))
	if err != nil {
		return usage{}, err
	}
	found := anonymous.FindSubmatch(status)
	if found == nil {
		return usage{}, fmt.Errorf("%s/status names no anonymous memory", process)
	}
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return usage{}, err
	}
	descriptors, err := os.ReadDir(filepath.Join(process, "fd"))
	if err != nil {
		return usage{}, err
	}
	u := usage{memory: kilobytes << 10, descriptors: len(descriptors)}
	for _, name := range []string{"console.db", "console.db-wal"} {
		file, err := os.Stat(filepath.Join(d.data, name))
		if err != nil {
			return usage{}, err
		}
		u.files += file.Size()
	}
	return u, nil
}

// reportWork prints how long requests took, and what the log says of errors.
func (b *bench) reportWork(d *workday, log string) error {
	took, refused := map[string][]time.Duration{}, map[string]int{}
	for _, w := range d.people {
		for kind, times := range w.took {
			took[kind] = append(took[kind], times...)
		}
		for what, n := range w.refused {
			refused[what] += n
		}
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	faults := strings.Count(string(lines), "level=ERROR") + strings.Count(string(lines), "locked")
	fmt.Printf("\n| %d people for %s at 100,000, ms | requests | median | 99 %% | slowest |\n| --- | --- | --- | --- | --- |\n",
		workers, d.length)
	for _, kind := range slices.Sorted(maps.Keys(took)) {
		times := took[kind]
		slices.Sort(times)
		fmt.Printf("| %s | %d | %.1f | %.1f | %.1f |\n", kind, len(times), ms(percentile(times, 50)), ms(percentile(times, 99)),
			ms(percentile(times, 100)))
	}
	fmt.Printf("\nOther answers: %v; errors in the log: %d; the backup took %.1f s\n", refused, faults, d.backup.Seconds())
	const megabyte = 1 << 20
	fmt.Printf("Anonymous memory %d MB, at most %d, at the end %d; descriptors %d, %d; files %d MB, %d\n", d.before.memory/megabyte,
		d.most/megabyte, d.after.memory/megabyte, d.before.descriptors, d.after.descriptors, d.before.files/megabyte, d.after.files/megabyte)
	broken := faults
	for what, n := range refused {
		if what != conflict {
			broken += n
		}
	}
	pages := slices.Sorted(slices.Values(slices.Concat(took[asList], took[asSearch], took[asProfile], took[asChange])))
	b.demands = append(b.demands,
		demand{what: "200 people at work: answers and log lines that are errors", got: float64(broken), atMost: true, format: "%.0f"},
		demand{what: "200 people at work: pages, 99 %", got: ms(percentile(pages, 99)), must: 100, aim: 50, atMost: true, format: "%.1f ms"},
		demand{what: "200 people at work: sign-ins, 99 %", got: ms(percentile(took[asSignIn], 99)), must: 1000, aim: 300, atMost: true,
			format: "%.0f ms"},
		demand{what: "200 people at work: anonymous memory, the most", got: float64(d.most) / megabyte, must: 256, aim: 200, atMost: true,
			format: "%.0f MB"},
	)
	return nil
}

// percentile is the time that so many in a hundred of sorted times do not exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}
