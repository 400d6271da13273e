package replicas

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/store/storetest"
)

// mostConnections is what three consoles open together, as docs/operations.md says.
const mostConnections = 30

// Three consoles under load open no more connections than they say. Where the server takes fewer, that is said with 503, nobody is signed
// out, and all goes on once there is room again.
func TestPG12_ThreeReplicasShareAFullServer(t *testing.T) {
	onPostgres(t)
	const roomy, narrow = "max_connections=35", "max_connections=12"
	server := storetest.NewServer(t, roomy)
	s := newSiteAt(t, server.PlaceFor(t, "replicas"), server.Place())
	c := newCrowd(s)
	most := 0
	c.during(func() {
		c.rush(5*time.Second, func(status int, body string) {
			if status != http.StatusOK {
				t.Errorf("with room enough a list is answered %d\n%s", status, body)
			}
		}, func() { most = max(most, s.count(`SELECT count(*) FROM pg_stat_activity WHERE usename = 'replicas'`)) })
	})
	if most > mostConnections || most < many*2 {
		t.Errorf("there were %d connections", most)
	}
	crowded := 0
	c.during(func() {
		c.trouble(func() {
			server.Restart(t, narrow)
			c.rush(10*time.Second, func(status int, body string) {
				switch {
				case status == http.StatusServiceUnavailable && strings.Contains(body, "The database takes no more connections"):
					crowded++
				case status != http.StatusOK && status != http.StatusServiceUnavailable:
					t.Errorf("while it is full a list is answered %d\n%s", status, body)
				}
			}, func() {})
			server.Restart(t, roomy)
			for _, r := range s.replicas {
				harness.Eventually(t, r.name()+" serves again", func() bool {
					status, _, err := r.caller(s.admin).Get("/settings/users")
					return err == nil && status == http.StatusOK
				})
			}
		})
		time.Sleep(time.Second)
	})
	if crowded == 0 {
		t.Error("nobody was told that the server is full")
	}
	s.settle()
	s.wantWhole()
	c.wantAcknowledged()
	t.Logf("at most %d connections; %d times the server was full; asked %v, of these excused %v", most, crowded, c.asked, c.excused)
}

// rush has twenty people at each replica look at lists for a while, one answer of whom is judged at a time, and calls watch meanwhile.
func (c *crowd) rush(length time.Duration, judge func(status int, body string), watch func()) {
	const each = 20
	until := time.Now().Add(length)
	var people sync.WaitGroup
	var one sync.Mutex
	for _, r := range c.replicas {
		for range each {
			visitor := r.caller(c.admin)
			people.Go(func() {
				for time.Now().Before(until) {
					status, body, err := visitor.Get("/settings/users")
					one.Lock()
					if err != nil {
						c.t.Error(err)
					} else {
						judge(status, body)
					}
					one.Unlock()
				}
			})
		}
	}
	for ; time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		watch()
	}
	people.Wait()
}
