package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OnPurpose is the application_name of programs that, as a test, do what must not happen.
const OnPurpose = "on_purpose"

// What the server says of it.
const (
	// Aborted: a statement follows one that has failed in the same transaction, outside its savepoint. SQLite would carry it out.
	Aborted = "current transaction is aborted"
	// Deadlock: two writers wait for each other. All take one lock first, so they cannot.
	Deadlock = "deadlock detected"
	// Unserializable: a writer met what another one has written meanwhile.
	Unserializable = "could not serialize access"
)

// requireNoFault finds fault with what must not happen, whether or not anybody looked at the error: the log of the server has it.
func (c *cluster) requireNoFault() error {
	found, err := c.faults()
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("the log of the server has what must not happen:\n%s", strings.Join(found, "\n"))
	}
	return err
}

// RequireFound returns an error unless a fault that was made on purpose would have been found, were it none.
func RequireFound(fault string) error {
	found, err := running.faults("\n"+OnPurpose+":", "\n:")
	if err == nil && !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, fault) }) {
		err = fmt.Errorf("the log of the server does not say %q", fault)
	}
	return err
}

// faults returns the lines of the log that say one, each with those below it, but for those of programs that do it on purpose. Words are
// replaced beforehand.
func (c *cluster) faults(replaced ...string) (found []string, err error) {
	log, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.NewReplacer(replaced...).Replace(string(log)), "\n")
	for i, line := range lines {
		says := func(fault string) bool { return strings.Contains(line, "ERROR:  "+fault) }
		if slices.ContainsFunc([]string{Aborted, Deadlock, Unserializable}, says) && !strings.HasPrefix(line, OnPurpose+":") {
			found = append(found, strings.Join(lines[i:min(i+4, len(lines))], "\n"))
		}
	}
	return found, nil
}
