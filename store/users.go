package store

import (
	"context"
	"strings"

	"console/internal/input"
	"console/internal/permission"
)

// Status is where a person stands; see [User.Status].
type Status string

// The statuses a person can have.
const (
	Active   Status = "active"
	Invited  Status = "invited"
	Disabled Status = "disabled"
)

// User is a person.
type User struct {
	ID                  int64
	UUID                string
	Email               string
	EmailKey            string // the address as compared: one mailbox, one key
	FirstName, LastName string
	Role                permission.Role
	ByGroups            bool   // the role is a label: the person is in no automatic group of it
	PasswordHash        string // PHC string; empty: cannot sign in
	PasswordChangedAt   Millis
	PasswordInitial     bool // somebody else has chosen it: the next sign-in asks for another
	SecondFactor        bool // an authenticator or a passkey is set up
	CreatedAt           Millis
	JoinedAt            Millis // joined the user list; zero: invited by link and not signed up yet
	ActivatedAt         Millis
	DisabledAt          Millis
	LastAuthAt          Millis
	Preferences
	Version int64
}

// Preferences are what a person chose for themselves.
type Preferences struct {
	Phone      string
	DateFormat string // "DMY", "MDY", "YMD"
	Clock24h   bool
	TimeZone   string // IANA name
	Theme      string // "light", "dark", "system"
}

// DefaultPreferences are those of a person who has chosen nothing.
var DefaultPreferences = Preferences{DateFormat: "DMY", Clock24h: true, TimeZone: "UTC", Theme: "system"}

// Status follows from two times.
func (u User) Status() Status { return statusAfter(u.ActivatedAt != 0, u.DisabledAt != 0) }

func statusAfter(activated, disabled bool) Status {
	switch {
	case disabled:
		return Disabled
	case !activated:
		return Invited
	}
	return Active
}

// Name is the full name, or "" where none is known yet.
func (u User) Name() string { return fullName(u.FirstName, u.LastName) }

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// DisplayName is the name, or the email address where none is known yet.
func (u User) DisplayName() string {
	if name := u.Name(); name != "" {
		return name
	}
	return u.Email
}

const userColumns = `u.id, u.uuid, u.email, u.email_key, u.first_name, u.last_name, u.role, u.password_hash, u.created_at, u.joined_at,
	u.activated_at, u.disabled_at, u.last_auth_at, u.version, u.by_groups, u.two_factor, u.password_changed_at, u.phone, u.date_format,
	u.clock_24h, u.time_zone, u.theme, u.password_initial`

func (u *User) fields() []any {
	return []any{&u.ID, &u.UUID, &u.Email, &u.EmailKey, &u.FirstName, &u.LastName, &u.Role, &u.PasswordHash, &u.CreatedAt, &u.JoinedAt,
		&u.ActivatedAt, &u.DisabledAt, &u.LastAuthAt, &u.Version, &u.ByGroups, &u.SecondFactor, &u.PasswordChangedAt, &u.Phone, &u.DateFormat,
		&u.Clock24h, &u.TimeZone, &u.Theme, &u.PasswordInitial}
}

func scanUser(s scanner) (u User, err error) {
	err = s.Scan(u.fields()...)
	return u, err
}

// UserByID returns ErrNotFound for an unknown id.
func (q Queries) UserByID(ctx context.Context, id int64) (User, error) {
	return one(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id)
}

// UserByEmailKey returns ErrNotFound for an unknown address.
func (q Queries) UserByEmailKey(ctx context.Context, key string) (User, error) {
	return one(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.email_key = $1`, key)
}

// UsersByEmailKeys returns the people with these addresses, by address.
func (q Queries) UsersByEmailKeys(ctx context.Context, keys []string) (map[string]User, error) {
	found := make(map[string]User)
	for places, args := range inLists(keys) {
		users, err := many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.email_key IN (`+places+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			found[u.EmailKey] = u
		}
	}
	return found, nil
}

