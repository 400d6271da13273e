package permission

import (
	"slices"
	"testing"
)

func TestEveryPermissionReadsBack(t *testing.T) {
	t.Parallel()
	n := 0
	for p := range everything().All() {
		n++
		if back, ok := Parse(p.String()); !ok || back != p {
			t.Errorf("Parse(%q) = %v, %v", p.String(), back, ok)
		}
	}
	if want := 24*4 + 4; n != want {
		t.Errorf("%d permissions exist, want %d", n, want)
	}
}

func TestParseRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", ".", "rules", "rules.", ".view", "rules.export", "Rules.view", "rules.view.", "rules.view ", "nothing.view", "rules.own"} {
		if p, ok := Parse(key); ok {
			t.Errorf("Parse(%q) = %v, want nothing", key, p)
		}
	}
	for _, p := range []Permission{{Rules, Export}, {Resource(len(resources)), View}, {Rules, Action(len(actions))}, {255, 255}} {
		if p.Exists() || everything().Has(p) || !(Set{}).With(p).Empty() {
			t.Errorf("%d.%d exists", p.Resource, p.Action)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	p := Permission{Rules, Update}
	if p.String() != "rules.update" || p.Label() != "update Rules" || Export.Label() != "Export" {
		t.Errorf("got %q, %q, %q", p.String(), p.Label(), Export.Label())
	}
	var console []string
	for _, r := range Resources() {
		if r.Console() {
			console = append(console, r.Label())
		}
	}
	want := []string{"Users", "Groups", "General settings", "Triggers", "Integrations", "API tokens", "Activity log", "Tenants"}
	if !slices.Equal(console, want) {
		t.Errorf("console resources %q, want %q", console, want)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	first, last := UsersView, Permission{Nodes, Delete}
	s := Set{}.With(last, first)
	if got := slices.Collect(s.All()); !slices.Equal(got, []Permission{first, last}) {
		t.Errorf("All() = %v, want table order", got)
	}
	for range s.All() {
		break // leaving the loop early must not panic
	}
	one := Set{}.With(first)
	if !s.Contains(one) || one.Contains(s) || !s.Contains(Set{}) || s.Minus(one) != (Set{}).With(last) || one.Union(s) != s {
		t.Error("set algebra is wrong")
	}
	if one.Has(last) || !s.Has(last) || one.Empty() || !(Set{}).Empty() {
		t.Error("membership is wrong")
	}
}
