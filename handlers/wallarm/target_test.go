package wallarm

import "testing"

// The console says itself that it sends JSON. Types of media are the same in any case.
func TestTheTypeOfWhatIsSentIsNoHeaderOfTheTarget(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/json", "Application/JSON; charset=utf-8"} {
		if lines := headerLines(map[string]string{"X-A": "1", "content-type": kind}); lines != "X-A: 1" {
			t.Errorf("%s: %q", kind, lines)
		}
	}
}
