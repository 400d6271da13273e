//go:build race

package account

// The size of the proof where the race detector makes SQLite slow. The whole proof is a run without it (race_off_test.go).
const (
	randomWorlds  = 2
	previewRounds = 25
)
