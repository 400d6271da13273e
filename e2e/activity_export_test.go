package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
)

const exportedEntry = "time (UTC),what happened,actor,object,outcome,source,changes,action,object type,address,browser,request id,job,token,id"

// withEntries adds entries as somebody made them who works without rest. They break the chain.
func withEntries(c *harness.Console, n int) {
	c.Exec(`INSERT INTO activity (id, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, mac)
		WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)
		SELECT (SELECT max(id) FROM activity) + i, 1700000000000 + i * 1000, 1, 'John Doe <johndoe@example.com>', 'UI', '192.0.2.17', '01931c2a-7d1c-7c3e-9a53-3f0c1b7d5e21',
			'edit user', 'user', i, 'Ann Roe <ann@example.com>', 'done', '{"first name":["Anne","Ann"]}', randomblob(32) FROM numbers`, n)
}

func TestTheActivityLogIsExportedAsATable(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	john.Post("/settings/users/new", "role", "analyst", "first_name", "=1+1", "last_name", "@Roe, \"A\"", "email", "ann@example.com",
		"tenant_id", "1").Wants(http.StatusSeeOther)
	rows := sheet(john.Get("/settings/activity/export.csv"), exportedEntry)
	if len(rows) != len(entryIDs(c)) || len(rows) < 3 {
		t.Fatalf("%d rows for %d entries", len(rows), len(entryIDs(c)))
	}
	if newest := rows[0]; newest[8] != "Activity log" || newest[7] != "Export activity log" || newest[2] != "John Doe <"+harness.AdminEmail+">" ||
		newest[6] != "format: CSV" || newest[1] != "John Doe exported the activity log" {
		t.Errorf("the export says of itself %q", newest)
	}
	added := rows[1]
	at := time.UnixMilli(int64(c.Count(`SELECT at FROM activity WHERE action = 'add user'`))).UTC().Format(time.RFC3339)
	if added[0] != at || added[3] != `'=1+1 @Roe, "A" <ann@example.com>` || added[7] != "Add user" || added[4] != "done" || added[5] != "UI" ||
		!strings.Contains(added[6], "role: Analyst") || added[9] == "" || added[11] == "" || added[12]+added[13] != "" || added[14] != "2" {
		t.Errorf("adding somebody is exported as %q", added)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") || strings.Contains(cell, ",=") {
				t.Errorf("%q is a formula", cell)
			}
		}
	}
}

func TestAnExportHasWhatTheFiltersOfThePageShow(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Browse(c.Person(permission.Admin, "Ann", "Roe", "ann@example.com"))
	ann.Invite("bea").Wants(http.StatusSeeOther)
	john.Invite("cleo").Wants(http.StatusSeeOther)
	withEntries(c, 10_000) // more than a page searches at once
	page := john.Get("/settings/activity?q=bea%40example&object_type=user").Wants(http.StatusOK)
	page.Contains(`href="/settings/activity/export.csv?object_type=user&amp;q=bea%40example" data-list-query`)
	for query, objects := range map[string]string{
		"?q=bea%40example&object_type=user": "bea@example.com",
		"?action=add+user":                  "cleo@example.com bea@example.com",
		"?action=add+user&cursor=1.1":       "cleo@example.com bea@example.com",
		fmt.Sprintf("?action=add+user&actor=%d", c.User("ann@example.com").ID): "bea@example.com",
		"?action=delete+user": "",
		"?to=1999-01-01":      "",
	} {
		var got []string
		for _, row := range sheet(john.Get("/settings/activity/export.csv"+query), exportedEntry) {
			got = append(got, row[3][strings.LastIndex(row[3], "<")+1:len(row[3])-1])
		}
		if strings.Join(got, " ") != objects {
			t.Errorf("%s exports %q, not %q", query, got, objects)
		}
	}
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'export activity' AND changes LIKE '%"search":["","bea@example"]%'
		AND changes LIKE '%"object type":["","user"]%'`)
}

func TestTheActivityLogIsExportedAsLines(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	john.Invite("ann").Wants(http.StatusSeeOther)
	c.Browser().Post("/signin", "email", "nobody@example.com", "password", "wrong").Wants(http.StatusUnprocessableEntity)
	a := john.Get("/settings/activity/export.ndjson").Wants(http.StatusOK)
	if kind := a.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("the lines are %s", kind)
	}
	if disposition := a.Header.Get("Content-Disposition"); !strings.HasSuffix(disposition, `.ndjson"`) {
		t.Errorf("the file is offered as %q", disposition)
	}
	want := entryIDs(c)
	slices.Reverse(want)
	if got := linesOf(t, a.Body); !slices.Equal(got, want) {
		t.Errorf("the lines are of %v, the entries are %v", got, want)
	}
	if !strings.Contains(a.Body, `"event_code":"export activity"`) || !strings.Contains(a.Body, `"changes":{"format":["","NDJSON"]}`) {
		t.Errorf("the export does not say so itself:\n%s", a.Body)
	}
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not installed")
	}
	command := exec.Command(jq, "-r", `select(.activity_name == "Logon" and .status == "Failure") | .user.name`)
	command.Stdin = strings.NewReader(a.Body)
	if output, err := command.CombinedOutput(); err != nil || string(output) != "nobody@example.com\n" {
		t.Errorf("jq finds %q, %v", output, err)
	}
}

