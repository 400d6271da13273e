package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"console/handlers"
	"console/internal/auth"
)

// doctor looks for what an installation has wrong. It writes nothing into the database, and shows no secret.
type doctor struct {
	Serve
	JSON  bool `name:"json" help:"Print what was found as a JSON array."`
	Whole bool `help:"Look at the whole database and the whole activity log, however long that takes."`
}

// state is what came of a check.
type state string

// The states. Who runs the console does something about what is wrong at once, and about a warning before it becomes wrong. What is not
// asked could not be found out, or does not matter as the console is set up.
const (
	right    state = "ok"
	warning  state = "warning"
	wrong    state = "wrong"
	notAsked state = "not asked"
)

// finding is what a check has found, and what to do about it where that is anything.
type finding struct {
	State  state  `json:"state"`
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

// check is one thing that can be wrong. Programs know it by its id, which stays.
type check struct {
	id   string
	name string
	look func(context.Context, *examination) finding
	long bool // it has no limit of time with --whole
}

// checks are all, in the order in which they are told: what others rest on comes first.
var checks = []check{
	{id: "options", name: "options", look: checkOptions},
	{id: "data", name: "data directory", look: checkData},
	{id: "disk", name: "disk", look: checkDisk},
	{id: "key-file", name: "key file", look: checkKeyFile},
	{id: "secret-files", name: "files of secrets", look: checkSecretFiles},
	{id: "database", name: "database", look: checkDatabase},
	{id: "schema", name: "schema", look: checkSchema},
	{id: "key", name: "key of the database", look: checkKeyOfDatabase},
	{id: "integrity", name: "integrity", look: checkIntegrity, long: true},
	{id: "clock", name: "clock", look: checkClock},
	{id: "administrators", name: "administrators", look: checkAdministrators},
	{id: "activity", name: "activity log", look: checkActivity, long: true},
	{id: "integrations", name: "integrations", look: checkIntegrations},
	{id: "deliveries", name: "deliveries", look: checkDeliveries},
	{id: "mail", name: "mail server", look: checkMail},
	{id: "certificate", name: "certificate", look: checkCertificate},
	{id: "base-url", name: "base URL", look: checkBaseURL},
	{id: "base-url-certificate", name: "certificate at the base URL", look: checkBaseURLCertificate},
	{id: "proxy", name: "reverse proxy", look: checkProxy},
}

const (
	// checkLimit is how long a check may take.
	checkLimit = 10 * time.Second
	// checkGrace is how much longer it is waited for one that says by itself that its time has run out.
	checkGrace = time.Second
)

// Run prints a line for each check, and below it what to do. It fails where anything is wrong; one check that fails, or takes too long,
// keeps none of the others from being made.
func (d doctor) Run(ctx context.Context, io stdio) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := examine(ctx, d.Serve)
	defer func() { e.close() }() // what there is to be closed by then
	e.whole = d.Whole
	told := found{out: io.out, json: d.JSON}
	for _, c := range checks {
		if err := told.add(c, c.make(ctx, e)); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := told.end(); err != nil {
		return err
	}
	if told.wrong > 0 {
		return fmt.Errorf("%d of %d checks found something wrong", told.wrong, len(checks))
	}
	return nil
}

// make makes a check, within its limit of time. One that does not listen to the limit is left behind: the program ends soon.
func (c check) make(ctx context.Context, e *examination) finding {
	if c.long && e.whole {
		return c.look(ctx, e)
	}
	ctx, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	looked := make(chan finding, 1)
	go func() { looked <- c.look(ctx, e) }()
	select {
	case f := <-looked:
		return f
	case <-time.After(e.limit + checkGrace):
		return finding{notAsked, fmt.Sprintf("no answer within %v", e.limit), "Find out what holds it up, and run doctor again."}
	}
}

// found prints findings.
type found struct {
	out   io.Writer
	json  bool
	wrong int
	list  []told
}

// told is a finding as programs read it.
type told struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	finding
}

