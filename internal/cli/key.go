package cli

import (
	"context"
	"errors"
	"fmt"

	"console/internal/account"
)

// key is about the key that seals secrets.
type key struct {
	Rotate keyRotate `cmd:"" help:"Seal all secrets with a new key, and drop the old one from the key file. It may run while the console serves. One that was interrupted is finished by the next."`
}

// keyRotate replaces the sealing key.
type keyRotate struct {
	Installation
	Prepare bool `help:"Only put the new key into the key file, to be copied to the other machines that serve the database before the key is rotated."`
}

// Run rotates the key, or prepares that, and prints what to do next.
func (r keyRotate) Run(ctx context.Context, io stdio) (err error) {
	if err := r.mustExist(ctx, "name its directory with --data"); err != nil {
		return err
	}
	log := newLogger("text", io.err)
	o, err := r.openBeside(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	service := o.service(func() {}, nil, log, nil)
	by := account.Actor{Source: account.CLI}
	if r.Prepare {
		name, err := service.PrepareKey(ctx, by)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(io.out, "The key %s is prepared, and seals nothing yet. Copy %s to the other machines that serve this database, "+
			"then run console key rotate here.\n", name, r.keyFile())
		return err
	}
	done, err := service.RotateKey(ctx, by)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted before its end: what is sealed can be opened as before; run console key rotate again to finish it")
	case err != nil:
		return err
	}
	return r.report(io, done)
}

// report says what was done, and what could not be.
func (r keyRotate) report(io stdio, done account.Rotation) error {
	if done.WentOn {
		if _, err := fmt.Fprintln(io.out, "Went on with a rotation that was prepared or interrupted before."); err != nil {
			return err
		}
	}
	for _, row := range done.Unopened {
		if _, err := fmt.Fprintf(io.err, "%s could not be opened before either, and stays as it is.\n", row); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(io.out, "The key %s seals from now on; %d values were sealed anew. %s holds no other sealing key any more.\n"+
		"Keep a copy of it with the next backup, and the one of before with the backups that you have. Other machines that serve this "+
		"database need the file too.\n", done.Key, done.Sealed, r.keyFile())
	return err
}
