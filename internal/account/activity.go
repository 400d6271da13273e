package account

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"console/internal/permission"
	"console/store"
)

// The outcomes an activity entry can have.
const (
	Done    = "done"
	Failed  = "failed"
	Refused = "refused"
)

// changes are what an activity entry says of fields: previous and new.
type changes = map[string][2]string

// object is what an activity entry is about: its type, id and name, and those of its fields whose changes the entry
// shows, in words. Of secrets it shows that they were changed, and nothing else.
type object struct {
	kind    string
	id      int64
	name    string
	fields  map[string]string
	secrets map[string]string
	allowed permission.Set // what a group gives; entries name what was added and removed
}

// differences are the fields that differ between two states of an object. The zero object is before what is created, and
// after what is deleted.
func differences(before, after object) changes {
	differ := changes{}
	for _, fields := range []map[string]string{before.fields, after.fields} {
		for field := range fields {
			if before.fields[field] != after.fields[field] {
				differ[field] = [2]string{before.fields[field], after.fields[field]}
			}
		}
	}
	for _, secrets := range []map[string]string{before.secrets, after.secrets} {
		for field := range secrets {
			if before.secrets[field] != after.secrets[field] {
				differ[field] = [2]string{isSet(before.secrets[field], "set"), isSet(after.secrets[field], "changed")}
			}
		}
	}
	if added := after.allowed.Minus(before.allowed); !added.Empty() {
		differ["permissions added"] = [2]string{"", permissionWords(added)}
	}
	if removed := before.allowed.Minus(after.allowed); !removed.Empty() {
		differ["permissions removed"] = [2]string{permissionWords(removed), ""}
	}
	return differ
}

// isSet is what an entry says of a secret.
func isSet(secret, words string) string {
	if secret == "" {
		return ""
	}
	return words
}

// permissionWords are the permissions of a set in words, by resource.
func permissionWords(set permission.Set) string {
	var words []string
	for p := range set.All() {
		words = append(words, p.Label())
	}
	return strings.Join(words, ", ")
}

// yesOrNo is a setting that is on or off, in words.
func yesOrNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// lasting is a time that a setting says, in words: 30 minutes, 12 hours, 7 days.
func lasting(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	switch {
	case d%day == 0 && d > day:
		n, unit = int(d/day), "day"
	case d%time.Hour == 0:
		n, unit = int(d/time.Hour), "hour"
	}
	return counted(n, unit)
}

// counted is a number of things, in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// moment is a point in time as an entry says it, in UTC as its own time.
func moment(at store.Millis) string { return at.Time().UTC().Format("2006-01-02 15:04 UTC") }

func userObject(u store.User) object {
	return object{kind: objectUser, id: u.ID, name: person(u), fields: map[string]string{
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

// with adds a field to an object.
func (o object) with(field, value string) object {
	o.fields = maps.Clone(o.fields)
	if o.fields == nil {
		o.fields = map[string]string{}
	}
	o.fields[field] = value
	return o
}

// recordChange writes the activity entry of a change, with the fields that differ. A creation has the zero object before.
// Where nothing differs nothing has happened, and there is no entry.
func (tx *Tx) recordChange(ctx context.Context, action action, before, after object) error {
	differ := differences(before, after)
	if len(differ) == 0 {
		return tx.requireForeground()
	}
	return tx.record(ctx, action, Done, after, differ)
}

// recordEnd writes the activity entry of a deletion, with what was there.
func (tx *Tx) recordEnd(ctx context.Context, action action, before object) error {
	return tx.record(ctx, action, Done, before, differences(before, object{}))
}

// requireForeground keeps a request that only reads from changing anything: every change comes by here.
func (tx *Tx) requireForeground() error {
	if tx.by.Background {
		return Refuse(Background)
	}
	return nil
}

// record writes an activity entry.
func (tx *Tx) record(ctx context.Context, action action, outcome string, about object, differ changes) error {
	if outcome == Done {
		if err := tx.requireForeground(); err != nil {
			return err
		}
	}
	encoded, err := json.Marshal(differ)
	if err != nil {
		return err
	}
	e := store.Entry{
		At: tx.now, ActorID: tx.by.UserID, Actor: tx.by.recorded(), Source: string(tx.by.Source), Address: tx.by.Address,
		RequestID: tx.by.RequestID,
		Action:    string(action), ObjectType: about.kind, ObjectID: about.id, Object: about.name, Outcome: outcome, Changes: string(encoded),
		UserAgent: tx.by.UserAgent, JobID: tx.by.job,
	}
	if err := tx.db.InsertEntry(ctx, tx.service.chain.MAC, &e); err != nil || outcome != Done {
		return err
	}
	return tx.tellSettings(ctx, e, differ)
}

// recorded is how an activity entry names the actor for good.
func (a Actor) recorded() string {
	if a.Name != "" {
		return fmt.Sprintf("%s <%s>", a.Name, a.Email)
	}
	return a.Email
}

// object is the actor as what an activity entry is about.
func (a Actor) object() object { return object{kind: objectUser, id: a.UserID, name: a.recorded()} }

// changesOf are the fields of an entry that were changed.
func changesOf(e store.Entry) changes {
	var differ changes
	if json.Unmarshal([]byte(e.Changes), &differ) != nil {
		return nil // of a version that wrote them otherwise: the page shows them as they are
	}
	return differ
}

// recordRefusals writes that somebody was refused, how often, and why.
func (tx *Tx) recordRefusals(ctx context.Context, r refused) error {
	differ := changes{"count": {"", fmt.Sprint(r.count)}}
	if r.needs != "" {
		differ["needs"] = [2]string{"", r.needs}
	}
	if r.why != "" {
		differ["reason"] = [2]string{"", r.why}
	}
	if r.by.Route != "" {
		differ["page"] = [2]string{"", r.by.Route}
	}
	return tx.record(ctx, r.action, Refused, r.about, differ)
}
