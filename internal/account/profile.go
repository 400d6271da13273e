package account

import (
	"context"
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"console/store"
)

// MaxPhone is how many characters a telephone number has at most.
const MaxPhone = 40

// timeZonesFile is UTC and the names of zone.tab of the IANA time zone database 2025b, one a line:
//
//	{ echo UTC; awk '!/^#/ { print $3 }' /usr/share/zoneinfo/zone.tab | LC_ALL=C sort; } > internal/account/time_zones.txt
//
//go:embed time_zones.txt
var timeZonesFile string

// TimeZones are the IANA names that a person can choose from, UTC first.
var TimeZones = strings.Fields(timeZonesFile)

// What the preferences can be.
var (
	DateFormats = []string{"DMY", "MDY", "YMD"}
	Themes      = []string{"system", "light", "dark"}
)

// Profile is what people change about themselves. Email, role and groups are set by administrators.
type Profile struct {
	FirstName, LastName string
	store.Preferences
}

// EditProfile changes the actor's own name and preferences, when they still are as they were at version. It returns
// Invalid or store.ErrStale.
func (s *Service) EditProfile(ctx context.Context, by Actor, version int64, in Profile) (store.User, error) {
	refused := Invalid{}
	in.FirstName, in.LastName = parseNames(in.FirstName, in.LastName, refused)
	if in.FirstName == "" && refused["first_name"] == "" {
		refused["first_name"] = "Enter your first name."
	}
	in.parsePreferences(refused)
	if len(refused) > 0 {
		return store.User{}, refused
	}
	if err := requireVersion(version); err != nil {
		return store.User{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return store.User{}, err
		}
		before := user
		user.FirstName, user.LastName, user.Preferences, user.Version = in.FirstName, in.LastName, in.Preferences, version
		if err := tx.UpdateUser(&user); err != nil {
			return store.User{}, err
		}
		return user, tx.Record("edit profile", profileObject(before), profileObject(user))
	})
}

// parsePreferences brings preferences into the form in which they are stored, and notes what is refused.
func (in *Profile) parsePreferences(refused Invalid) {
	in.Phone = line(in.Phone)
	switch reason := refuseText(in.Phone); {
	case reason != "":
		refused["phone"] = reason
	case utf8.RuneCountInString(in.Phone) > MaxPhone:
		refused["phone"] = "At most 40 characters."
	case strings.ContainsFunc(in.Phone, notInPhone):
		refused["phone"] = "Use digits, spaces and the signs + - . / ( ), for example +49 30 1234567."
	}
	for field, chosen := range map[string]struct {
		value string
		from  []string
	}{
		"date_format": {in.DateFormat, DateFormats}, "time_zone": {in.TimeZone, TimeZones}, "theme": {in.Theme, Themes},
	} {
		if !slices.Contains(chosen.from, chosen.value) {
			refused[field] = "Choose one of those offered."
		}
	}
}

func notInPhone(r rune) bool { return !strings.ContainsRune("0123456789 +-./()", r) }

func profileObject(u store.User) object {
	o := userObject(u)
	clock := "12 hours"
	if u.Clock24h {
		clock = "24 hours"
	}
	for field, value := range map[string]string{"phone": u.Phone, "date format": u.DateFormat, "clock": clock, "time zone": u.TimeZone, "theme": u.Theme} {
		o.fields[field] = value
	}
	return o
}
