//go:build unix && !linux

package cli

import "syscall"

// forbidDumps keeps the memory of the process, in which there are keys and passwords, out of core files.
func forbidDumps() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
