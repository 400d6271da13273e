package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// seed fills a database with invented people, to try the console with many of them and to measure it.
type seed struct {
	Installation
	Users int       `required:"" help:"How many people to add."`
	AsOf  time.Time `default:"2026-11-01" format:"2006-01-02" help:"Day that the people's times lead up to. Invitations run out around it."`
}

// peoplePerTransaction bounds how much memory a transaction takes. With ten times less, seeding a million people writes
// ten times more: every transaction changes most pages of the indexes.
const peoplePerTransaction = 100_000

// Run adds the people. Their rows are those that adding, inviting and signing up make: memberships, invitations, ended
// deliveries, activity entries, changes that a running console follows. Nothing is sent, and nobody can sign in as one of
// them. The same number gives the same people. It needs an account, and refuses a database that was seeded before.
func (s seed) Run(ctx context.Context, std stdio) (err error) {
	if s.Users < 1 {
		return errors.New("--users: at least 1 is needed")
	}
	o, err := s.openBeside(ctx, newLogger("text", std.err))
	if err != nil {
		return err
	}
	defer func() { err = o.closeWith(err) }()
	account, err := o.db.Account(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("there is no account yet: run console setup first, with the same --data")
	}
	if err != nil {
		return err
	}
	inviter, err := o.db.UsersByRole(ctx, permission.GlobalAdmin, 1)
	if err != nil {
		return err
	}
	if len(inviter) == 0 {
		return errors.New("the account has no Global Administrator who could have invited anybody")
	}
	seeding := &seeding{company: account.Name, mac: o.key.Chain().MAC, inviter: inviter[0],
		asOf: store.At(s.AsOf), groups: map[permission.Role]int64{}}
	for first := 0; first < s.Users; first += peoplePerTransaction {
		beyond := min(first+peoplePerTransaction, s.Users)
		if err := o.db.Load(ctx, func(tx *store.Tx) error { return seeding.add(ctx, tx, first, beyond, std.err) }); err != nil {
			return err
		}
	}
	if err := seeding.addEntries(ctx, o.db); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.err, "\r%d people\n", s.Users)
	return err
}

// seeding adds invented people to an account.
type seeding struct {
	company string
	mac     store.MAC // of the activity log
	inviter store.User
	asOf    store.Millis
	tenant  int64                     // the main one
	groups  map[permission.Role]int64 // automatic groups in it
	added   []added
}

// added says when the person with a number was added, and with which id.
type added struct {
	at     store.Millis
	number int
	id     int64
}

// add adds the people with the numbers first to beyond-1, and says how far it is.
func (s *seeding) add(ctx context.Context, tx *store.Tx, first, beyond int, progress io.Writer) error {
	if err := s.prepare(ctx, tx); err != nil {
		return err
	}
	for i := first; i < beyond; i++ {
		p := invent(i, s.asOf)
		err := s.addPerson(ctx, tx, &p)
		s.added = append(s.added, added{p.user.CreatedAt, i, p.user.ID})
		if i%10_000 == 0 {
			_, _ = fmt.Fprintf(progress, "\r%d people", i) // nobody may be watching
		}
		if errors.Is(err, store.ErrDuplicate) {
			return errors.New("this database holds invented people already; begin with an empty data directory")
		}
		if err != nil {
			return fmt.Errorf("person %d: %w", i, err)
		}
	}
	return nil
}

// prepare finds the main tenant and the automatic groups of all roles in it, and creates those that are missing.
func (s *seeding) prepare(ctx context.Context, tx *store.Tx) error {
	tenant, err := tx.MainTenant(ctx)
	if err != nil {
		return err
	}
	s.tenant = tenant.ID
	for _, role := range permission.Roles() {
		if role == permission.GlobalAdmin {
			continue // they are in no group
		}
		covers := []int64{tenant.ID}
		if role.Global() {
			covers = nil
		}
		key := int64(0)
		if len(covers) > 0 {
			key = tenant.ID
		}
		group, err := tx.AutomaticGroup(ctx, role, key)
		if errors.Is(err, store.ErrNotFound) {
			group = store.Group{Name: role.GroupName(), Role: role, Automatic: true, AllTenants: role.Global(), CreatedAt: s.asOf}
			err = tx.InsertGroup(ctx, &group, covers...)
		}
		if err != nil {
			return err
		}
		s.groups[role] = group.ID
	}
	return nil
}

