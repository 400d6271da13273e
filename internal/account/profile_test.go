package account

import (
	"strings"
	"testing"
	"time"

	"console/internal/input"
	"console/store"
)

// FuzzPreferences: whatever somebody prefers, it is refused, or is a time zone that there is, and stays as it is when it is saved again.
func FuzzPreferences(f *testing.F) {
	for _, seed := range [][2]string{{"Europe/Berlin", " +49 30 1234567 "}, {"UTC", ""}, {"Local", "x"}, {"../UTC", "\u0661"}, {"europe/berlin", strings.Repeat("1", 41)}} {
		f.Add(seed[0], seed[1], "DMY", "dark")
	}
	f.Fuzz(func(t *testing.T, zone, phone, format, theme string) {
		in := Profile{Preferences: store.Preferences{Phone: phone, DateFormat: format, TimeZone: zone, Theme: theme}}
		refused := Fields{}
		if in.parsePreferences(refused); len(refused) > 0 {
			return
		}
		if _, err := time.LoadLocation(in.TimeZone); err != nil || input.RefusePhone(in.Phone) != "" {
			t.Errorf("%+v is accepted: %v", in, err)
		}
		again := in
		if again.parsePreferences(refused); again != in || len(refused) > 0 {
			t.Errorf("%+v becomes %+v: %v", in, again, refused)
		}
	})
}
