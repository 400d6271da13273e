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
	Backup   backups  `cmd:"" help:"Copy the database and the key into one file, and verify such files."`
	Restore  restore  `cmd:"" help:"Put a copy back that console backup has made."`
	Restored restored `cmd:"" help:"After a copy of the data was put back: end the sessions, links and messages that it has brought back."`
	Audit    audit    `cmd:"" help:"Check the activity log."`
	Key      key      `cmd:"" help:"Change the key that seals secrets."`
	Admin    admin    `cmd:"" help:"Let somebody in when no administrator can sign in."`
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
	if name := emptyOption(command); name != "" {
		report(problems, askedFormat(arguments), fmt.Errorf("--%s is empty: give it a value, or leave it out", name))
		return 2
	}
	err = command.Run()
	interrupted := errors.Is(err, context.Canceled)
	if err == nil || interrupted && command.Command() == "serve" { // which ends when it is told to
		return 0
	}
	if interrupted { // to who asks for the exit status, that is a failure
		err = errors.New("it was interrupted before it was done")
	}
	report(problems, askedFormat(arguments), err)
	return 1
}

// emptyOption returns the name of an option that was given without a value: most likely a variable of a script that is not set. Taken for
// one that was not given, it would let a command do something else than was meant, such as restoring over the data instead of beside them.
func emptyOption(command *kong.Context) string {
	for _, part := range command.Path {
		if part.Flag != nil && command.FlagValue(part.Flag) == "" {
			return part.Flag.Name
		}
	}
	return ""
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