func (s *seeding) addPerson(ctx context.Context, tx *store.Tx, p *invented) error {
	if err := tx.InsertUser(ctx, &p.user); err != nil {
		return err
	}
	if group := s.groups[p.user.Role]; group != 0 && p.user.JoinedAt != 0 { // by link they join when they sign up
		if _, err := tx.AddMember(ctx, group, p.user.ID); err != nil {
			return err
		}
	}
	if p.user.Status() == store.Invited {
		if err := s.invite(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// addEntries adds the activity entries of all people in the order of their moments, as a log has them.
func (s *seeding) addEntries(ctx context.Context, db *store.DB) error {
	slices.SortFunc(s.added, func(a, b added) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	for some := range slices.Chunk(s.added, peoplePerTransaction) {
		err := db.Load(ctx, func(tx *store.Tx) error {
			for _, one := range some {
				p := invent(one.number, s.asOf)
				p.user.ID = one.id
				if err := s.addEntry(ctx, tx, &p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) addEntry(ctx context.Context, tx *store.Tx, p *invented) error {
	action := "add user"
	if p.byLink {
		action = "issue invitation link"
	}
	changes, err := json.Marshal(map[string][2]string{"email": {"", p.user.Email}, "role": {"", p.user.Role.Label()}})
	if err != nil {
		return err
	}
	return tx.InsertEntry(ctx, s.mac, &store.Entry{At: p.user.CreatedAt, ActorID: s.inviter.ID,
		Actor:  s.inviter.Name() + " <" + s.inviter.Email + ">",
		Source: "CLI", Action: action, ObjectType: "user", ObjectID: p.user.ID, Object: p.user.DisplayName() + " <" + p.user.Email + ">",
		Outcome: "done", Changes: string(changes)})
}

// invite adds the invitation of a person with its link, whose token nobody knows, and the mail that was sent.
func (s *seeding) invite(ctx context.Context, tx *store.Tx, p *invented) error {
	invitation := store.Invitation{UserID: p.user.ID, ByLink: p.byLink, InviterID: s.inviter.ID,
		InviterName: s.inviter.Name(), InviterEmail: s.inviter.Email,
		Duration: p.linkLasts, ExpiresAt: p.user.CreatedAt.Add(p.linkLasts), CreatedAt: p.user.CreatedAt}
	if p.byLink && !p.user.Role.Global() {
		invitation.TenantID = s.tenant
	}
	if !p.byLink {
		mail, err := s.mail(ctx, tx, p, invitation)
		if err != nil {
			return err
		}
		invitation.MailDeliveryID = mail
	}
	if err := tx.InsertInvitation(ctx, &invitation); err != nil {
		return err
	}
	return tx.InsertSignupLink(ctx, p.linkHash, invitation.ID, invitation.ExpiresAt, 0)
}

// mail adds an invitation mail that ended in the same transaction, so that no worker ever sees it waiting.
func (s *seeding) mail(ctx context.Context, tx *store.Tx, p *invented, invitation store.Invitation) (int64, error) {
	params, err := json.Marshal(notify.Invitation{Company: s.company, Name: p.user.Name(), Email: p.user.Email, Role: p.user.Role.Label(),
		InviterName: invitation.InviterName, InviterEmail: invitation.InviterEmail, ExpiresAt: int64(invitation.ExpiresAt)})
	if err != nil {
		return 0, err
	}
	d := store.Delivery{UUID: p.mailUUID, Target: notify.Target(notify.KindEmail, 0), Kind: notify.KindEmail, Recipient: p.user.Email,
		Template: notify.TemplateInvitation, Params: params, UserID: p.user.ID, CreatedAt: p.user.CreatedAt}
	if err := tx.InsertDelivery(ctx, &d); err != nil {
		return 0, err
	}
	d.State, d.EndedAt = store.Delivered, d.CreatedAt
	if p.mailFailed {
		d.State, d.Error = store.Failed, "550 5.1.1 no such mailbox"
	}
	return d.ID, tx.SaveAttempt(ctx, d, store.Attempt{})
}
