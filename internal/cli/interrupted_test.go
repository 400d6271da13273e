package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever asks for the exit status of a command that was told to end takes 0 for done. Only a server ends as it should.
func TestACommandThatIsInterruptedHasFailed(t *testing.T) {
	t.Parallel()
	onFile(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for words, status := range map[string]int{
		"audit verify": 1, "restored": 1, "admin recover --email johndoe@example.com": 1, "token create --email johndoe@example.com --name x": 1,
		"seed --users 5": 1, "doctor": 1, "doctor --json": 1, "key rotate": 1, "backup FILE --without-key": 1, "setup --email a@example.com --company A --cloud EU --first-name Ann --last-name Smith --password-stdin": 1,
		"serve --listen localhost:0": 0, "--listen localhost:0": 0,
	} {
		dir := installed(t)
		if strings.HasPrefix(words, "setup") {
			dir = t.TempDir()
		}
		arguments := strings.Fields(strings.ReplaceAll(words, "FILE", filepath.Join(t.TempDir(), "copy")))
		var problems bytes.Buffer
		got := Run(ended, append(arguments, "--data", dir), strings.NewReader("correct horse battery staple\n"), new(bytes.Buffer), &problems)
		if got != status || (status == 1) != strings.Contains(problems.String(), "interrupted") {
			t.Errorf("%s ends with %d and says %q", words, got, problems.String())
		}
	}
}

func TestAnOptionWithoutAValueIsRefused(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{"audit", "verify", "--head", ""}, {"restore", "copy", "--to="}, {"backup", "verify", "copy", "--passphrase-file", ""}, {"serve", "--data="},
	} {
		status, out, problems := command(t, arguments...)
		if status != 2 || out != "" || !strings.Contains(problems, "is empty: give it a value, or leave it out") {
			t.Errorf("%q ends with %d and says %q %q", arguments, status, out, problems)
		}
	}
}
