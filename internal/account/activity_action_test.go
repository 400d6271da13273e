package account

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"console/store"
)

// sources are the files of this package, without its tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// Whoever writes an entry takes one of the constants, so that no action can be without words.
func TestEveryActionHasWords(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if kind, is := n.Type.(*ast.Ident); !is || kind.Name != "action" {
					return true
				}
				literal, is := n.Values[0].(*ast.BasicLit)
				if !is {
					return true // the store names it too: it is looked up below
				}
				name, err := strconv.Unquote(literal.Value)
				if a, known := actionTable[action(name)]; err != nil || !known || a.Title == "" || a.did == "" || a.to == "" {
					t.Errorf("%q has no words: add it to actionTable", name)
				}
			case *ast.CallExpr:
				if words, is := n.Fun.(*ast.Ident); is && (words.Name == "plain" || words.Name == "setting") {
					return true
				}
				for _, argument := range n.Args {
					literal, is := argument.(*ast.BasicLit)
					if is && literal.Kind == token.STRING && isAction(literal.Value) {
						t.Errorf("%s stands in place of the constant", literal.Value)
					}
				}
			}
			return true
		})
	}
	for _, a := range []action{store.LinkIssued, store.InvitationRead} {
		if words, known := actionTable[a]; !known || words.Title == "" || words.did == "" || words.to == "" {
			t.Errorf("%q has no words: add it to actionTable", a)
		}
	}
	titles := map[string]string{}
	for _, a := range Actions() {
		if other := titles[a.Title]; other != "" {
			t.Errorf("%q and %q have the same title", a.Name, other)
		}
		titles[a.Title] = a.Name
		for _, kind := range a.Objects {
			if ObjectTitle(kind) == kind {
				t.Errorf("%q is about %q, which is no type of object", a.Name, kind)
			}
		}
	}
}

// isAction says whether a literal is the name of an action of several words, which is nothing else.
func isAction(literal string) bool {
	name, err := strconv.Unquote(literal)
	_, known := actionTable[action(name)]
	return err == nil && known && strings.Contains(name, " ")
}

func TestSentences(t *testing.T) {
	t.Parallel()
	const john, ann = "John Doe <johndoe@example.com>", "Ann Roe <annroe@example.com>"
	for want, e := range map[string]store.Entry{
		"John Doe disabled access of Ann Roe": {Action: "disable access", Outcome: Done, ActorID: 1, Actor: john,
			ObjectType: "user", ObjectID: 2, Object: ann},
		"John Doe signed in":                           {Action: "sign in", Outcome: Done, ActorID: 1, Actor: john, ObjectType: "user", ObjectID: 1, Object: john},
		"Somebody tried to sign in as ann@example.com": {Action: "sign in", Outcome: Failed, Source: "UI", ObjectType: "user", Object: "ann@example.com"},
		"Somebody was refused when trying to sign in as ann@example.com, 12 times": {Action: "sign in", Outcome: Refused, Source: "UI",
			ObjectType: "user", Object: "ann@example.com", Changes: `{"count":["","12"]}`},
		"Somebody was refused when trying to sign in as somebody": {Action: "sign in", Outcome: Refused, Source: "UI",
			ObjectType: "user", Changes: `{"count":["","1"]}`},
		"John Doe gave a wrong second factor at sign-in": {Action: "sign in second factor", Outcome: Failed, ActorID: 1, Actor: john,
			ObjectType: "user", ObjectID: 1, Object: john},
		"John Doe was refused for want of the permission to update Users, in what concerns Ann Roe, 3 times": {Action: "refused",
			Outcome: Refused, ActorID: 1, Actor: john, ObjectType: "user", ObjectID: 2, Object: ann,
			Changes: `{"count":["","3"],"needs":["","users.update"]}`},
		"John Doe was refused for want of the permission to view Triggers": {Action: "refused", Outcome: Refused, ActorID: 1, Actor: john,
			Changes: `{"count":["","1"],"needs":["","triggers.view"]}`},
		"The command line ended what a restored copy of the data had brought back": {Action: "restore", Outcome: Done, Source: "CLI", ObjectType: "database"},
		"The system switched off the integration Chat, most of whose messages failed": {Action: "switch off integration", Outcome: Done,
			Source: "System", ObjectType: "integration", ObjectID: 1, Object: "Chat"},
		"The system removed the oldest entries":       {Action: "remove entries", Outcome: Done, Source: "System", ObjectType: "activity log"},
		"John Doe ended their other sessions":         {Action: "end sessions", Outcome: Done, ActorID: 1, Actor: john, ObjectType: "user", ObjectID: 1, Object: john},
		"John Doe did “polish brass” to the railing":  {Action: "polish brass", Outcome: Done, ActorID: 1, Actor: john, ObjectType: "thing", Object: "the railing"},
		"John Doe tested the trigger without a name":  {Action: "test trigger", Outcome: Done, ActorID: 1, Actor: john, ObjectType: "trigger"},
		"John Doe tried to test the integration Chat": {Action: "test integration", Outcome: Failed, ActorID: 1, Actor: john, ObjectType: "integration", Object: "Chat"},
		"John Doe gave a wrong password when asked for it again": {Action: "confirm password", Outcome: Failed, ActorID: 1, Actor: john,
			ObjectType: "user", ObjectID: 1, Object: john},
	} {
		if got := SentenceText(e); got != want {
			t.Errorf("the sentence is %q, not %q", got, want)
		}
	}
	parts := Sentence(store.Entry{Action: "disable access", Outcome: Done, ActorID: 1, Actor: john, ObjectType: "user", ObjectID: 2, Object: ann})
	if len(parts) != 3 || !parts[0].Actor || !parts[2].Object {
		t.Errorf("the parts are %+v", parts)
	}
}
