package harness

import (
	"os"
	"os/exec"
	"testing"

	"console/internal/cli"
)

// runAsCommand is set for the binary of a test that is to run a command of the program in place of its tests.
const runAsCommand = "HARNESS_COMMAND"

// Command is a command of the program as a process of its own, which can be killed. The binary of the test runs it, so that nothing has to
// be built; its TestMain calls RunCommand first.
func Command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, arguments...)
	command.Env = append(os.Environ(), runAsCommand+"=1")
	return command
}

// RunCommand ends the process with what a command of the program returns, where Command has started it.
func RunCommand() {
	if os.Getenv(runAsCommand) != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
}
