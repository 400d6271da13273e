//go:build !race

package account

// The size of the proof: worlds of random operations, and how often each preview is compared with what the change then does.
const (
	randomWorlds  = 40
	previewRounds = 250
)