func TestExportOfTheActivityLogNeedsItsPermission(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	reader := c.Browse(c.Person(permission.ReadOnly, "Rea", "Der", "reader@example.com"))
	for _, path := range []string{"/settings/activity/export.csv", "/settings/activity/export.ndjson"} {
		reader.Get(path).Wants(http.StatusForbidden).Lacks("time (UTC)", "class_uid")
		c.Browser().Get(path).To("/signin")
	}
	if c.Refusals() != 2 || c.Entries("export activity", "done") != 0 {
		t.Errorf("%d refusals and %d exports are logged", c.Refusals(), c.Entries("export activity", "done"))
	}
	john.Get("/settings/activity/export.csv").Wants(http.StatusOK)
}

// export begins an export and returns its body.
func export(ctx context.Context, t *testing.T, by *harness.Browser, path string) io.ReadCloser {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, by.Console.URL.JoinPath(path).String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := by.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	return answer.Body
}

func TestAnExportHasWhatWasThereWhenItBegan(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	withEntries(c, 20_000)
	body := bufio.NewReader(export(t.Context(), t, john, "settings/activity/export.ndjson"))
	var want []int
	for _, id := range c.Column(`SELECT id FROM activity ORDER BY at DESC, id DESC`) {
		n, _ := strconv.Atoi(id)
		want = append(want, n)
	}
	first, err := body.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		john.Invite(fmt.Sprint("meanwhile", i)).Wants(http.StatusSeeOther)
	}
	rest, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := linesOf(t, first+string(rest)); !slices.Equal(got, want) {
		t.Errorf("%d entries are exported, not %d", len(got), len(want))
	}
}

func TestAnExportThatFailsDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"settings/activity/export.ndjson", "settings/activity/export.csv"} {
		c, john := harness.SignedIn(t, nil)
		withEntries(c, 60_000)
		body := export(t.Context(), t, john, path)
		if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if err := c.DB.Close(); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(body); err == nil {
			t.Errorf("%s ends as if it were whole after %d bytes", path, len(rest))
		}
		harness.Eventually(t, "the log says so", func() bool { return strings.Contains(c.Log.String(), "file cut short") })
	}
}

func TestAnExportEndsWithItsReader(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	withEntries(c, 60_000)
	ctx, leave := context.WithCancel(t.Context())
	body := export(ctx, t, john, "settings/activity/export.csv")
	if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	leave()
	harness.Eventually(t, "nobody exports any more", func() bool {
		stacks := make([]byte, 8<<20)
		return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "exportActivityCSV")
	})
	if strings.Contains(c.Log.String(), "file cut short") {
		t.Error("who leaves is told of as a fault")
	}
}
