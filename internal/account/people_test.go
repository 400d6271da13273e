package account

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"console/internal/auth"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// newTestService returns a Service on an empty database.
func newTestService(t testing.TB) *Service {
	t.Helper()
	return replicasAt(t, storetest.Place(t), time.Now)[0]
}

// replicasAt returns Services on one database, with one key, as several processes have them: one for each clock.
func replicasAt(t testing.TB, place string, clocks ...func() time.Time) (replicas []*Service) {
	t.Helper()
	key, err := auth.LoadKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range clocks {
		db, err := store.Open(context.Background(), place)
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{DB: db, Key: key, Now: now, Wake: func() {}, Log: slog.New(slog.DiscardHandler)})
		t.Cleanup(func() {
			s.StopReading()
			db.Close()
		})
		replicas = append(replicas, s)
	}
	return replicas
}

// found creates an account with a Global Administrator in it, and returns who that is.
func found(t testing.TB, s *Service) Actor {
	t.Helper()
	by, err := transaction(context.Background(), s, Actor{Source: CLI}, func(tx *Tx) (Actor, error) {
		if err := tx.db.InsertAccount(
			ctx,
			store.Account{Name: "Company", Cloud: "EU", CreatedAt: 1, IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour},
		); err != nil {
			return Actor{}, err
		}
		main := store.Tenant{UUID: uuid.NewString(), Name: "Company", Main: true, CreatedAt: 1}
		if err := tx.db.InsertTenant(ctx, &main); err != nil {
			return Actor{}, err
		}
		user := store.User{
			UUID:         uuid.NewString(),
			Email:        "ga@example.com",
			EmailKey:     "ga@example.com",
			FirstName:    "Gwen",
			Role:         permission.GlobalAdmin,
			PasswordHash: "x",
			CreatedAt:    1,
			JoinedAt:     1,
			ActivatedAt:  1,
		}
		return actorOf(&user), tx.db.InsertUser(ctx, &user)
	})
	if err != nil {
		t.Fatal(err)
	}
	by.UserID = 1
	return by
}

// ctx is the context of tests that are in no hurry.
var ctx = context.Background()

// actorOf is a person as a job acts for them: no session is needed.
func actorOf(u *store.User) Actor {
	return Actor{UserID: u.ID, Name: u.Name(), Email: u.Email, Source: UI, job: 1}
}

// acceptFor signs an invited person up.
func (tx *Tx) acceptFor(ctx context.Context, user store.User) error {
	invitation, err := tx.db.InvitationOfUser(ctx, user.ID)
	if err != nil {
		return err
	}
	if user.DisabledAt != 0 || invitation.Expired(tx.now) {
		return Refuse(LinkExpired)
	}
	changed := user
	changed.FirstName, changed.PasswordHash = "Signed", "x"
	visitor := tx.as(Client{}.actor())
	_, err = visitor.accept(ctx, Signup{Company: "Company", User: user, Invitation: invitation}, changed, Client{})
	return err
}

// addPerson adds somebody to the user list, signs them up where their role signs in, and returns their id.
func addPerson(t testing.TB, s *Service, by Actor, email string, role permission.Role, tenant int64) int64 {
	t.Helper()
	user, err := s.AddUser(context.Background(), by, NewUser{Role: role, FirstName: "Pat", LastName: "Person", Email: email, TenantID: tenant})
	if err != nil {
		t.Fatal(err)
	}
	if !role.SignsIn() {
		return user.ID
	}
	_, err = transaction(context.Background(), s, Actor{}, func(tx *Tx) (struct{}, error) { return struct{}{}, tx.acceptFor(ctx, user) })
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}
