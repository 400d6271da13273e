package account

import (
	"os"
	"strings"
	"testing"

	"console/store"
)

// actionLines are the table of actions in docs/audit.md.
func actionLines() string {
	var b strings.Builder
	b.WriteString("| action | what it says | about |\n| --- | --- | --- |\n")
	for _, a := range Actions() {
		e := store.Entry{Action: a.Name, Outcome: Done, ActorID: 1, Actor: "John Doe", ObjectType: a.Objects[0], ObjectID: 2, Object: "…",
			Source: string(UI)}
		if action(a.Name) == actRefused {
			e.Outcome, e.Object = Refused, ""
		}
		b.WriteString("| `" + a.Name + "` | " + SentenceText(e) + " | " + strings.Join(a.Objects, ", ") + " |\n")
	}
	return b.String()
}

const (
	actionsBegin = "<!-- the actions: UPDATE_DOCS=1 go test ./internal/account -run TestActionsStandInTheDocuments -->\n"
	actionsEnd   = "<!-- end of the actions -->"
)

// The table is made from the code: with UPDATE_DOCS=1 this writes it.
func TestActionsStandInTheDocuments(t *testing.T) {
	const path = "../../docs/audit.md"
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(document), actionsBegin)
	table, after, ends := strings.Cut(rest, actionsEnd)
	if !begins || !ends {
		t.Fatal("docs/audit.md has no place for the actions")
	}
	if table == actionLines() {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Errorf("docs/audit.md lists other actions than the code has: UPDATE_DOCS=1 go test ./internal/account -run %s", t.Name())
		return
	}
	if err := os.WriteFile(path, []byte(before+actionsBegin+actionLines()+actionsEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
