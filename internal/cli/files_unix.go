//go:build unix

package cli

import (
	"math"
	"syscall"
)

// maxFiles is how many files and connections the process may have open at once.
func maxFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(limit.Cur, math.MaxInt32))
}