// UsersByRole returns the active people with role, by id, at most limit.
func (q Queries) UsersByRole(ctx context.Context, role permission.Role, limit int) ([]User, error) {
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.role = $1 AND u.activated_at > 0 AND u.disabled_at = 0
		ORDER BY u.id LIMIT $2`, role, limit)
}

const usableGlobalAdministrators = `SELECT count(*) FROM users WHERE role = 'global_admin' AND +activated_at > 0 AND +disabled_at = 0
	AND password_hash <> ''`

// UsableGlobalAdministrators counts the Global Administrators who can sign in: active, with a password.
func (q Queries) UsableGlobalAdministrators(ctx context.Context) (int, error) {
	// The role is written out, because only so the partial index users_administrators serves. The signs keep the other
	// conditions from being looked up in an index of theirs, which would read everybody who is active.
	return one(ctx, q.q, value[int], usableGlobalAdministrators)
}

// Administrators returns the active Global Administrators and the active people in groups that make them Administrators
// of the main tenant, at most limit.
func (q Queries) Administrators(ctx context.Context, limit int) ([]User, error) {
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.activated_at > 0 AND u.disabled_at = 0 AND u.id IN (
		SELECT id FROM users WHERE role = 'global_admin' UNION
		SELECT gu.user_id FROM tenants t JOIN group_tenants gt ON gt.tenant_id = t.id JOIN groups g ON g.id = gt.group_id
			JOIN group_users gu ON gu.group_id = g.id WHERE t.main = 1 AND g.role = 'admin') ORDER BY u.id LIMIT $1`, limit)
}

// InsertUser adds u and sets its id and version. It returns ErrDuplicate when the address is taken.
func (tx *Tx) InsertUser(ctx context.Context, u *User) (err error) {
	u.Version = 1
	if u.Preferences == (Preferences{}) {
		u.Preferences = DefaultPreferences
	}
	u.ID, err = tx.insert(ctx, `INSERT INTO users (uuid, email, email_key, first_name, last_name, role, password_hash, created_at, joined_at,
		activated_at, disabled_at, last_auth_at, name_key, role_key, by_groups, password_changed_at, password_initial, phone, time_zone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		u.UUID, u.Email, u.EmailKey, u.FirstName, u.LastName, u.Role, u.PasswordHash, u.CreatedAt, u.JoinedAt,
		u.ActivatedAt, u.DisabledAt, u.LastAuthAt, u.nameKey(), u.roleKey(), u.ByGroups, u.PasswordChangedAt, u.PasswordInitial, u.Phone,
		u.TimeZone)
	if err != nil {
		return err
	}
	return tx.noteUserChange(ctx, u.ID)
}

// UpdateUser stores u when nobody has changed it since u.Version was read, and raises the version; otherwise it
// returns ErrStale.
func (tx *Tx) UpdateUser(ctx context.Context, u *User) error {
	err := tx.execOne(
		ctx,
		ErrStale,
		`UPDATE users SET email = $3, email_key = $4, first_name = $5, last_name = $6, role = $7, password_hash = $8,
		joined_at = $9, activated_at = $10, disabled_at = $11, name_key = $12, role_key = $13, by_groups = $14, two_factor = $15,
		password_changed_at = $16, phone = $17, date_format = $18, clock_24h = $19, time_zone = $20, theme = $21, password_initial = $22,
		version = version + 1
		WHERE id = $1 AND version = $2`,
		u.ID,
		u.Version,
		u.Email,
		u.EmailKey,
		u.FirstName,
		u.LastName,
		u.Role,
		u.PasswordHash,
		u.JoinedAt,
		u.ActivatedAt,
		u.DisabledAt,
		u.nameKey(),
		u.roleKey(),
		u.ByGroups,
		u.SecondFactor,
		u.PasswordChangedAt,
		u.Phone,
		u.DateFormat,
		u.Clock24h,
		u.TimeZone,
		u.Theme,
		u.PasswordInitial,
	)
	if err != nil {
		return err
	}
	u.Version++
	return tx.noteUserChange(ctx, u.ID)
}

// SetLastAuth notes a finished sign-in. It is no change of the person: the version stays.
func (tx *Tx) SetLastAuth(ctx context.Context, id int64, at Millis) error {
	if err := tx.execOne(ctx, ErrNotFound, `UPDATE users SET last_auth_at = $2 WHERE id = $1`, id, at); err != nil {
		return err
	}
	return tx.noteUserChange(ctx, id)
}

// SetPasswordHash replaces a hash by one of the same password with newer parameters.
func (tx *Tx) SetPasswordHash(ctx context.Context, id int64, hash string) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE users SET password_hash = $2 WHERE id = $1`, id, hash)
}

// DeleteUser removes the person and all that depends on them: memberships, sessions, invitation, waiting mails.
func (tx *Tx) DeleteUser(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE groups SET members = members - 1, members_version = members_version + $2
		WHERE id IN (SELECT group_id FROM group_users WHERE user_id = $1)`, id, membersStep())
	if err != nil {
		return err
	}
	if err := tx.execOne(ctx, ErrNotFound, `DELETE FROM users WHERE id = $1`, id); err != nil {
		return err
	}
	return tx.noteUserChange(ctx, id)
}

func (u User) nameKey() string { return input.Fold(u.DisplayName()) }

func (u User) roleKey() string { return input.Fold(u.Role.Label()) + "\n" + u.nameKey() }
