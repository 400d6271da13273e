package replicas

import (
	"testing"
	"time"

	"console/e2e/harness"
	"console/store/storetest"
)

// Three consoles share the five connections of a pooler, which gives each transaction another one. People sign in, add and list, a job
// runs, and one console dies.
func TestPG05_ReplicasWorkBehindAPooler(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	s := newSiteAt(t, storetest.Pooler(t, place)+"&default_query_exec_mode=exec", place)
	s.insert(300)
	c := newCrowd(s)
	job := s.disableAll()
	c.during(func() {
		time.Sleep(2 * time.Second)
		c.trouble(s.replicas[0].kill)
		s.replicas[0].start()
		harness.Within(t, 5*time.Minute, "the job ends", func() bool { return s.count(`SELECT count(*) FROM jobs WHERE ended_at > 0`) == 1 })
	})
	s.settle()
	s.wantWhole()
	c.wantAcknowledged()
	s.wantTold(1)
	s.wantMailed()
	s.wantJob(job)
	s.wantNoFaults()
	t.Logf("asked %v, broken off %v; %d acknowledged, %d signed up", c.asked, c.excused, len(c.seen), len(c.joined))
}
