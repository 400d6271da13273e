package account

import (
	"testing"
	"time"

	"console/store"
)

// FuzzExpiry: whatever is given as the time at which a token expires, it is refused, means never, or a moment that is to come and that
// means the same when a program sends it back.
func FuzzExpiry(f *testing.F) {
	for _, text := range []string{
		"", "never", "2026-12-31", "2026-12-31T12:00:00Z", "2026-12-31T12:00:00.999999999+14:00", "30d", "-1d", "99999999999999999999d", "720h", "-1h",
		"2562047h47m16.854775807s", "0000-01-01", "9999-12-31", "1e3d", "3660d", "3661d", "0d", "1ns",
	} {
		f.Add(text, "Pacific/Apia")
	}
	f.Add("2027-03-28", "Europe/Berlin")
	f.Add("2027-03-28", "../../etc/passwd")
	now := store.At(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, text, zone string) {
		at, reason := parseExpiry(text, now, zone)
		if reason != "" && at != 0 || at != 0 && (at <= now || at > now.Add(longestExpiry)) {
			t.Errorf("%q is %s, refused with %q", text, at.Time(), reason)
		}
		if at == 0 {
			return
		}
		again, reason := parseExpiry(at.Time().UTC().Format(time.RFC3339Nano), now, zone)
		if again != at {
			t.Errorf("%q is %s, and that %s (%s)", text, at.Time(), again.Time(), reason)
		}
	})
}
