package store

import (
	"context"
	"time"
)

// Account is the company. There is one per installation.
type Account struct {
	Name, Cloud                  string
	IdleTimeout, AbsoluteTimeout time.Duration
	EnforceSecondFactor          bool
	PasswordMinLength            int // characters
	ActivityRetention            int // months for which the activity log is kept; 0: for ever
	CreatedAt                    Millis
	Version                      int64
}

// Tenant is an isolated environment of the account. The main one carries the company's name.
type Tenant struct {
	ID         int64
	UUID       string
	Name       string
	Main       bool
	CreatedAt  Millis
	DisabledAt Millis // gives no access meanwhile; never the main one
	Version    int64
}

const accountColumns = `a.name, a.cloud, a.idle_timeout, a.absolute_timeout, a.enforce_two_factor, a.password_min_length,
	a.activity_retention, a.created_at, a.version`

// scanInto scans the columns of the account and those that follow them.
func (a *Account) scanInto(row scanner, more ...any) error {
	var idle, absolute int64
	err := row.Scan(append([]any{&a.Name, &a.Cloud, &idle, &absolute, &a.EnforceSecondFactor, &a.PasswordMinLength,
		&a.ActivityRetention, &a.CreatedAt, &a.Version}, more...)...)
	a.IdleTimeout, a.AbsoluteTimeout = time.Duration(idle)*time.Second, time.Duration(absolute)*time.Second
	return err
}

// Account returns the account, or ErrNotFound before set-up.
func (q Queries) Account(ctx context.Context) (Account, error) {
	return one(ctx, q.q, func(row scanner) (a Account, err error) {
		err = a.scanInto(row)
		return a, err
	}, `SELECT `+accountColumns+` FROM account a`)
}

// InsertAccount creates the account; ErrDuplicate says that there is one.
func (tx *Tx) InsertAccount(ctx context.Context, a Account) error {
	_, err := tx.exec(ctx, `INSERT INTO account (id, name, cloud, idle_timeout, absolute_timeout, created_at) VALUES (1, $1, $2, $3, $4, $5)`,
		a.Name, a.Cloud, int64(a.IdleTimeout.Seconds()), int64(a.AbsoluteTimeout.Seconds()), a.CreatedAt)
	return err
}

// UpdateAccount stores a when nobody has changed it since a.Version was read, and raises the version; otherwise it
// returns ErrStale. The main tenant carries the new name from then on.
func (tx *Tx) UpdateAccount(ctx context.Context, a *Account) error {
	err := tx.execOne(
		ctx,
		ErrStale,
		`UPDATE account SET name = $2, cloud = $3, idle_timeout = $4, absolute_timeout = $5, enforce_two_factor = $6,
		password_min_length = $7, activity_retention = $8, version = version + 1 WHERE version = $1`,
		a.Version,
		a.Name,
		a.Cloud,
		int64(a.IdleTimeout.Seconds()),
		int64(a.AbsoluteTimeout.Seconds()),
		a.EnforceSecondFactor,
		a.PasswordMinLength,
		a.ActivityRetention,
	)
	if err != nil {
		return err
	}
	a.Version++
	_, err = tx.exec(ctx, `UPDATE tenants SET name = $1, version = version + 1 WHERE main = 1 AND name <> $1`, a.Name)
	return err
}

// SetupNonce returns the random value that the set-up code is made of, or ErrNotFound where there is none: before it is asked for, and
// once there is an account.
func (q Queries) SetupNonce(ctx context.Context) ([]byte, error) {
	return one(ctx, q.q, value[[]byte], `SELECT nonce FROM setup_nonce`)
}

// InsertSetupNonce stores the value that the set-up code is made of.
func (tx *Tx) InsertSetupNonce(ctx context.Context, nonce []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO setup_nonce (id, nonce) VALUES (1, $1)`, nonce)
	return err
}

// DeleteSetupNonce forgets it: no set-up code is right any more.
func (tx *Tx) DeleteSetupNonce(ctx context.Context) error {
	_, err := tx.exec(ctx, `DELETE FROM setup_nonce`)
	return err
}

const tenantColumns = `id, uuid, name, main, created_at, disabled_at, version`

func scanTenant(s scanner) (t Tenant, err error) {
	err = s.Scan(&t.ID, &t.UUID, &t.Name, &t.Main, &t.CreatedAt, &t.DisabledAt, &t.Version)
	return t, err
}

// Tenants returns all tenants, the main one first, then by id.
func (q Queries) Tenants(ctx context.Context) ([]Tenant, error) {
	return many(ctx, q.q, scanTenant, `SELECT `+tenantColumns+` FROM tenants ORDER BY main DESC, id`)
}

// TenantByID returns ErrNotFound for an unknown id.
func (q Queries) TenantByID(ctx context.Context, id int64) (Tenant, error) {
	return one(ctx, q.q, scanTenant, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1`, id)
}

// MainTenant returns the tenant that carries the company's name.
func (q Queries) MainTenant(ctx context.Context) (Tenant, error) {
	return one(ctx, q.q, scanTenant, `SELECT `+tenantColumns+` FROM tenants WHERE main = 1`)
}

// InsertTenant creates t and sets its id and version.
func (tx *Tx) InsertTenant(ctx context.Context, t *Tenant) (err error) {
	t.Version = 1
	t.ID, err = tx.insert(
		ctx,
		`INSERT INTO tenants (uuid, name, main, created_at) VALUES ($1, $2, $3, $4)`,
		t.UUID,
		t.Name,
		t.Main,
		t.CreatedAt,
	)
	return err
}

// UpdateTenant stores the name and whether t is disabled when nobody has changed it since t.Version was read, and
// raises the version; otherwise it returns ErrStale.
func (tx *Tx) UpdateTenant(ctx context.Context, t *Tenant) error {
	err := tx.execOne(ctx, ErrStale, `UPDATE tenants SET name = $3, disabled_at = $4, version = version + 1 WHERE id = $1 AND version = $2`,
		t.ID, t.Version, t.Name, t.DisabledAt)
	if err == nil {
		t.Version++
	}
	return err
}

// DeleteTenant removes a tenant from every group and then itself. People and groups stay; a pending invitation by mail
// forgets the tenant, one by link must have been revoked.
func (tx *Tx) DeleteTenant(ctx context.Context, id int64) error {
	if _, err := tx.exec(ctx, `UPDATE invitations SET tenant_id = NULL WHERE tenant_id = $1 AND by_link = 0`, id); err != nil {
		return err
	}
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM tenants WHERE id = $1 AND main = 0`, id)
}
