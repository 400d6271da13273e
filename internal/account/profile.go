package account

import (
	"context"
	_ "embed"
	"slices"

	"console/internal/input"
	"console/store"
)

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
	refused := Fields{}
	in.FirstName, in.LastName = input.ParseNames(in.FirstName, in.LastName, refused)
	if in.FirstName == "" && refused["first_name"] == "" {
		refused["first_name"] = "Enter your first name."
	}
	in.parsePreferences(refused)
	if len(refused) > 0 {
		return store.User{}, refused.Refusal()
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
		if err := tx.saveUser(ctx, &user); err != nil {
			return store.User{}, err
		}
		return user, tx.recordChange(ctx, actEditProfile, profileObject(before), profileObject(user))
	})
}

// parsePreferences brings preferences into the form in which they are stored, and notes what is refused.
func (in *Profile) parsePreferences(refused Fields) {
	in.Phone = input.Line(in.Phone)
	if reason := input.RefusePhone(in.Phone); reason != "" {
		refused["phone"] = reason
	}
	for field, chosen := range map[string]struct {
		value string
		from  []string
	}{
		"date_format": {in.DateFormat, DateFormats}, "time_zone": {in.TimeZone, input.TimeZones}, "theme": {in.Theme, Themes},
	} {
		if !slices.Contains(chosen.from, chosen.value) {
			refused[field] = "Choose one of those offered."
		}
	}
}

func profileObject(u store.User) object {
	o := userObject(u)
	clock := "12 hours"
	if u.Clock24h {
		clock = "24 hours"
	}
	for field, value := range map[string]string{
		"phone": u.Phone, "date format": u.DateFormat, "clock": clock, "time zone": u.TimeZone, "theme": u.Theme,
	} {
		o.fields[field] = value
	}
	return o
}
