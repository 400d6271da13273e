package e2e

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/auth"
	"console/internal/cli"
	"console/store"
)

// verify runs console audit verify on a data directory.
func verify(t *testing.T, data string, flags ...string) (status int, out, problems string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = cli.Run(t.Context(), append([]string{"audit", "verify", "--data", data}, flags...), strings.NewReader(""), &stdout, &stderr)
	return status, strings.TrimSpace(stdout.String()), stderr.String()
}

// wantWhole fails the test unless the activity log is whole, and returns its head.
func wantWhole(t *testing.T, data string, flags ...string) (head string) {
	t.Helper()
	status, out, problems := verify(t, data, flags...)
	found := regexp.MustCompile(`head=([0-9a-f]{64})`).FindStringSubmatch(out)
	if status != 0 || found == nil {
		t.Fatalf("verify %v: %d %s %s", flags, status, out, problems)
	}
	return found[1]
}

// wantWrong fails the test unless an entry is the first that is wrong, for a reason.
func wantWrong(t *testing.T, data string, id int64, how string, flags ...string) {
	t.Helper()
	status, out, problems := verify(t, data, flags...)
	if status != 1 || out != fmt.Sprint(id) || !strings.Contains(problems, how) {
		t.Errorf("verify %v: %d, entry %q, not %d because %q: %s", flags, status, out, id, how, problems)
	}
}

// logged is the data of a stopped console whose activity log has some entries, and the id of the last.
func logged(t *testing.T) (data string, last int64) {
	t.Helper()
	harness.OnFile(t, "the chain is the same on both; TestHeadsAreInTheLog verifies it on PostgreSQL")
	c, admin := harness.SignedIn(t, nil)
	for i := range 8 {
		admin.Invite(fmt.Sprint("guest", i)).Wants(http.StatusSeeOther)
	}
	last = int64(c.Count(`SELECT max(id) FROM activity`))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Data, last
}

// served is a console that serves the data of another one.
func served(t *testing.T, data string) *harness.Console {
	t.Helper()
	c := harness.Start(t, func(s *cli.Serve) { s.Data = data })
	c.Data = data
	return c
}

