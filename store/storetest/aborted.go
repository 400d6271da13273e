package storetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// GoesOn is the application_name of programs that, as a test, go on in a transaction after a statement has failed.
const GoesOn = "goes_on"

// requireNoneAborted finds fault with statements that follow one that has failed in the same transaction, outside its savepoint: SQLite
// would carry them out, PostgreSQL refuses all but the end of the transaction. Its log has them, whether or not anybody looked at the
// error.
func (c *cluster) requireNoneAborted() error {
	log, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	if found := aborted(string(log)); len(found) > 0 {
		return fmt.Errorf("statements follow a failed one in its transaction:\n%s", strings.Join(found, "\n"))
	}
	return nil
}

// errNothingAborted says that the log does not have what GoesOn does.
var errNothingAborted = errors.New("the log does not say that a statement follows a failed one")

// RequireAborted returns an error unless the log of the cluster has what GoesOn does, which shows that others would be found in it.
func RequireAborted() error {
	log, err := os.ReadFile(filepath.Join(running.dir, "log"))
	if err == nil && len(aborted(strings.ReplaceAll(string(log), "\n"+GoesOn+":", "\n:"))) == 0 {
		err = errNothingAborted
	}
	return err
}

// aborted returns the lines of a log that say it, each with the statement below it.
func aborted(log string) (found []string) {
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		if strings.Contains(line, "current transaction is aborted") && !strings.HasPrefix(line, GoesOn+":") {
			found = append(found, strings.Join(lines[i:min(i+2, len(lines))], "\n"))
		}
	}
	return found
}
