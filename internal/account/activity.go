package account

import (
	"context"
	"encoding/json"
	"fmt"

	"console/store"
)

// The outcomes an activity entry can have.
const (
	Done    = "done"
	Failed  = "failed"
	Refused = "refused"
)

// object is what an activity entry is about: its type, id and name, and those of its fields whose changes the entry
// shows. Secrets are no fields.
type object struct {
	kind   string
	id     int64
	name   string
	fields map[string]string
}

func userObject(u store.User) object {
	return object{"user", u.ID, person(u), map[string]string{
		"email": u.Email, "first name": u.FirstName, "last name": u.LastName, "role": u.Role.Label(), "status": string(u.Status()),
	}}
}

// person is how an activity entry names somebody for good.
func person(u store.User) string {
	if name := u.Name(); name != "" {
		return fmt.Sprintf("%s <%s>", name, u.Email)
	}
	return u.Email
}

// recordChange writes the activity entry of a change, with the fields that differ. A creation has the zero object before.
func (tx *Tx) recordChange(ctx context.Context, action action, before, after object) error {
	changes := map[string][2]string{}
	for field, value := range after.fields {
		if before.fields[field] != value {
			changes[field] = [2]string{before.fields[field], value}
		}
	}
	return tx.record(ctx, action, Done, after, changes)
}

// record writes an activity entry. Every change has one: so this is where a request that only reads is kept from
// changing anything.
func (tx *Tx) record(ctx context.Context, action action, outcome string, about object, changes map[string][2]string) error {
	if tx.by.Background && outcome == Done {
		return Refuse(Background)
	}
	encoded, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	return tx.db.InsertEntry(ctx, &store.Entry{
		At: tx.now, ActorID: tx.by.UserID, Actor: tx.by.recorded(), Source: string(tx.by.Source), Address: tx.by.Address,
		RequestID: tx.by.RequestID,
		Action:    string(action), ObjectType: about.kind, ObjectID: about.id, Object: about.name, Outcome: outcome, Changes: string(encoded),
		UserAgent: tx.by.UserAgent, JobID: tx.by.job,
	})
}

// recorded is how an activity entry names the actor for good.
func (a Actor) recorded() string {
	if a.Name != "" {
		return fmt.Sprintf("%s <%s>", a.Name, a.Email)
	}
	return a.Email
}

// object is the actor as what an activity entry is about.
func (a Actor) object() object { return object{kind: "user", id: a.UserID, name: a.recorded()} }

// changesOf are the fields of an entry that were changed: previous and new.
func changesOf(e store.Entry) map[string][2]string {
	var changes map[string][2]string
	if json.Unmarshal([]byte(e.Changes), &changes) != nil {
		return nil // of a version that wrote them otherwise: the page shows them as they are
	}
	return changes
}

// recordRefusals writes that somebody was refused, and how often.
func (tx *Tx) recordRefusals(ctx context.Context, r refused) error {
	changes := map[string][2]string{"count": {"", fmt.Sprint(r.count)}}
	if r.needs != "" {
		changes["needs"] = [2]string{"", r.needs}
	}
	return tx.record(ctx, r.action, Refused, r.about, changes)
}
