package account

import (
	"testing"

	"console/store/storetest"
)

// proof is how much is tried at random: worlds of random operations, and how often each preview is compared with what the change then does.
type proof struct{ worlds, previews int }

// proofOf returns the whole proof, or a part of it with -short, and less where the race detector makes SQLite slow.
func proofOf(t *testing.T) proof {
	t.Helper()
	switch {
	case raceDetector:
		return proof{worlds: 2, previews: 25}
	case testing.Short() && !storetest.OnPostgres(): // somebody waits for it
		return proof{worlds: 5, previews: 50}
	case testing.Short():
		return proof{worlds: 10, previews: 100}
	}
	return proof{worlds: 40, previews: 250}
}