// add prints a finding, unless all are printed together.
func (f *found) add(c check, made finding) error {
	if made.State == wrong {
		f.wrong++
	}
	if f.json {
		f.list = append(f.list, told{c.id, c.name, made})
		return nil
	}
	const column = 11
	lines := fmt.Sprintf("%-*s%s: %s\n", column, made.State, c.name, made.Found)
	if made.Advice != "" {
		lines += strings.Repeat(" ", column) + made.Advice + "\n"
	}
	_, err := io.WriteString(f.out, lines)
	return err
}

func (f *found) end() error {
	if !f.json {
		return nil
	}
	encoder := json.NewEncoder(f.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(f.list)
}

// worst is one finding for several: the worst state, and the words of all that are as bad.
func worst(all ...finding) finding {
	order := map[state]int{notAsked: 0, right: 1, warning: 2, wrong: 3}
	var sum finding
	for _, f := range all {
		switch worse := cmp.Compare(order[f.State], order[sum.State]); {
		case sum.State == "" || worse > 0:
			sum = f
		case worse == 0:
			sum.Found, sum.Advice = joined("; ", sum.Found, f.Found), joined(" ", sum.Advice, f.Advice)
		}
	}
	return sum
}

// joined is a and b with something between them, where both say something that the other does not.
func joined(between, a, b string) string {
	if a == "" || b == "" || a == b {
		return cmp.Or(a, b)
	}
	return a + between + b
}

// examination is an installation that is looked at. What several checks need is found once, when the first of them asks for it.
type examination struct {
	serve   Serve
	whole   bool
	limit   time.Duration
	machine func() time.Time // the clock of this machine

	base    func() (*url.URL, error)
	key     func() (*auth.Key, error)
	open    func() (*opened, error)
	arrived func() (arrival, error)
	close   func()
}

// examine begins to look at an installation.
func examine(ctx context.Context, s Serve) *examination {
	e := &examination{serve: s, limit: checkLimit, machine: time.Now, close: func() {}}
	e.base = sync.OnceValues(s.baseURL)
	e.key = sync.OnceValues(e.loadKey)
	e.open = sync.OnceValues(func() (*opened, error) {
		ctx, cancel := context.WithTimeout(ctx, e.limit)
		defer cancel()
		o, err := s.openReading(ctx, quiet)
		if err == nil {
			e.close = func() { _ = o.db.Close() } // it has written nothing
			err = o.clock.Measure(ctx)
		}
		return o, err
	})
	e.arrived = sync.OnceValues(func() (arrival, error) {
		ctx, cancel := context.WithTimeout(ctx, e.limit)
		defer cancel()
		return e.arrive(ctx)
	})
	return e
}

// quiet is the log of what doctor says in its own words.
var quiet = slog.New(slog.DiscardHandler)

// loadKey is Installation.loadKey for a key that is there: none is made.
func (e *examination) loadKey() (*auth.Key, error) {
	path := e.serve.keyFile()
	if !exists(path) {
		return nil, fmt.Errorf("%s is missing", path)
	}
	return e.serve.loadKey(path, quiet)
}

// now is the time by which the console decides, as far as it is known.
func (e *examination) now() time.Time {
	if o, err := e.open(); err == nil {
		return o.clock.Now()
	}
	return e.machine()
}

// unopened is the finding of a check for which the database has to be open, and is not: why, another check has told.
var unopened = finding{notAsked, "the database could not be opened", "See key file, database, schema and key of the database above."}

// late is the finding of a check whose time has run out, as err says; ok is false where err says something else.
func late(ctx context.Context, err error) (f finding, ok bool) {
	if err == nil || ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
		return finding{}, false
	}
	return finding{notAsked, "this takes longer than the limit of time", "Run console doctor --whole, which takes the time that it needs."}, true
}

// probe is what asks the console how requests come to it; ok is false without a key.
func (e *examination) probe() (p handlers.Probe, ok bool) {
	key, err := e.key()
	if err != nil {
		return handlers.Probe{}, false
	}
	return handlers.NewProbe(key), true
}
