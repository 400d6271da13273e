package load

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
)

// agedEntries is how many entries are sealed in while the console is killed, and then removed because of their age.
const agedEntries = 40_000

// unsealed counts the entries without a MAC.
const unsealed = `SELECT count(*) FROM activity WHERE length(mac) = 0`

// TestCrashOfTheChain kills the console while it seals in an activity log that is older than its chain, while people change things,
// and while entries go that are too old. After each time console audit verify finds the log whole, as far as it is sealed in.
func TestCrashOfTheChain(t *testing.T) {
	t.Parallel()
	crashes := crashesAsked(t)
	c := newCrashing(t)
	c.kill()
	c.age()
	interrupted := 0
	for range crashes {
		before := c.number(unsealed)
		c.launch()
		harness.Eventually(t, "entries are sealed in", func() bool { n := c.number(unsealed); return n < before || n == 0 })
		time.Sleep(rand.N(50 * time.Millisecond))
		c.kill()
		if c.number(unsealed) > 0 {
			interrupted++
		}
		c.verify()
	}
	c.start()
	c.want(1, `SELECT count(*) FROM activity WHERE action = 'seal entries'`)
	c.want(0, unsealed)
	removing := 0
	for n := range crashes {
		first := c.number(`SELECT min(id) FROM activity`)
		c.crashRetaining(n)
		if c.number(`SELECT min(id) FROM activity`) > first {
			removing++
		}
		c.verify()
		c.start()
	}
	c.retain(t.Context(), "12")
	harness.Eventually(t, "what is too old is removed", func() bool {
		return c.number(`SELECT count(*) FROM activity WHERE at < (SELECT max(at) FROM activity) - 400 * 86400000`) == 0
	})
	c.verify()
	t.Logf("%d crashes each: %d of them while entries were sealed in, %d while some were removed; %d removals", crashes, interrupted, removing,
		c.number(`SELECT count(*) FROM activity WHERE action = 'remove entries'`))
}

// age makes the activity log one of before the chain, with many entries of the last ten years.
func (c *crashing) age() {
	c.t.Helper()
	c.withDatabase(func(db *sql.DB) {
		protection := map[string]string{}
		for _, name := range []string{"activity_no_update", "activity_append"} {
			var definition string
			if err := db.QueryRow(`SELECT sql FROM sqlite_master WHERE name = $1`, name).Scan(&definition); err != nil {
				c.t.Fatal(err)
			}
			protection[name] = definition
		}
		c.exec(db, `DROP TRIGGER activity_no_update`, `DROP TRIGGER activity_append`,
			fmt.Sprintf(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %d)
			INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes)
			SELECT e.at, e.actor_id, e.actor, e.source, e.address, e.request_id, e.action, e.object_type, e.object_id, e.object, e.outcome, e.changes
			FROM n JOIN activity e ON e.id = 1`, agedEntries),
			fmt.Sprintf(`UPDATE activity SET mac = x'', at = at - (%d - id) * 5256000`, agedEntries),
			protection["activity_no_update"], protection["activity_append"])
	})
}

// crashRetaining lets people add others and decide how long the activity log is kept, and kills the console under them.
func (c *crashing) crashRetaining(n int) {
	ctx, stop := context.WithCancel(c.t.Context())
	var people sync.WaitGroup
	people.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			c.addSomebody(fmt.Sprintf("chain-%d-%d", n, i))
			pause(ctx, 10*time.Millisecond)
		}
	})
	people.Go(func() {
		for months := range strings.SplitSeq("84 60 36 24 12", " ") {
			c.retain(ctx, months)
		}
	})
	pause(ctx, 50*time.Millisecond+rand.N(750*time.Millisecond))
	c.kill()
	stop()
	people.Wait()
}

// retain decides for how many months the activity log is kept, and waits a moment.
func (c *crashing) retain(ctx context.Context, months string) {
	version := fmt.Sprint(c.number(`SELECT version FROM account`))
	status, _, err := c.admin.Post("/settings/general/activity", "retention", months, "version", version)
	c.acknowledged(status, err, http.StatusSeeOther)
	pause(ctx, rand.N(200*time.Millisecond))
}

var wrongEntry = regexp.MustCompile(`^\d+\n$`)

// verify runs console audit verify. While entries are not sealed in, the first of them is the first that is wrong.
func (c *crashing) verify() {
	c.t.Helper()
	out, err := exec.Command(c.bin, "audit", "verify", "--data", c.data).Output()
	first := c.number(`SELECT coalesce(min(id), 0) FROM activity WHERE length(mac) = 0`)
	switch {
	case first == 0 && err != nil:
		c.t.Errorf("verify: %v %s", err, out)
	case first > 0 && (!wrongEntry.Match(out) || string(out) != fmt.Sprintln(first)):
		c.t.Errorf("verify: %v %s, and %d is the first that is not sealed in", err, out, first)
	}
}

// number is what a query of the database gives.
func (c *crashing) number(query string) (n int) {
	c.t.Helper()
	c.withDatabase(func(db *sql.DB) {
		if err := db.QueryRow(query).Scan(&n); err != nil {
			c.t.Errorf("%s: %v", query, err)
		}
	})
	return n
}

func (c *crashing) want(n int, query string) {
	c.t.Helper()
	if got := c.number(query); got != n {
		c.t.Errorf("%s gives %d, not %d", query, got, n)
	}
}

func (c *crashing) exec(db *sql.DB, statements ...string) {
	c.t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			c.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (c *crashing) withDatabase(do func(*sql.DB)) {
	c.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.data, "console.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	do(db)
}
