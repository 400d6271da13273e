//go:build !unix

package cli

import "math"

// maxFiles is how many files and connections the process may have open at once: here as many as there is memory for.
func maxFiles() int { return math.MaxInt32 }
