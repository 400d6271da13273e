package views

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // so that machines without a time zone database know the zones, too

	"console/store"
)

// ago says how long before now t was. The zero time is never.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	const day = 24 * time.Hour
	switch d := now.Sub(t); {
	case d < time.Minute: // a clock that is a little ahead included
		return "just now"
	case d < time.Hour:
		return quantity(int(d/time.Minute), "minute") + " ago"
	case d < day:
		return quantity(int(d/time.Hour), "hour") + " ago"
	case d < 7*day:
		return quantity(int(d/day), "day") + " ago"
	case d < 30*day:
		return quantity(int(d/(7*day)), "week") + " ago"
	case d < 60*day:
		return "Last month"
	case d < 365*day:
		return quantity(min(int(d/(30*day)), 11), "month") + " ago"
	case d < 2*365*day:
		return "Last year"
	default:
		return quantity(int(d/(365*day)), "year") + " ago"
	}
}

// quantity is a number with its noun: "1 hour", "6 hours".
func quantity(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// clock is how a person reads times: in their zone, in the format they chose.
type clock struct {
	zone      *time.Location
	date, day string // layouts of a date, and of a time of day
}

// dateLayouts are the date formats a person can choose; hourLayouts the times of day, of 12 hours and of 24.
var (
	dateLayouts = map[string]string{"DMY": "2 Jan 2006", "MDY": "Jan 2, 2006", "YMD": "2006-01-02"}
	hourLayouts = map[bool]string{false: "3:04 PM", true: "15:04"}
)

// clockOf is the clock of whom the page is for; visitors read UTC.
func clockOf(ctx context.Context) clock {
	chosen := store.DefaultPreferences
	if user := frame(ctx).User; user != nil && user.DateFormat != "" {
		chosen = user.Preferences
	}
	return clock{zone: zone(chosen.TimeZone), date: dateLayouts[chosen.DateFormat], day: hourLayouts[chosen.Clock24h] + " MST"}
}

// zones are the time zones read so far, by name: reading one takes longer than a row of a list.
var zones sync.Map

// zone is the time zone with an IANA name, or UTC where there is no such zone any more.
func zone(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		location = time.UTC
	}
	zones.Store(name, location)
	return location
}

func (c clock) layout() string { return c.date + ", " + c.day }

// exact is a time as the person reads it.
func (c clock) exact(t time.Time) string { return t.In(c.zone).Format(c.layout()) }

// exact is a time as the person whom the page is for reads it.
func exact(ctx context.Context, t time.Time) string { return clockOf(ctx).exact(t) }

// timeOfDay is exact without the date where that is today's.
func timeOfDay(ctx context.Context, t time.Time) string {
	c := clockOf(ctx)
	t, now := t.In(c.zone), frame(ctx).Now.In(c.zone)
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format(c.day)
	}
	return t.Format(c.layout())
}

// exactSeconds is exact, to the second.
func exactSeconds(ctx context.Context, t time.Time) string {
	c := clockOf(ctx)
	return t.In(c.zone).Format(strings.Replace(c.layout(), ":04", ":04:05", 1))
}

// machine is a time as programs read it.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// duration is a time span that people choose: "5 minutes", "24 hours", "3 days".
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d > day:
		return quantity(int(d/day), "day")
	case d >= time.Hour:
		return quantity(int(d/time.Hour), "hour")
	}
	return quantity(int(d/time.Minute), "minute")
}