// copyOf is a copy of a data directory.
func copyOf(t *testing.T, data string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"console.db", "console.db-wal", "console.key"} {
		content, err := os.ReadFile(filepath.Join(data, name))
		if name == "console.db-wal" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tamper runs statements on the database in a data directory as whoever owns its file can: without the triggers that protect the
// entries, which are there again afterwards.
func tamper(t *testing.T, data string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "console.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	triggers := map[string]string{}
	rows, err := db.Query(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'activity'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			t.Fatal(err)
		}
		triggers[name] = definition
	}
	if len(triggers) < 3 || rows.Err() != nil {
		t.Fatalf("only %d triggers, %v", len(triggers), rows.Err())
	}
	for name := range triggers {
		statements = append([]string{"DROP TRIGGER " + name}, statements...)
	}
	for _, statement := range append(statements, slices.Collect(maps.Values(triggers))...) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// entryColumns are all columns of an entry but its id and its MAC.
const entryColumns = `at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, user_agent, job_id`

// TestASVS_16_4_2_VerifyFindsWhatWasTamperedWith does to the file whatever its owner can do to it.
func TestASVS_16_4_2_VerifyFindsWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	data, last := logged(t)
	head := wantWhole(t, data)
	wantWhole(t, data, "--head", head)
	wantWhole(t, data, "--from", "4", "--head", head)
	const changed, missing = "it was changed", "it is missing"
	copyTo := func(id int64, mac string) string {
		return fmt.Sprintf(`INSERT INTO activity (id, %s, mac) SELECT %d, %s, %s FROM activity WHERE id = 3`, entryColumns, id, entryColumns, mac)
	}
	for name, c := range map[string]struct {
		statements []string
		id         int64
		how        string
		flags      []string
	}{
		"the first deleted":   {[]string{`DELETE FROM activity WHERE id = 1`}, 1, missing, nil},
		"a prefix deleted":    {[]string{`DELETE FROM activity WHERE id < 4`}, 1, missing, nil},
		"one deleted":         {[]string{`DELETE FROM activity WHERE id = 4`}, 4, missing, nil},
		"several deleted":     {[]string{`DELETE FROM activity WHERE id IN (4, 5, 7)`}, 4, missing, nil},
		"the last deleted":    {[]string{fmt.Sprint(`DELETE FROM activity WHERE id = `, last)}, last, missing, []string{"--head", head}},
		"the tail cut":        {[]string{`DELETE FROM activity WHERE id > 5`}, 6, missing, []string{"--head", head}},
		"all deleted":         {[]string{`DELETE FROM activity`}, 1, missing, []string{"--head", head}},
		"another id":          {[]string{`UPDATE activity SET id = 1000 WHERE id = 3`}, 3, missing, nil},
		"two reordered":       {[]string{`UPDATE activity SET id = -id WHERE id IN (3, 4)`, `UPDATE activity SET id = 7 + id WHERE id < 0`}, 3, changed, nil},
		"two MACs swapped":    {[]string{`UPDATE activity SET mac = (SELECT mac FROM activity AS other WHERE other.id = 7 - activity.id) WHERE id IN (3, 4)`}, 3, changed, nil},
		"a MAC copied":        {[]string{`UPDATE activity SET mac = (SELECT mac FROM activity WHERE id = 4) WHERE id = 3`}, 3, changed, nil},
		"a MAC made up":       {[]string{`UPDATE activity SET mac = randomblob(32) WHERE id = 3`}, 3, changed, nil},
		"no MAC":              {[]string{`UPDATE activity SET mac = x'' WHERE id = 3`}, 3, "it has no MAC", nil},
		"no MACs":             {[]string{`UPDATE activity SET mac = x''`}, 1, "it has no MAC", nil},
		"inserted at the end": {[]string{copyTo(last+1, `mac`)}, last + 1, changed, nil},
		"inserted in the middle": {
			[]string{`UPDATE activity SET id = -id - 1 WHERE id >= 4`, `UPDATE activity SET id = -id WHERE id < 0`, copyTo(4, `randomblob(32)`)}, 4, changed, nil,
		},
		"text moved from one column to the next": {
			[]string{`UPDATE activity SET action = action || ',' || substr(object_type, 1, 1), object_type = substr(object_type, 2) WHERE id = 3`}, 3, changed, nil,
		},
		"a prefix deleted, with a made up removal": {[]string{
			fmt.Sprintf(`INSERT INTO activity (%[1]s, mac) SELECT 1, 0, '', 'System', '', '', 'remove entries', 'activity log', 3, '', 'done',
				json_object('MAC', json_array('', lower(hex(mac)))), '', 0, randomblob(32) FROM activity WHERE id = 3`, entryColumns),
			`DELETE FROM activity WHERE id < 4`,
		}, 1, missing, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, data)
			tamper(t, dir, c.statements...)
			wantWrong(t, dir, c.id, c.how, c.flags...)
		})
	}
	for column := range strings.SplitSeq(entryColumns, ", ") {
		t.Run("another "+column, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, data)
			value := column + ` || 'x'`
			if column == "at" || strings.HasSuffix(column, "_id") && column != "request_id" {
				value = column + ` + 1`
			}
			tamper(t, dir, fmt.Sprintf(`UPDATE activity SET %s = %s WHERE id = 5`, column, value))
			wantWrong(t, dir, 5, changed)
			wantWrong(t, dir, 5, changed, "--from", "5")
			wantWhole(t, dir, "--from", "6")
		})
	}
}

func TestVerifyKnowsTheKeyOfTheInstallation(t *testing.T) {
	t.Parallel()
	data, _ := logged(t)
	foreign := filepath.Join(t.TempDir(), "console.key")
	if _, err := auth.LoadKey(foreign); err != nil {
		t.Fatal(err)
	}
	if status, out, problems := verify(t, data, "--key-file", foreign); status != 1 || out != "" || !strings.Contains(problems, "the key is not that") {
		t.Errorf("%d %s %s", status, out, problems)
	}
	tamper(t, data, `DELETE FROM sealed_constant`) // so that nothing says whose key it is
	wantWrong(t, data, 1, "it was changed", "--key-file", foreign)
}

