package replicas

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"console/e2e/harness"
	"console/store"
	"console/store/storetest"
)

// asked is the number that an environment variable asks for.
func asked(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}

// members is how many people a job works through meanwhile.
const members = 3000

// TestReplicasMayDie kills replicas at random moments while people work with all of them and a job runs. Nothing acknowledged is missing,
// every replica shows it at once, all is there exactly once, and only what was under way with a dead one fails.
func TestReplicasMayDie(t *testing.T) {
	kills := asked(t, "REPLICA_KILLS", 10)
	s := newSite(t)
	s.insert(members)
	c := newCrowd(s)
	job := s.disableAll()
	c.during(func() {
		for range kills {
			time.Sleep(500*time.Millisecond + rand.N(2*time.Second))
			r := s.replicas[rand.N(many)]
			c.trouble(func() {
				r.kill()
				time.Sleep(rand.N(time.Second))
			})
			r.start()
		}
		harness.Within(t, 5*time.Minute, "the job ends", func() bool { return s.count(`SELECT count(*) FROM jobs WHERE ended_at > 0`) == 1 })
	})
	s.settle()
	s.wantWhole()
	c.wantAcknowledged()
	s.wantTold(kills)
	s.wantMailed()
	s.wantJob(job)
	s.wantNoFaults()
	t.Logf("%d kills; asked %v, broken off %v; %d acknowledged, %d signed up", kills, c.asked, c.excused, len(c.seen), len(c.joined))
}

// insert stores people for a job.
func (s *site) insert(n int) {
	s.t.Helper()
	s.members = n
	db, err := store.Open(s.t.Context(), s.direct)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(s.t.Context(), func(tx *store.Tx) error {
		group := store.Group{Name: "Load", Role: "read_only", AllTenants: true}
		if err := tx.InsertGroup(context.Background(), &group); err != nil {
			return err
		}
		for _, user := range harness.Crowd(n, "Load") {
			if err := tx.InsertUser(context.Background(), &user); err != nil {
				return err
			}
			if _, err := tx.AddMember(context.Background(), group.ID, user.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// disableAll begins the job that disables those whom insert has stored.
func (s *site) disableAll() (id int) {
	s.t.Helper()
	s.admin.MustPost(s.t, http.StatusSeeOther, "/settings/users/bulk", "action", "disable", "all", "1", "q", "load", "total", strconv.Itoa(s.members))
	return s.count(`SELECT max(id) FROM jobs`)
}

// wantJob fails the test where anybody was not disabled exactly once.
func (s *site) wantJob(id int) {
	s.t.Helper()
	for query, want := range map[string]int{
		`SELECT done FROM jobs WHERE id = $1`:                                                                              s.members,
		`SELECT count(*) FROM job_outcomes WHERE job_id = $1 AND refusal = ''`:                                             s.members,
		`SELECT count(*) FROM users WHERE disabled_at > 0 AND $1 > 0`:                                                      s.members,
		`SELECT count(*) FROM activity WHERE action = 'disable access' AND job_id = $1`:                                    s.members,
		`SELECT count(DISTINCT object_id) FROM activity WHERE action = 'disable access' AND job_id = $1`:                   s.members,
		`SELECT count(*) FROM activity WHERE action = 'end disable of several' AND object_type = 'job' AND object_id = $1`: 1,
	} {
		if got := s.count(query, id); got != want {
			s.t.Errorf("%s gives %d, not %d", query, got, want)
		}
	}
}

// TestAReplicaThatStandsStillHoldsUpNobody stops a replica while it has the lock of all writers, as a machine that sleeps or a host that
// moves does. Lists never wait, changes go on within twelve seconds, and what it was doing is not half done.
func TestAReplicaThatStandsStillHoldsUpNobody(t *testing.T) {
	s := newSite(t)
	still, other := s.replicas[0], s.replicas[1].caller(s.admin)
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		mine := still.caller(s.admin)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				_, _, _ = mine.Post("/settings/users/new", "role", "analyst", "first_name", "Still", "email", "s0"+strconv.Itoa(i)+"@example.com", "tenant_id", "1")
			}
		}
	}()
	harness.Eventually(t, "it stands still with the lock", func() bool {
		still.signal(syscall.SIGSTOP)
		time.Sleep(20 * time.Millisecond) // what is on its way to the server arrives
		if s.count(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted
			AND a.application_name = $1 AND a.state LIKE 'idle in transaction%'`, still.name()) == 1 {
			return true
		}
		still.signal(syscall.SIGCONT)
		time.Sleep(time.Duration(5+len(s.column(`SELECT '' FROM users`))%7) * time.Millisecond)
		return false
	})
	began := time.Now()
	changed := make(chan time.Duration, 1)
	go func() {
		for { // a form that waited too long for the lock says so
			status, _, err := other.Post("/settings/users/new", "role", "analyst", "first_name", "Other", "email", "o01@example.com", "tenant_id", "1")
			if err == nil && status == http.StatusSeeOther || time.Since(began) > time.Minute {
				changed <- time.Since(began)
				return
			}
		}
	}()
	lists, slowest := 0, time.Duration(0)
	var took time.Duration
	for took == 0 {
		asked := time.Now()
		status, _, err := s.replicas[2].caller(s.admin).Get("/settings/users")
		if err != nil || status != http.StatusOK {
			t.Errorf("a list: %d %v", status, err)
		}
		lists++
		slowest = max(slowest, time.Since(asked))
		select {
		case took = <-changed:
		case <-time.After(50 * time.Millisecond):
		}
	}
	if took > 12*time.Second {
		t.Errorf("a change elsewhere took %s", took)
	}
	if slowest > 3*time.Second {
		t.Errorf("a list took %s", slowest)
	}
	still.signal(syscall.SIGCONT)
	close(stop)
	<-ended
	harness.Eventually(t, "it is ready again", still.ready)
	s.settle()
	s.wantWhole()
	t.Logf("a change elsewhere took %s; %d lists, the slowest %s", took, lists, slowest)
}

// back is how soon everybody can work after the database is back.
const back = 5 * time.Second

// TestTheDatabaseMayRestart restarts the server of the database under load. Meanwhile requests are answered 503; then all replicas serve
// again by themselves, and nobody is signed out.
func TestTheDatabaseMayRestart(t *testing.T) {
	s := newSite(t)
	c := newCrowd(s)
	c.during(func() {
		time.Sleep(2 * time.Second)
		c.trouble(func() {
			storetest.Restart(t)
			began := time.Now()
			for _, r := range s.replicas {
				harness.Within(t, time.Minute, r.name()+" serves again", func() bool {
					status, _, err := r.caller(s.admin).Get("/settings/users")
					if err == nil && status == http.StatusSeeOther {
						t.Fatal("John Doe was signed out")
					}
					return err == nil && status == http.StatusOK
				})
			}
			if took := time.Since(began); took > back {
				t.Errorf("all replicas serve again after %s", took)
			}
		})
		time.Sleep(2 * time.Second)
	})
	s.settle()
	s.wantWhole()
	c.wantAcknowledged()
	s.wantMailed()
	t.Logf("asked %v, of these during the restart %v", c.asked, c.excused)
}
