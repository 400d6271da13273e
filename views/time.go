package views

import (
	"strconv"
	"time"
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
		return count(int(d/time.Minute), "minute") + " ago"
	case d < day:
		return count(int(d/time.Hour), "hour") + " ago"
	case d < 7*day:
		return count(int(d/day), "day") + " ago"
	case d < 30*day:
		return count(int(d/(7*day)), "week") + " ago"
	case d < 60*day:
		return "Last month"
	case d < 365*day:
		return count(min(int(d/(30*day)), 11), "month") + " ago"
	case d < 2*365*day:
		return "Last year"
	default:
		return count(int(d/(365*day)), "year") + " ago"
	}
}

// count is a number with its noun: "1 hour", "6 hours".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// exactLayout is how people read a time in UTC.
const exactLayout = "2 Jan 2006, 15:04 UTC"

// exact is a time as people read it, in UTC.
func exact(t time.Time) string { return t.UTC().Format(exactLayout) }

// exactSeconds is exact, to the second.
func exactSeconds(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// machine is a time as programs read it.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
