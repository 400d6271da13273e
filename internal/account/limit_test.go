package account

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLimitsAreDocumented(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| limited | for each | how many | answer to one more |\n| --- | --- | --- | --- |\n"
	for _, l := range Limits() {
		table += fmt.Sprintf("| %s | %s | %s | %s |\n", l.What, l.Each, l.Allows(), l.Answer)
	}
	if !strings.Contains(string(document), table+"\n") {
		t.Errorf("docs/operations.md does not have the table of limits as it is:\n%s", table)
	}
}

func TestLimitsThatRefuseHaveANameInMetrics(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, l := range Limits() {
		if l.Name == "" && strings.HasPrefix(l.Answer, "429") || l.Name != "" && named[l.Name] {
			t.Errorf("%s has the name %q", l.What, l.Name)
		}
		named[l.Name] = true
		if l.Name != "" && !strings.Contains(string(document), "`"+l.Name+"`") {
			t.Errorf("docs/operations.md does not name %s", l.Name)
		}
	}
}

func TestFC191_PausedNetworksAreAnsweredSlower(t *testing.T) {
	t.Parallel()
	p, now := pace{next: map[string]time.Time{}}, time.Now()
	var waits []time.Duration
	for range 1000 {
		waits = append(waits, p.turn("198.51.100.0/24", now))
	}
	if waits[10] != 0 || waits[12] != 2*50*time.Millisecond || waits[999] != 15*time.Second {
		t.Errorf("the 11th waits %v, the 13th %v, the last %v", waits[10], waits[12], waits[999])
	}
	if other := p.turn("203.0.113.0/24", now); other != 0 {
		t.Errorf("others wait %v for them", other)
	}
	if later := p.turn("198.51.100.0/24", now.Add(time.Minute)); later != 0 {
		t.Errorf("a minute later one waits %v", later)
	}
}
