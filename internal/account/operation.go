package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// Tx is a running operation: its transaction, its actor and the moment at which all of it happens.
type Tx struct {
	ctx     context.Context
	service *Service
	db      *store.Tx
	by      Actor
	now     store.Millis
	queued  bool         // messages wait for the commit
	many    bool         // it changes many people: chats and mailboxes are told of them at its end, or that of its job
	revoked []store.User // invited by links that this operation has revoked

	condition string                            // what the step was to triggers
	triggers  map[string][]TriggerWithReactions // enabled ones by condition, once read
	moved     []store.Outcome                   // those of many people who have come into a group or left it

	session store.Session // the actor's, of operations that need one
	setUp   store.Stage   // the stage before the last that the operation is open to, if any
}

// authorize reads again what the actor may do, and returns ErrSignedOut when their session has ended meanwhile.
func (tx *Tx) authorize() error {
	main, err := tx.db.MainTenant(tx.ctx)
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotSetUp
	}
	if err != nil {
		return err
	}
	tx.by.Main = main.ID
	if tx.by.Source == CLI || tx.by.Source == System {
		tx.by.Can = everything
		return nil
	}
	user, err := tx.actor()
	if err != nil {
		return err
	}
	tx.by.Role = user.Role
	tx.by.Can, err = holdings(tx.ctx, tx.db.Queries, user)
	return err
}

// actor returns the person who acts, who must still be signed in; whom a job acts for must still be active.
func (tx *Tx) actor() (store.User, error) {
	if tx.by.job == 0 {
		session, err := tx.db.SessionByID(tx.ctx, tx.by.SessionID)
		if errors.Is(err, store.ErrNotFound) || err == nil && session.Stage != store.Finished && session.Stage != tx.setUp {
			return store.User{}, ErrSignedOut
		}
		if err != nil {
			return store.User{}, err
		}
		tx.session = session
	}
	user, err := tx.db.UserByID(tx.ctx, tx.by.UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && user.Status() != store.Active {
		return store.User{}, ErrSignedOut
	}
	return user, err
}

// require returns a Forbidden when the actor lacks p in the main tenant, which decides about the console's own
// resources (rule "main tenant decides").
func (tx *Tx) require(p permission.Permission) error {
	if tx.by.May(p) {
		return nil
	}
	return &Forbidden{Missing: permission.Missing{Permission: p}, needs: p}
}

// requireGrant returns a Forbidden unless the actor holds what it takes to give a role in a tenant (rule "may grant").
func (tx *Tx) requireGrant(role permission.Role, tenant int64) error {
	return tx.requireAll(toGrant(role, tenant), &Forbidden{needs: permission.UsersUpdate})
}

// Manageable returns the person when the actor holds p and every permission that the person holds or would hold by
// their invitation (rule "may manage"). It returns store.ErrNotFound for an unknown id.
func (tx *Tx) Manageable(userID int64, p permission.Permission) (store.User, error) {
	if err := tx.require(p); err != nil {
		return store.User{}, err
	}
	user, err := tx.db.UserByID(tx.ctx, userID)
	if err != nil {
		return store.User{}, err
	}
	held, err := holdings(tx.ctx, tx.db.Queries, user)
	if err != nil {
		return store.User{}, err
	}
	return user, tx.requireAll(held, &Forbidden{Person: user.DisplayName(), object: userObject(user), needs: p})
}

// requireAll returns refusal, completed by the first permission in wanted that the actor lacks, or nil.
func (tx *Tx) requireAll(wanted permission.Holdings, refusal *Forbidden) error {
	tenants, err := tx.db.Tenants(tx.ctx)
	if err != nil {
		return err
	}
	missing, lacks := tx.by.Can.Lacks(wanted, tenantIDs(tenants))
	if !lacks {
		return nil
	}
	refusal.lacking(missing, wanted, tenants)
	return refusal
}

// UpdateUser stores the person. It returns store.ErrStale when somebody else has changed them since they were read,
// and ErrLastAdministrator rather than leave the account without a Global Administrator who can sign in.
func (tx *Tx) UpdateUser(user *store.User) error {
	if err := tx.db.UpdateUser(tx.ctx, user); err != nil {
		return err
	}
	return tx.keepAdministrator()
}

func (tx *Tx) keepAdministrator() error {
	n, err := tx.db.UsableGlobalAdministrators(tx.ctx)
	if err == nil && n == 0 {
		return ErrLastAdministrator
	}
	return err
}

// join puts a person into the automatic group of their role and tenant, and creates it if needed.
// Global Administrators are in no group.
func (tx *Tx) join(user store.User, tenantID int64) error {
	if user.Role == permission.GlobalAdmin {
		return nil
	}
	if user.Role.Global() {
		tenantID = 0
	}
	group, err := tx.db.AutomaticGroup(tx.ctx, user.Role, tenantID)
	if errors.Is(err, store.ErrNotFound) {
		group, err = tx.createAutomaticGroup(user.Role, tenantID)
	}
	if err != nil {
		return fmt.Errorf("automatic group: %w", err)
	}
	_, err = tx.db.AddMember(tx.ctx, group.ID, user.ID)
	return err
}

func (tx *Tx) createAutomaticGroup(role permission.Role, tenantID int64) (store.Group, error) {
	name, tenants := role.GroupName(), []int64(nil)
	if !role.Global() {
		tenant, err := tx.db.TenantByID(tx.ctx, tenantID)
		if err != nil {
			return store.Group{}, err
		}
		name, tenants = automaticName(role, tenant), []int64{tenantID}
	}
	name, err := tx.freeName(name, 0)
	if err != nil {
		return store.Group{}, err
	}
	group := store.Group{Name: name, Role: role, Automatic: true, AllTenants: role.Global(), CreatedAt: tx.now}
	err = tx.db.InsertGroup(tx.ctx, &group, tenants...)
	return group, err
}

// automaticName is what the automatic group of a role in a tenant is called, if that name is free.
func automaticName(role permission.Role, tenant store.Tenant) string {
	if tenant.Main {
		return role.GroupName()
	}
	return role.GroupName() + " (" + tenant.Name + ")"
}

// deleteUser removes a person, and the automatic groups they were the last member of.
func (tx *Tx) deleteUser(user store.User) error {
	memberships, err := tx.db.Memberships(tx.ctx, user.ID)
	if err != nil {
		return err
	}
	if err := tx.db.DeleteUser(tx.ctx, user.ID); err != nil {
		return err
	}
	for _, m := range memberships {
		if err := tx.db.DeleteEmptyAutomaticGroups(tx.ctx, m.ID); err != nil {
			return err
		}
	}
	if err := tx.keepAdministrator(); err != nil {
		return err
	}
	return tx.userDeleted(user)
}

// mail queues a mail to a person. secret is a link token or "": it is stored sealed, and only until the mail is sent.
func (tx *Tx) mail(user store.User, template string, params any, secret string) (int64, error) {
	encoded, err := json.Marshal(params)
	if err != nil {
		return 0, err
	}
	d := store.Delivery{UUID: uuid.NewString(), Target: notify.Target("email", 0), Kind: "email", Recipient: user.Email, Template: template,
		Params: encoded, UserID: user.ID, CreatedAt: tx.now}
	if err := tx.db.InsertDelivery(tx.ctx, &d); err != nil {
		return 0, fmt.Errorf("queue mail: %w", err)
	}
	tx.queued = true
	if secret == "" {
		return d.ID, nil
	}
	return d.ID, tx.db.SetDeliverySecret(tx.ctx, d.ID, tx.service.key.Seal([]byte(secret), notify.SecretContext(d.ID)))
}
