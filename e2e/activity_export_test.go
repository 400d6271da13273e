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

	"console/e2e/harness"
	"console/internal/permission"
)

const exportedEntry = "time (UTC),object type,object,action,outcome,actor,source,changes,description,address,browser,request id,job,id"

// withEntries adds entries as somebody made them who works without rest.
func withEntries(c *harness.Console, n int) {
	c.Exec(`INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes)
		WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)
		SELECT 1700000000000 + i * 1000, 1, 'John Doe <johndoe@example.com>', 'UI', '192.0.2.17', '01931c2a-7d1c-7c3e-9a53-3f0c1b7d5e21',
			'edit user', 'user', i, 'Ann Roe <ann@example.com>', 'done', '{"first name":["Anne","Ann"]}' FROM numbers`, n)
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
	if newest := rows[0]; newest[1] != "Activity log" || newest[3] != "Export activity log" || newest[5] != "John Doe <"+harness.AdminEmail+">" ||
		newest[7] != "format: CSV" {
		t.Errorf("the export says of itself %q", newest)
	}
	added := rows[1]
	at := c.Cell(`SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') FROM activity WHERE action = 'add user'`)
	if added[0] != at || added[2] != `'=1+1 @Roe, "A" <ann@example.com>` || added[3] != "Add user" || added[4] != "done" || added[6] != "UI" ||
		!strings.Contains(added[7], "role: Analyst") || added[9] == "" || added[11] == "" || added[12] != "" || added[13] != "2" {
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
