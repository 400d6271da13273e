package notify

import "time"

// pauses follow the failed attempts of a delivery: three rounds of five, the last with one pause more.
var pauses = []time.Duration{
	1 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second,
	0, 1 * time.Second, 3 * time.Second, 5 * time.Second, 30 * time.Second,
	1 * time.Minute, 1 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
}

// Retries is how often a failed delivery is tried again.
func Retries() int { return len(pauses) }

// An integration is switched off when, within offWindow, at least offEnded of its messages have ended and at least
// offPercent of them failed.
const (
	offWindow  = 12 * time.Hour
	offEnded   = 10
	offPercent = 60
)
