package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"console/internal/account"
	"console/store"
)

// audit is about the activity log as a whole.
type audit struct {
	Verify verify `cmd:"" help:"Find out whether entries of the activity log were changed, removed or inserted. It may run while the console serves. Exit status 0: none was; otherwise 1, and the id of the first entry that is wrong."`
}

// verify recomputes the chain of the activity log.
type verify struct {
	Installation
	Head string `help:"MAC that an entry had, as the log of the console says (head=): where none has it, the end was cut off." placeholder:"MAC"`
	From int64  `help:"First entry to look at; the one before it is trusted. Default: the oldest." placeholder:"ID"`
}

// Run prints how many entries there are, the last one and its MAC, or else the id of the first entry that is wrong. What is wrong with
// it is the error.
func (v verify) Run(ctx context.Context, io stdio) (err error) {
	options := account.VerifyOptions{From: v.From}
	if v.Head != "" {
		if options.Head, err = hex.DecodeString(v.Head); err != nil || len(options.Head) != store.MACBytes {
			return fmt.Errorf("--head: a MAC has %d hexadecimal digits", hex.EncodedLen(store.MACBytes))
		}
	}
	if v.From < 0 {
		return errors.New("--from: the first entry has the id 1")
	}
	o, err := v.openReading(ctx, newLogger("text", io.err))
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	found, err := account.VerifyActivity(ctx, o.db.Queries, o.key, options)
	if err != nil {
		return err
	}
	if wrong := found.Wrong; wrong != nil {
		if _, err := fmt.Fprintln(io.out, wrong.ID); err != nil {
			return err
		}
		return fmt.Errorf("the activity log is not whole from entry %d on: %s", wrong.ID, wrong.How)
	}
	_, err = fmt.Fprintf(io.out, "whole: %d entries up to %d head=%s\n", found.Entries, found.Head.ID, hex.EncodeToString(found.Head.MAC))
	if err == nil && found.Removed > 0 {
		_, err = fmt.Fprintf(io.out, "Entries up to %d were removed because of their age.\n", found.Removed)
	}
	if sealing := found.SealedIn; err == nil && sealing.ID > 0 {
		_, err = fmt.Fprintf(io.out, "Entries up to %d are older than the chain: they are as they were on %s, "+
			"when they were sealed in by entry %d.\n", sealing.ObjectID,
			sealing.At.Time().Format("2 January 2006 15:04 UTC"), sealing.ID)
	}
	return err
}
