package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"console/internal/account"
)

// setup creates the account without a browser.
type setup struct {
	Installation
	Company       string `required:"" help:"Name of the company."`
	Cloud         string `required:"" help:"Label of the cloud, for example EU."`
	FirstName     string `required:"" help:"First name of the first Global Administrator."`
	LastName      string `            help:"Their last name."`
	Email         string `required:"" help:"Their email address."`
	PasswordStdin bool   `required:"" help:"Read their password from standard input."`
}

// Run creates the account, or says why not.
func (s setup) Run(ctx context.Context, io stdio) (err error) {
	password, err := firstLine(io.in)
	if err != nil {
		return fmt.Errorf("read password: %w", err)
	}
	log := newLogger("text", io.err)
	o, err := s.openBeside(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	service := o.service(func() {}, nil, log, nil)
	user, err := service.SetUp(ctx, account.Actor{Source: account.CLI}, account.Setup{
		Company: s.Company, Cloud: s.Cloud, FirstName: s.FirstName, LastName: s.LastName, Email: s.Email, Password: password,
	})
	if refused := account.AsRefusal(err); refused != nil && refused.Fields != nil {
		return describe(refused.Fields)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s is set up. %s can sign in.\n", s.Company, user.Email)
	return err
}

// describe names the refused fields as flags.
func describe(refused account.Fields) error {
	var lines []string
	for field, reason := range refused {
		if field == "password" {
			field = "password-stdin"
		}
		lines = append(lines, "--"+strings.ReplaceAll(field, "_", "-")+": "+reason)
	}
	slices.Sort(lines)
	return errors.New(strings.Join(lines, "\n"))
}

// firstLine reads up to the first line break, which does not belong to the password.
func firstLine(r io.Reader) (string, error) {
	text, err := bufio.NewReader(r).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(text, "\r\n"), err
}
