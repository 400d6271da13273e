package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"console/internal/account"
)

// admin is what helps when no administrator can sign in.
type admin struct {
	Recover adminRecover `cmd:"" help:"Make an existing person an active Global Administrator, remove their second factors, end their sessions, and print a link to set a password. It may run while the console serves."`
}

// adminRecover lets somebody in.
type adminRecover struct {
	Installation
	Email   string `required:"" help:"Email address of the person."`
	Listen  string `default:"localhost:8080" help:"Address that the console listens on."`
	BaseURL string `help:"Address under which people reach the console; the link begins with it. Default: http:// and the listen address."`
}

// Run lets the person in, and prints the link and nothing else on standard output.
func (r adminRecover) Run(ctx context.Context, io stdio) (err error) {
	base, err := r.baseURL()
	if err != nil {
		return err
	}
	if err := r.mustExist(ctx, "name its directory with --data"); err != nil {
		return err
	}
	log := newLogger("text", io.err)
	o, err := r.openBeside(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	recovered, err := o.service(func() {}, nil, log, base).RecoverAdministrator(ctx, account.Actor{Source: account.CLI}, r.Email)
	if refused := account.AsRefusal(err); refused != nil && refused.Fields != nil {
		return describe(refused.Fields)
	}
	if account.RefusedBy(err, account.NotSetUp) {
		return errors.New("there is no account yet: run console setup first")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.err, "%s is a Global Administrator without a second factor. "+
		"Who opens the link sets their password, once, until %s:\n",
		recovered.User.DisplayName(), recovered.Ends.Time().Format("2 January 2006 15:04 UTC"))
	if err == nil {
		_, err = fmt.Fprintln(io.out, base.JoinPath("reset", recovered.Token))
	}
	return err
}

// baseURL is what the link begins with.
func (r adminRecover) baseURL() (*url.URL, error) {
	return canonicalBaseURL(cmp.Or(unquoted(r.BaseURL), "http://"+r.Listen))
}
