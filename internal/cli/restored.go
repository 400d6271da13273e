package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"console/internal/account"
	"console/store"
)

// restored is run after an old copy of the data has been put back.
type restored struct{ Installation }

// Run ends what the copy has brought back, and prints what that was.
func (r restored) Run(ctx context.Context, io stdio) (err error) {
	if err := r.mustExist(ctx, "put the copy back first"); err != nil {
		return err
	}
	log := newLogger("text", io.err)
	o, err := r.openBeside(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	service := o.service(func() {}, nil, log, nil)
	ended, jobs, err := service.Restored(ctx, account.Actor{Source: account.CLI})
	if account.RefusedBy(err, account.NotSetUp) {
		return errors.New("there is no account in this database: nothing was restored")
	}
	if err != nil {
		return err
	}
	return tellEnded(io.out, ended, jobs)
}

// tellEnded prints what a copy had brought back, and what is to be done about the rest.
func tellEnded(to io.Writer, ended store.Ended, jobs int) error {
	_, err := fmt.Fprintf(to, `Ended, as it was when the copy was made:
  %d sessions and %d sign-ins under way
  %d signup links and %d links or requests to reset a password
  %d messages that waited, which are not sent
  %d jobs
Disabled, until somebody enables them under API tokens:
  %d API tokens
People, roles, passwords, second factors and recovery codes are those of the copy. Look through the users: whoever was deleted or
disabled after the copy was made can sign in again. Invited people need a new link.
`, ended.Sessions, ended.HalfSignIns, ended.SignupLinks, ended.ResetLinks, ended.Messages, jobs, ended.Tokens)
	return err
}
