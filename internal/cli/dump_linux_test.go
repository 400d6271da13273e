package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestACrashLeavesNoCore runs itself as a program that may dump cores, runs a command and crashes.
func TestACrashLeavesNoCore(t *testing.T) {
	const crashes = "CONSOLE_TEST_CRASHES"
	if os.Getenv(crashes) != "" {
		crashAfterCommand(t)
	}
	program := exec.Command(os.Args[0], "-test.run=^TestACrashLeavesNoCore$")
	program.Env, program.Dir = append(os.Environ(), crashes+"=1"), t.TempDir()
	var said bytes.Buffer
	program.Stderr = &said
	_ = program.Run() // it crashes
	status, is := program.ProcessState.Sys().(syscall.WaitStatus)
	if !is || status.Signal() != syscall.SIGABRT || status.CoreDump() || !strings.Contains(said.String(), "dumpable: 0") {
		t.Errorf("it ended with %v, core dumped: %t\n%s", program.ProcessState, status.CoreDump(), &said)
	}
}

func crashAfterCommand(t *testing.T) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	if status := Main([]string{"version"}, strings.NewReader(""), io.Discard, os.Stderr); status != 0 {
		t.Fatal(status)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	fmt.Fprintln(os.Stderr, "dumpable:", dumpable, err)
	debug.SetTraceback("crash")
	panic("crash")
}