// TestAnOldCopyThatGoesOnIsFoundByAHead: the copy is whole by itself.
func TestAnOldCopyThatGoesOnIsFoundByAHead(t *testing.T) {
	t.Parallel()
	data, last := logged(t)
	old := copyOf(t, data)
	goOn := func(data, name string) {
		c := served(t, data)
		c.Browse(c.User(harness.AdminEmail)).Invite(name).Wants(http.StatusSeeOther)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	goOn(data, "late")
	head := wantWhole(t, data)
	goOn(old, "other")
	wantWhole(t, old)
	wantWrong(t, old, last+2, "an old copy was put back", "--head", head)
}

// TestNothingIsAppendedPastTheChain: a restart seals in no entry that was smuggled in without a MAC, and what the console writes
// afterwards does not make it right.
func TestNothingIsAppendedPastTheChain(t *testing.T) {
	t.Parallel()
	data, last := logged(t)
	tamper(t, data, fmt.Sprintf(`INSERT INTO activity (%[1]s, mac) SELECT %[1]s, x'' FROM activity WHERE id = 3`, entryColumns))
	c := served(t, data)
	if !strings.Contains(c.Log.String(), "run console audit verify") {
		t.Errorf("the log says nothing of it:\n%s", c.Log)
	}
	c.Browse(c.User(harness.AdminEmail)).Invite("late").Wants(http.StatusSeeOther)
	if _, err := c.Raw().Exec(fmt.Sprintf(`INSERT INTO activity (%[1]s) SELECT %[1]s FROM activity WHERE id = 3`, entryColumns)); err == nil {
		t.Error("the database takes an entry without a MAC")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	wantWrong(t, data, last+1, "it has no MAC")
}

// TestEntriesOfBeforeTheChainAreSealedIn, once, and said to be older than it.
func TestEntriesOfBeforeTheChainAreSealedIn(t *testing.T) {
	t.Parallel()
	data, last := logged(t)
	tamper(t, data, `DELETE FROM activity WHERE id = 4`, `UPDATE activity SET mac = x''`)
	wantWrong(t, data, 1, "has not been started since it was updated")
	for range 2 {
		c := served(t, data)
		c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'seal entries' AND source = 'System' AND object_id = $1
			AND json_extract(changes, '$.entries[1]') = $2`, last, fmt.Sprint(last-1))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, out, _ := verify(t, data)
	if !strings.Contains(out, fmt.Sprintf("Entries up to %d are older than the chain", last)) {
		t.Errorf("verify says nothing of what is older: %s", out)
	}
	wantWhole(t, data)
	copied := copyOf(t, data)
	tamper(t, copied, fmt.Sprintf(`INSERT INTO activity (id, %[1]s, mac) SELECT 4, %[1]s, randomblob(32) FROM activity WHERE id = 3`, entryColumns))
	wantWrong(t, copied, 4, "it was inserted")
	tamper(t, data, `UPDATE activity SET actor = 'Nobody' WHERE id = 3`)
	wantWrong(t, data, 3, "it was changed")
}

// TestHeadsAreInTheLog at every start and stop, and each of them is met by verifying.
func TestHeadsAreInTheLog(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Invite("guest").Wants(http.StatusSeeOther)
	c.Restart()
	harness.Eventually(t, "the head is logged at the start", func() bool { return strings.Count(c.Log.String(), `"head":"`) == 3 })
	heads := regexp.MustCompile(`"id":(\d+),"head":"([0-9a-f]{64})"`).FindAllStringSubmatch(c.Log.String(), -1)
	if len(heads) != 3 || heads[0][2] == heads[1][2] || heads[1][2] != heads[2][2] {
		t.Fatalf("the log has the heads %v", heads)
	}
	for _, head := range heads {
		wantWhole(t, c.Data, "--database", c.Database(), "--head", head[2]) // while it serves
	}
	if status, _, problems := verify(t, c.Data, "--database", c.Database(), "--head", "abc"); status != 1 || !strings.Contains(problems, "64 hexadecimal digits") {
		t.Errorf("%d %s", status, problems)
	}
	if status, _, problems := verify(t, c.Data, "--database", c.Database(), "--from", "1000"); status != 1 || !strings.Contains(problems, "ends before") {
		t.Errorf("%d %s", status, problems)
	}
}

// TestTheActivityLogIsKeptAsLongAsGeneralSays: a shorter time says first how many entries go, which then go, and the chain goes on.
func TestTheActivityLogIsKeptAsLongAsGeneralSays(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Browse(c.User(harness.AdminEmail))
	for i := range 8 {
		admin.Invite(fmt.Sprint("guest", i)).Wants(http.StatusSeeOther)
	}
	old := c.Count(`SELECT max(id) FROM activity`)
	clock.Advance(400 * 24 * time.Hour)
	admin = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	admin.Invite("late").Wants(http.StatusSeeOther)
	admin.Get("/settings/general").Contains(`name="retention"`, `<option value="0" selected>`)
	keep := func(months, confirm string) *harness.Answer {
		return admin.Post("/settings/general/activity", "retention", months, "version", version(c), "confirm", confirm)
	}
	nothing := account.Removal{}.Digest()
	for _, months := range []string{"", "1", "-6", "18", "7 years", "6.0"} {
		keep(months, nothing).Wants(http.StatusUnprocessableEntity).Contains("Choose one of the times offered.")
	}
	keep("84", nothing).To("/settings/general") // nothing is so old
	asked := keep("12", nothing).Wants(http.StatusOK).Contains(fmt.Sprint(old, " entries from before "), fmt.Sprint("Remove ", old, " entries"))
	c.WantCount(84, `SELECT activity_retention FROM account`)
	keep("12", "another preview").Wants(http.StatusConflict).Contains("has changed since it was shown")
	digest := regexp.MustCompile(`name="confirm" value="([^"]+)"`).FindStringSubmatch(asked.Body)
	keep("12", digest[1]).To("/settings/general")
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'change retention' AND changes LIKE '%7 years%1 year%'`)
	harness.Eventually(t, "old entries are removed", func() bool { return c.Count(`SELECT min(id) FROM activity`) == old+1 })
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'remove entries' AND source = 'System' AND object_id = $1
		AND json_extract(changes, '$.entries[1]') = CAST($1 AS TEXT)`, old)
	wantWhole(t, c.Data, "--database", c.Database())
	if _, out, _ := verify(t, c.Data, "--database", c.Database()); !strings.Contains(out, fmt.Sprintf("Entries up to %d were removed", old)) {
		t.Errorf("verify does not say what was removed: %s", out)
	}
	if _, err := c.Raw().Exec(`DELETE FROM activity WHERE id = $1`, old+1); err == nil {
		t.Error("the database lets an entry go that no removal names")
	}
	if store.IsURL(c.Database()) {
		return // what follows copies the file
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for name, statements := range map[string][]string{
		"more was removed":            {fmt.Sprintf(`DELETE FROM activity WHERE id <= %d`, old+1)},
		"the removal claims more":     {fmt.Sprintf(`UPDATE activity SET object_id = %d WHERE action = 'remove entries'`, old+1)},
		"the removal has another MAC": {`UPDATE activity SET changes = replace(changes, '"MAC":["","', '"MAC":["","00') WHERE action = 'remove entries'`},
		"the removal was removed":     {`DELETE FROM activity WHERE action = 'remove entries'`},
		"a removed entry is there again": {
			fmt.Sprintf(`INSERT INTO activity (id, %[1]s, mac) SELECT %[2]d, %[1]s, mac FROM activity WHERE id = %[3]d`, entryColumns, old, old+1),
		},
	} {
		dir := copyOf(t, c.Data)
		tamper(t, dir, statements...)
		if status, out, _ := verify(t, dir); status != 1 || out == "" {
			t.Errorf("%s: verify returned %d and %q", name, status, out)
		}
	}
}

// TestTheLogIsVerifiedEveryNightAsDocumented runs the script of docs/operations.md as it is written there, but for the directories.
func TestTheLogIsVerifiedEveryNightAsDocumented(t *testing.T) {
	harness.OnFile(t, "the script is the same with --database")
	t.Parallel()
	_, documented, _ := strings.Cut(content(t, "../docs/operations.md"), "```\nheads=")
	documented, _, found := strings.Cut(documented, "```")
	if !found {
		t.Fatal("docs/operations.md has no script that verifies the log")
	}
	program, heads := harness.Build(t), t.TempDir()
	c, admin := harness.SignedIn(t, nil)
	script := strings.NewReplacer("/var/lib/heads", heads, "/var/lib/console", c.Data).Replace("heads=" + documented)
	night := func(path string) (status int, said string) {
		t.Helper()
		command := exec.Command("sh", "-c", script)
		command.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"))
		output, err := command.CombinedOutput()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return command.ProcessState.ExitCode(), string(output)
	}
	last := filepath.Join(heads, "last")
	for i := range 3 { // the first night there is no head
		admin.Invite(fmt.Sprint("guest", i)).Wants(http.StatusSeeOther)
		status, said := night(filepath.Dir(program))
		if head := strings.TrimSpace(content(t, last)); status != 0 || head != wantWhole(t, c.Data, "--head", head) {
			t.Fatalf("night %d: %d %s; the head kept is %q", i, status, said, head)
		}
	}
	kept := content(t, last)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := night(t.TempDir()); status == 0 || content(t, last) != kept { // where the program is not found
		t.Errorf("without the program: %d; the head is %q, not %q", status, content(t, last), kept)
	}
	end := c.Count(`SELECT max(id) FROM activity`)
	tamper(t, c.Data, fmt.Sprintf(`DELETE FROM activity WHERE id >= %d`, end-1))
	if status, said := night(filepath.Dir(program)); status == 0 || !strings.Contains(said, "not whole") || content(t, last) != kept {
		t.Errorf("a cut end: %d %s; the head is %q, not %q", status, said, content(t, last), kept)
	}
}
