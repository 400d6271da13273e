package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/auth"
	"console/internal/cli"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// runOn runs a command on the data of a console.
func runOn(c *harness.Console, arguments ...string) (status int, out, problems string) {
	var o, p strings.Builder
	arguments = append(arguments, "--data", c.Data, "--database", c.Database())
	status = cli.Run(c.T.Context(), arguments, strings.NewReader(""), &o, &p)
	return status, o.String(), p.String()
}

// keyOf is the key file of a console as a process reads it that starts now.
func keyOf(c *harness.Console) *auth.Key {
	c.T.Helper()
	key, err := auth.LoadKey(filepath.Join(c.Data, "console.key"))
	if err != nil {
		c.T.Fatal(err)
	}
	return key
}

// wantOpen opens all that is sealed, and returns the names of the keys that it is sealed with.
func wantOpen(c *harness.Console) (names map[string]int) {
	c.T.Helper()
	names = map[string]int{}
	key := keyOf(c)
	open := func(sealed []byte, context string) {
		if _, err := key.Open(sealed, context); err != nil {
			c.T.Errorf("%s: %v", context, err)
		}
		names[auth.KeyOf(sealed)]++
	}
	constant, err := c.DB.SealedConstant(c.T.Context())
	if err != nil {
		c.T.Fatal(err)
	}
	open(constant, account.ConstantContext)
	for _, column := range store.SealedColumns() {
		values, err := c.DB.SealedOtherwise(c.T.Context(), column, []byte("none"), 0, 100_000)
		if err != nil {
			c.T.Fatal(err)
		}
		for _, v := range values {
			open(v.Sealed, v.Context())
		}
	}
	return names
}

// seal adds integrations with sealed settings, which nobody sends to.
func seal(c *harness.Console, number int) {
	c.T.Helper()
	key := keyOf(c)
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		for n := range number {
			i := store.Integration{Kind: notify.KindEmail, Name: fmt.Sprint("Sealed ", n), CreatedAt: 1}
			if err := tx.InsertIntegration(ctx, &i); err != nil {
				return err
			}
			var err error
			if i.Settings, err = notify.SealSettings(key, i.ID, notify.Settings{"emails": "nobody@example.com"}); err != nil {
				return err
			}
			if err := tx.UpdateIntegration(ctx, &i); err != nil {
				return err
			}
		}
		return nil
	})
}

// sealing has a console seal something all the time, in each way that there is, until it is stopped.
func sealing(c *harness.Console) (stop func()) {
	admin, inviter := c.Browse(c.User(harness.AdminEmail)), c.Browse(c.User(harness.AdminEmail))
	ann := c.Browse(c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com"))
	for _, b := range []*harness.Browser{admin, inviter, ann} {
		b.Token()
	}
	var stopped atomic.Bool
	var all sync.WaitGroup
	for name, write := range map[string]func(n int) *harness.Answer{
		"integration": func(n int) *harness.Answer {
			return admin.Post("/settings/integrations/new?type=email", "name", fmt.Sprint("New ", n), "active", "1", "emails", "new@example.com")
		},
		"invitation": func(n int) *harness.Answer { return inviter.Invite(fmt.Sprint("new", n)) },
		"authenticator": func(int) *harness.Answer {
			c.Exec(`DELETE FROM authenticators`)
			ann.Post(harness.AuthenticatorPath + "/start")
			return ann.Get(harness.AuthenticatorPath)
		},
	} {
		all.Go(func() {
			for n := 0; !stopped.Load(); n++ {
				if a := write(n); a.StatusCode >= http.StatusBadRequest {
					c.T.Errorf("%s: status %d: %s", name, a.StatusCode, a.Body)
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	return func() {
		stopped.Store(true)
		all.Wait()
	}
}

// TestARotationOfTheKeyIsKilled kills it at random moments while a console serves and seals. ROTATION_KILLS says how often.
func TestARotationOfTheKeyIsKilled(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	kills, err := strconv.Atoi(os.Getenv("ROTATION_KILLS"))
	if err != nil {
		kills = 3
	}
	c := harness.Ready(t, nil)
	seal(c, 450) // for which it takes several transactions
	rotate := func() time.Duration {
		t.Helper()
		c.Exec(`DELETE FROM leases WHERE name = 'key rotation'`) // as if that of the one that was killed had ended
		began := time.Now()
		command := harness.Command(t, "key", "rotate", "--data", c.Data, "--database", c.Database())
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return time.Since(began)
	}
	stop := sealing(c)
	took := rotate()
	halfDone := 0
	for kill := range kills {
		c.Exec(`DELETE FROM leases WHERE name = 'key rotation'`)
		command := harness.Command(t, "key", "rotate", "--data", c.Data, "--database", c.Database())
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		moment := rand.N(took)
		if kill%3 > 0 { // most of the time it only starts
			harness.Eventually(t, "it begins", func() bool {
				return len(ended) > 0 || c.Count(`SELECT count(*) FROM leases WHERE name = 'key rotation'`) > 0
			})
			moment /= 4
		}
		time.Sleep(moment) // which is what is tried
		_ = command.Process.Kill()
		<-ended
		if names := wantOpen(c); len(names) > 1 {
			halfDone++
		}
	}
	rotate()
	stop()
	t.Logf("%d of %d were killed while values were sealed anew; a rotation takes %v", halfDone, kills, took)
	names, err := keyOf(c).SealingKeys()
	if err != nil || len(names) != 1 || names[0] == "v1" {
		t.Fatalf("sealing keys: %v, %v", names, err)
	}
	if sealed := wantOpen(c); len(sealed) != 1 || sealed[names[0]] < 450 {
		t.Errorf("sealed with: %v, not only %s", sealed, names[0])
	}
	if err := keyOf(c).Use("v1"); !errors.Is(err, auth.ErrKeyMissing) {
		t.Errorf("the first key is still there: %v", err)
	}
	c.Settled()
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE state = 'failed' AND user_id IS NOT NULL`)
	if status, out, problems := runOn(c, "audit", "verify"); status != 0 {
		t.Errorf("status %d: %s%s", status, out, problems)
	}
	c.Restart()
	c.Browse(c.User(harness.AdminEmail)).Get("/settings/integrations").Wants(http.StatusOK).Lacks("cannot be opened")
}

func TestARotationSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	seal(c, 2)
	says := func(want string, status int, arguments ...string) {
		t.Helper()
		got, out, problems := runOn(c, append([]string{"key", "rotate"}, arguments...)...)
		if got != status || !strings.Contains(out+problems, want) {
			t.Errorf("%v: status %d, %s%s; want %q", arguments, got, out, problems, want)
		}
	}
	says("is prepared", 0, "--prepare")
	wantOpen(c)
	says("Went on with a rotation that was prepared", 0)
	says("2 values were sealed anew", 0)
	file := filepath.Join(c.Data, "console.key")
	if err := os.MkdirAll(filepath.Join(file+".new", "full"), 0o700); err != nil { // as root may write anywhere
		t.Fatal(err)
	}
	says("cannot be replaced", 1)
	names := wantOpen(c)
	if len(names) != 1 {
		t.Errorf("sealed with: %v", names)
	}
	if entries := c.Entries("rotate key", "done"); entries != 2 {
		t.Errorf("%d entries", entries)
	}
	admin.Get("/settings/activity").Wants(http.StatusOK).Contains("rotated the key that seals secrets")
	old := filepath.Join(t.TempDir(), "old.key")
	if err := os.WriteFile(old, []byte(strings.Repeat("0a", auth.KeyBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	says("not that of the database", 1, "--key-file", old)
}
