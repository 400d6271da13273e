package cli

import (
	"context"
	"errors"
	"fmt"

	"console/internal/account"
	"console/store"
)

// token is what can be done about API tokens without a browser.
type token struct {
	Create tokenCreate `cmd:"" help:"Make an API token of a person, and print its value."`
}

// tokenCreate makes an API token.
type tokenCreate struct {
	Installation
	Email      string   `required:"" help:"Email address of the person who will own it."`
	Name       string   `required:"" help:"What it is for, such as the program that uses it."`
	Permission []string `help:"A permission that it grants, such as users.view; repeatable. Default: all that the person holds."`
	Expires    string   `help:"How long it lasts (720h, 30d), or its last day (2026-12-31). Default: it does not expire."`
}

// Run prints the value of the token, and nothing else, so that a script can keep it.
func (t tokenCreate) Run(ctx context.Context, io stdio) (err error) {
	if err := t.mustExist(ctx, "name its directory with --data"); err != nil {
		return err
	}
	log := newLogger("text", io.err)
	o, err := t.openBeside(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	service := o.service(func() {}, nil, log, nil)
	issued, err := service.CreateToken(ctx, account.Actor{Source: account.CLI}, account.TokenInput{
		Name: t.Name, Kind: store.PersonalToken, Owner: t.Email, Permissions: t.Permission, AsHeld: true, Expires: t.Expires,
	})
	if refused := account.AsRefusal(err); refused != nil && refused.Fields != nil {
		return describeToken(refused.Fields)
	}
	if account.RefusedBy(err, account.NotSetUp) {
		return errors.New("there is no account yet: run console setup first")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, issued.Value)
	return err
}

// describeToken names the refused fields of a token as flags.
func describeToken(refused account.Fields) error {
	flags := account.Fields{}
	for field, reason := range refused {
		flag := map[string]string{"owner": "email", "permissions": "permission"}[field]
		if flag == "" {
			flag = field
		}
		flags[flag] = reason
	}
	return describe(flags)
}
