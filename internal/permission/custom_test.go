package permission

import (
	"strings"
	"testing"
)

// TestCustomOffersWhatHasAnEffect holds the table of sets of one's own to its rule: changing users, groups, general
// settings and tenants takes a role, and nobody changes the activity log.
func TestCustomOffersWhatHasAnEffect(t *testing.T) {
	t.Parallel()
	refused := map[string]bool{}
	for p := range everything().All() {
		if !p.Custom() {
			refused[p.String()] = true
		}
	}
	for _, key := range strings.Fields(`users.update users.create users.delete users.export groups.update groups.create groups.delete
		general.update general.create general.delete activity.update activity.create activity.delete tenants.update tenants.create tenants.delete`) {
		if !refused[key] {
			t.Errorf("%s can be in a set of one's own", key)
		}
		delete(refused, key)
	}
	if len(refused) > 0 {
		t.Errorf("refused besides: %v", refused)
	}
	if (Permission{Groups, Export}).Custom() {
		t.Error("what does not exist can be in a set of one's own")
	}
}

func TestKeepingHoldsWhatIsOfferedNoMore(t *testing.T) {
	t.Parallel()
	before := ParseSet("users.view users.update activity.view activity.update activity.export rules.view rules.update")
	for set, want := range map[string]string{
		"":                         "",
		"rules.view":               "rules.view", // what is offered is as ticked
		"activity.view":            "activity.view activity.update",
		"users.view activity.view": "users.view users.update activity.view activity.update",
		"activity.export":          "activity.export", // without View nothing has an effect
	} {
		if got := ParseSet(set).Keeping(before).String(); got != want {
			t.Errorf("%q keeps %q, want %q", set, got, want)
		}
	}
	if got := ParseSet("users.view").Keeping(Set{}).String(); got != "users.view" {
		t.Errorf("%q came from nowhere", got)
	}
}

func TestParseSetReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	sets := []Set{{}, everything(), Set{}.With(rulesUpdate)}
	for _, role := range Roles() {
		sets = append(sets, role.Set())
	}
	for _, set := range sets {
		if got := ParseSet(set.String()); got != set {
			t.Errorf("%q reads back as %q", set, got)
		}
	}
	if got := (Set{}.With(rulesUpdate, rulesView)).String(); got != "rules.view rules.update" {
		t.Errorf("written as %q", got)
	}
	for keys, want := range map[string]Set{
		"":                                    {},
		"rules.view":                          Set{}.With(rulesView),
		"  rules.update\n rules.view  ":       Set{}.With(rulesView, rulesUpdate),
		"rules.view rules.view":               Set{}.With(rulesView),
		"rules.export groups.export":          {}, // do not exist
		"gone.view rules.view Rules.update .": Set{}.With(rulesView),
		"rules.view,rules.update":             {},
	} {
		if got := ParseSet(keys); got != want {
			t.Errorf("%q reads as %q", keys, got)
		}
	}
}

func TestBlindFindsWhatHasNoEffect(t *testing.T) {
	t.Parallel()
	for _, set := range []Set{{}, Set{}.With(rulesView), Set{}.With(rulesView, rulesUpdate), Admin.Set(), everything()} {
		if p, blind := set.Blind(); blind {
			t.Errorf("%q: %s is blind", set, p)
		}
	}
	nodesCreate := Permission{Nodes, Create}
	for _, c := range []struct {
		set  Set
		want Permission
	}{
		{Set{}.With(rulesUpdate), rulesUpdate},
		{Set{}.With(nodesCreate, rulesUpdate), rulesUpdate}, // the first in table order
		{Set{}.With(rulesView, nodesCreate), nodesCreate},   // View of another resource does not help
		{Set{}.With(Permission{IPLists, Export}), Permission{IPLists, Export}},
		{Deploy.Set(), nodesCreate},
	} {
		if p, blind := c.set.Blind(); !blind || p != c.want {
			t.Errorf("%q: %s, %v; want %s", c.set, p, blind, c.want)
		}
	}
}

func TestLen(t *testing.T) {
	t.Parallel()
	if n := (Set{}).Len(); n != 0 {
		t.Errorf("the empty set holds %d", n)
	}
	if n := everything().Len(); n != 24*4+4 {
		t.Errorf("there are %d permissions", n)
	}
}

// FuzzParseSet: whatever stands in the place of keys, the set that is read of it is written as keys that exist, each once and in the order
// of the table, and holds what Parse finds, no more.
func FuzzParseSet(f *testing.F) {
	for _, keys := range []string{"", "rules.view", "rules.update  rules.view\nrules.view", "users.fly", "RULES.VIEW", "rules.view,users.view", "users.\xff", "x\u2003rules.view"} {
		f.Add(keys)
	}
	f.Fuzz(func(t *testing.T, keys string) {
		set := ParseSet(keys)
		if again := ParseSet(set.String()); again != set || again.String() != set.String() {
			t.Errorf("%q is read as %q, and that as %q", keys, set, again)
		}
		var found Set
		for key := range strings.FieldsSeq(keys) {
			if p, known := Parse(key); known {
				if !p.Exists() || p.String() != key {
					t.Errorf("%q is read as %s", key, p)
				}
				found = found.With(p)
			}
		}
		if found != set {
			t.Errorf("%q is read as %q as a whole, and as %q one by one", keys, set, found)
		}
		if kept := set.Keeping(everything()); !kept.Contains(set) {
			t.Errorf("%q keeps %q of everything", set, kept)
		}
	})
}
