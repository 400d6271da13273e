package account

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"console/internal/auth"
	"console/internal/fake"
	"console/store"
	"console/store/storetest"
)

// guessers are three processes on one database, whose clock stands still: no pause ends. They share a person with a password.
func guessers(t *testing.T) (replicas []*Service, person store.User) {
	t.Helper()
	clock := fake.NewClock(time.Now())
	replicas = replicasAt(t, storetest.Place(t), clock.Now, clock.Now, clock.Now)
	for _, s := range replicas {
		s.hasher = auth.NewHasher(Queue(2))
	}
	s := replicas[0]
	id := found(t, s).UserID
	if err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.SetPasswordHash(ctx, id, officeHash()) }); err != nil {
		t.Fatal(err)
	}
	person, err := s.db.UserByID(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return replicas, person
}

// guessingRounds is how often it is guessed: once, or as often as the variable says.
func guessingRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("GUESSING_ROUNDS")
	if text == "" {
		return 1
	}
	rounds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return rounds
}

const (
	guessesAtOnce = 60
	rightGuess    = guessesAtOnce * 3 / 4
)

// atOnce makes guesses at the same moment, in turn on each of the replicas, and counts what they were answered. The right one is sent once
// another was answered, so that it does not come first.
func atOnce(replicas []*Service, guess func(s *Service, password string) error) map[string]int {
	var mu sync.Mutex
	answers := map[string]int{}
	var all sync.WaitGroup
	answered := make(chan struct{})
	first := sync.OnceFunc(func() { close(answered) })
	for i := range guessesAtOnce {
		all.Go(func() {
			password := fmt.Sprintf("a wrong guess, number %d", i)
			if i == rightGuess {
				<-answered
				password = officePassword
			}
			answer := "let in"
			if err := guess(replicas[i%len(replicas)], password); err != nil {
				answer = err.Error()
				if r := AsRefusal(err); r != nil {
					answer = r.Title
				}
			}
			first()
			mu.Lock()
			defer mu.Unlock()
			answers[answer]++
		})
	}
	all.Wait()
	return answers
}

// However many processes look at passwords, five wrong ones are looked at before the pause, and the answer during the pause says nothing
// of the password. Entries tell in which order it was decided: the right one is let in only where fewer than five wrong ones came before.
func TestPG17_GuessesAreCountedOverAllProcesses(t *testing.T) {
	t.Parallel()
	replicas, person := guessers(t)
	for round := range guessingRounds(t) {
		from := Client{Address: fmt.Sprintf("192.0.2.%d", round+1)}
		last, err := replicas[0].db.LastEntry(ctx)
		if err != nil {
			t.Fatal(err)
		}
		answers := atOnce(replicas, func(s *Service, password string) error {
			_, err := s.SignIn(ctx, person.Email, password, from)
			return err
		})
		entries, err := replicas[0].db.EntriesAfter(ctx, last, 2*guessesAtOnce)
		if err != nil {
			t.Fatal(err)
		}
		wrong, letIn, inARow := 0, 0, 0
		for _, e := range entries {
			switch {
			case e.Action != string(actSignIn):
			case e.Outcome == Failed:
				wrong, inARow = wrong+1, inARow+1
			case e.Outcome == Done:
				letIn, inARow = letIn+1, 0
			}
			if inARow > accountPasswords.Number {
				t.Errorf("round %d: %d wrong passwords in a row were looked at", round, inARow)
			}
		}
		if inARow != accountPasswords.Number {
			t.Errorf("round %d: %d wrong passwords before the pause", round, inARow)
		}
		wrongSignIn, paused := Refuse(WrongSignIn).Title, Refuse(Throttled).Title
		if answers[wrongSignIn] != wrong || answers["let in"] != letIn || answers[paused] != guessesAtOnce-wrong-letIn {
			t.Errorf("round %d: %d wrong, %d let in, but the answers were %v", round, wrong, letIn, answers)
		}
		if _, err := replicas[1].SignIn(ctx, person.Email, officePassword, from); !RefusedBy(err, Throttled) {
			t.Errorf("round %d: the right password during the pause: %v", round, err)
		}
	}
}

// The sixth wrong password at a prompt ends the session, and nobody who was being looked at then learns more.
func TestPG17_PromptsAreCountedOverAllProcesses(t *testing.T) {
	t.Parallel()
	replicas, person := guessers(t)
	for round := range guessingRounds(t) {
		session := store.Session{TokenHash: fmt.Appendf(nil, "session %d", round), UserID: person.ID, FormKey: []byte{}, Data: []byte{},
			CreatedAt: store.At(replicas[0].now()), LastSeenAt: store.At(replicas[0].now())}
		if err := replicas[0].db.Update(ctx, func(tx *store.Tx) error { return tx.InsertSession(ctx, &session) }); err != nil {
			t.Fatal(err)
		}
		by := Actor{UserID: person.ID, Name: person.Name(), Email: person.Email, SessionID: session.ID, Source: UI}
		last, err := replicas[0].db.LastEntry(ctx)
		if err != nil {
			t.Fatal(err)
		}
		answers := atOnce(replicas, func(s *Service, password string) error {
			if err := s.confirmPassword(ctx, by, password); err != nil {
				return err
			}
			_, err := changeOwn(ctx, s, by, store.Finished, func(*Tx, store.Session) (struct{}, error) { return struct{}{}, nil })
			return err
		})
		entries, err := replicas[0].db.EntriesAfter(ctx, last, 2*guessesAtOnce)
		if err != nil {
			t.Fatal(err)
		}
		wrong, signedOut := Refuse(Invalid).Title, Refuse(SignedOut).Title
		if n := answers["let in"]; n > 1 || len(entries) < prompts.Number || len(entries) > prompts.Number+n*(prompts.Number-1) ||
			answers[wrong] != len(entries)-1 || answers[signedOut] != guessesAtOnce-n-answers[wrong] {
			t.Errorf("round %d: %d wrong passwords were looked at, and the answers were %v", round, len(entries), answers)
		}
	}
}
