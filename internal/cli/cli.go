// Package cli is the command line: commands, flags and environment variables. It puts the program together.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are what the program can be told to do. Every flag is also an environment variable, CONSOLE_ and its name.
type commands struct {
	Serve    Serve    `cmd:"" default:"withargs" help:"Serve the console (what happens without a command)."`
	Setup    setup    `cmd:""                    help:"Create the account and its first Global Administrator."`
	Token    token    `cmd:""                    help:"Make API tokens."`
	Restored restored `cmd:"" help:"After a copy of the data was put back: end the sessions, links and messages that it has brought back."`
	Audit    audit    `cmd:"" help:"Check the activity log."`
	Doctor   doctor   `cmd:"" help:"Find out what is wrong with an installation, and what to do about it. Takes the options of serve; may run while it serves. Exit status 0: nothing is wrong; otherwise 1."`

	Seed    seed    `cmd:""                    help:"Fill the database with invented people, to try and to measure."`
	Version version `cmd:""                    help:"Print the version, the commit and the Go version it was built from."`

	MigrateDatabase migrateDatabase `cmd:"" help:"Copy the database from SQLite to PostgreSQL, to be served from there."`
}

// stdio is what commands read from and write to.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the program with arguments and returns its exit status: 0 after success, 1 when the command failed, 2
// when the arguments are wrong. A running server ends cleanly on SIGTERM and SIGINT. The memory of the process gets into no core dump.
func Main(arguments []string, in io.Reader, out, errors io.Writer) int {
	if err := forbidDumps(); err != nil {
		newLogger(askedFormat(arguments), errors).Warn("a crash may leave a core dump, which holds keys and passwords", "error", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return Run(ctx, arguments, in, out, errors)
}

// Run is Main under a context: when ctx is done a running server stops.
func Run(ctx context.Context, arguments []string, in io.Reader, out, problems io.Writer) int {
	var chosen commands
	exited := -1
	parser, err := kong.New(&chosen,
		kong.Name("console"),
		kong.Description("Manages who may do what in a company account."),
		kong.DefaultEnvars("CONSOLE"),
		kong.Writers(out, problems),
		kong.Exit(func(status int) { exited = status }),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(stdio{in, out, problems}),
	)
	if err != nil {
		report(problems, askedFormat(arguments), err)
		return 2
	}
	command, err := parser.Parse(arguments)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		report(problems, askedFormat(arguments), err)
		return 2
	}
	if err := command.Run(); err != nil && !errors.Is(err, context.Canceled) {
		report(problems, askedFormat(arguments), err)
		return 1
	}
	return 0
}

// report says why the program failed, in the format of the log. Where that cannot be written, the exit status says that it did.
func report(problems io.Writer, format string, err error) {
	if format == logJSON {
		newLogger(format, problems).Error("failed", "error", err)
		return
	}
	_, _ = fmt.Fprintln(problems, "console:", err)
}

// exists reports whether there is a file at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
