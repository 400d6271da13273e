package store

import (
	"slices"
	"testing"
)

// notSealed are the columns of bytes that hold no secret which anybody is to read again.
var notSealed = []string{
	"activity.mac",                 // a MAC
	"idempotency_keys.fingerprint", // a hash
	"jobs.work",                    // JSON
	"passkeys.credential_id",       // public
	"recovery_codes.hash",          // a hash
	"reset_links.token_hash",       // a hash
	"sealed_constant.sealed",       // sealed first: it puts a key in force
	"sessions.data",                // what pages show once
	"sessions.form_key",            // what form tokens are made from
	"sessions.token_hash",          // a hash
	"setup_nonce.nonce",            // of no use without the key
	"signup_links.token_hash",      // a hash
	"tokens.hash",                  // a hash
}

// TestEveryColumnOfBytesIsSealedAnewOrNamed keeps a new column of sealed values from being forgotten by the rotation of the key.
func TestEveryColumnOfBytesIsSealedAnewOrNamed(t *testing.T) {
	t.Parallel()
	db := OpenAt(t, t.TempDir()+"/console.db", NewestMigration)
	defer db.Close()
	found, err := many(t.Context(), db, value[string], `SELECT m.name || '.' || c.name FROM sqlite_master m
		JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BLOB'`)
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Clone(notSealed)
	for _, c := range SealedColumns() {
		known = append(known, c.table+"."+c.column)
	}
	for _, column := range found {
		if !slices.Contains(known, column) {
			t.Errorf("%s: add it to sealedColumns, or say in notSealed why not", column)
		}
	}
	for _, column := range known {
		if !slices.Contains(found, column) {
			t.Errorf("there is no column %s", column)
		}
	}
}
