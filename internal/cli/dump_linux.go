package cli

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// forbidDumps keeps the memory of the process, in which there are keys and passwords, out of files: no core is dumped when it crashes,
// neither as a file nor to a program that collects them, and nobody but root attaches a debugger to it or reads its memory.
func forbidDumps() error {
	return errors.Join(
		syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0), // which counts for collecting programs too, and is inherited by no other program
	)
}
