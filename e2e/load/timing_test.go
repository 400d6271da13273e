package load

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestFC100_ForgottenPasswordsTakeEquallyLong(t *testing.T) { // alone: it measures
	c := harness.Ready(t, harness.BehindProxy)
	admin := c.Administrator()
	c.Member(admin, "analyst", "active@example.com")
	c.Member(admin, "analyst", "disabled@example.com")
	c.Add(admin, "analyst", "Ann", "", "invited@example.com")
	c.Disable("disabled@example.com")
	b, address := c.Browser(), 0
	b.Get("/forgot")
	token := b.Token()
	equallyLong(
		t,
		[]string{"unknown@example.com", "active@example.com", "disabled@example.com", "invited@example.com"},
		func(email string) time.Duration {
			address++
			b.From(fmt.Sprintf("10.0.%d.%d", address/250, address%250+1))
			began := time.Now()
			b.PostForm("/forgot", "email", email, "csrf_token", token).To("/signin")
			return time.Since(began)
		},
	)
}

// TestFC100 does not run beside other tests: it compares times.
func TestFC100_SignInTellsNothing(t *testing.T) {
	c := harness.Ready(t, harness.BehindProxy)
	admin := c.Administrator()
	c.Member(admin, "analyst", "active@example.com")
	c.Member(admin, "analyst", "disabled@example.com")
	c.Add(admin, "analyst", "Ann", "", "invited@example.com")
	c.Disable("disabled@example.com")
	b, address := c.Browser(), 0
	token := b.Token()
	try := func(email string) (time.Duration, string) {
		address++
		b.From(fmt.Sprintf("10.0.%d.%d", address/250, address%250+1))
		began := time.Now()
		a := b.PostForm("/signin", "email", email, "password", "a wrong password", "csrf_token", token)
		took := time.Since(began)
		return took, fmt.Sprint(
			a.StatusCode,
			a.Header["Set-Cookie"],
			harness.CSRFInput.ReplaceAllString(strings.ReplaceAll(a.Body, email, "EMAIL"), ""),
		)
	}
	emails := []string{"unknown@example.com", "active@example.com", "disabled@example.com", "invited@example.com"}
	_, same := try(emails[0])
	equallyLong(t, emails, func(email string) time.Duration {
		took, said := try(email)
		if said != same {
			t.Fatalf("%s is answered\n%s\nand not\n%s", email, said, same)
		}
		return took
	})
}

// equallyLong fails the test unless trying takes equally long for all: the medians lie within a fifth.
func equallyLong(t *testing.T, emails []string, try func(email string) time.Duration) {
	t.Helper()
	// A busy machine slows neighbours alike, so that each time is taken relative to those of its turn. The order is
	// random, because what one leaves behind, a mail to send or garbage to collect, slows the next. On a machine that is
	// busy all the time it takes many turns until chance evens out; what tells who exists never does.
	relative := map[string][]float64{}
	for tries := 1; ; tries++ {
		times := make([]float64, len(emails))
		for _, at := range rand.Perm(len(emails)) {
			times[at] = try(emails[at]).Seconds()
		}
		for i, email := range emails {
			relative[email] = append(relative[email], times[i]*float64(len(times))/(times[0]+times[1]+times[2]+times[3]))
		}
		if tries < 30 {
			continue
		}
		medians := map[string]float64{}
		for email, all := range relative {
			medians[email] = slices.Sorted(slices.Values(all))[tries/2]
		}
		sorted := slices.Sorted(maps.Values(medians))
		if sorted[3] <= 1.2*sorted[0] {
			return
		}
		if tries == 200 {
			t.Fatalf("the times tell who exists: %v", medians)
		}
	}
}

// TestFC195 does not run beside other tests: it compares times.
func TestFC195_TheNextRequestTellsNothing(t *testing.T) {
	const samples, runs = 150, 3
	c := harness.Ready(t, harness.BehindProxy)
	b, address := c.Browser(), 0
	token := b.Token()
	after := func(email string) float64 {
		address++
		b.From(fmt.Sprintf("10.%d.%d.1", address/250, address%250+1))
		b.PostForm("/forgot", "email", email, "csrf_token", token).To("/signin")
		began := time.Now()
		b.PostForm("/forgot", "email", "next@example.com", "csrf_token", token).To("/signin")
		return time.Since(began).Seconds()
	}
	for run := range runs {
		var known, unknown []float64
		for range samples { // in random order, so that a busy machine slows both alike
			if rand.N(2) == 0 {
				known = append(known, after(harness.AdminEmail))
				unknown = append(unknown, after("unknown@example.com"))
			} else {
				unknown = append(unknown, after("unknown@example.com"))
				known = append(known, after(harness.AdminEmail))
			}
		}
		p := mannWhitney(known, unknown)
		t.Logf("run %d: p = %.3f", run+1, p)
		if p > 0.01 {
			return
		}
	}
	t.Error("the next answer tells who has an account")
}

// mannWhitney is how probable it is that two samples of one distribution lie as far apart as these (two-sided, by the normal
// approximation; no two times are equal).
func mannWhitney(a, b []float64) float64 {
	u := 0.0
	for _, x := range a {
		for _, y := range b {
			if x > y {
				u++
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
