package account

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"console/store"
)

// exampleEntry is the entry of the example in docs/audit.md.
func exampleEntry() *store.Entry {
	return &store.Entry{
		ID: 4711, At: store.At(time.Date(2026, 11, 28, 9, 30, 15, 250e6, time.UTC)), ActorID: 1, Actor: "John Doe <johndoe@example.com>",
		Source: string(UI), Address: "192.0.2.17", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		RequestID: "01931c2a-7d1c-7c3e-9a53-3f0c1b7d5e21", Action: string(actDisableAccess), ObjectType: objectUser, ObjectID: 42,
		Object: "Ann Roe <ann@example.com>", Outcome: Done, Changes: `{"status":["active","disabled"]}`, JobID: 7,
		MAC: bytes.Repeat([]byte{0x5e, 0xa1}, 16),
	}
}

// TestTheDocumentedLineIsTheRealOne compares the example of docs/audit.md, which is broken into lines there, with the code.
func TestTheDocumentedLineIsTheRealOne(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(document), "\n## Lines of JSON\n")
	_, example, _ := strings.Cut(section, "```json\n")
	example, _, _ = strings.Cut(example, "```")
	var documented bytes.Buffer
	if err := json.Compact(&documented, []byte(example)); err != nil {
		t.Fatalf("the example is no JSON: %v", err)
	}
	line := newLineWriter("Wallarm", "0.2.0").append(nil, exampleEntry())
	if got := string(bytes.TrimSuffix(line, []byte("\n"))); got != documented.String() {
		var indented bytes.Buffer
		_ = json.Indent(&indented, line, "", "  ")
		t.Errorf("docs/audit.md should say\n%s", &indented)
	}
}

func TestEveryActionIsAnActivityOfItsClass(t *testing.T) {
	t.Parallel()
	for _, a := range Actions() {
		activity, known := ocsfTable[action(a.Name)]
		if !known {
			t.Errorf("%q has no activity: add it to ocsfTable", a.Name)
			continue
		}
		if activity.class.activities[activity.id] == "" && activity.id != ocsfOther {
			t.Errorf("%q: %s has no activity %d", a.Name, activity.class.name, activity.id)
		}
		if aboutUser := slices.Contains(a.Objects, objectUser); !aboutUser && activity.class != entityManagement {
			t.Errorf("%q is never about a user, as %s is", a.Name, activity.class.name)
		}
	}
	if len(ocsfTable) != len(Actions()) {
		t.Errorf("ocsfTable has %d actions, there are %d", len(ocsfTable), len(Actions()))
	}
}

// TestLinesAreJSONWhateverIsInThem writes texts that could end a line or a string.
func TestLinesAreJSONWhateverIsInThem(t *testing.T) {
	t.Parallel()
	w := newLineWriter("A \"B\"\n", "1\\2")
	odd := "a\"b\\c\nd\te\x00f\x7f \u2028 Łukasz 😀 \xff\xfe </script>"
	want := strings.ReplaceAll(odd, "\xff\xfe", "\ufffd\ufffd")
	for _, changes := range []string{"", "null", "{}", `{"role":["a","b"]}`, "{\n\"role\": [\"a\",\r\n\"b\"]}", "tampered\n", `{"a":`} {
		for _, kind := range []string{objectUser, objectGroup, "", "of a later version"} {
			for _, name := range []string{string(actChangeRole), string(actSignIn), string(actCreateGroup), string(actRefused), odd} {
				e := &store.Entry{ID: 1, Action: name, ObjectType: kind, ObjectID: 5, Object: odd, Actor: odd, Address: odd, UserAgent: odd,
					RequestID: odd, Source: odd, Outcome: odd, Changes: changes}
				line := w.append(nil, e)
				if n := bytes.IndexAny(line, "\r\n"); n != len(line)-1 {
					t.Fatalf("the line is broken at %d: %q", n, line)
				}
				var read struct {
					Metadata struct{ UID, EventCode string }
					Actor    struct{ User struct{ Name string } }
					Source   struct{ IP string } `json:"src_endpoint"`
					Unmapped struct {
						Object  string
						Changes any
					}
				}
				if err := json.Unmarshal(line, &read); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				if read.Metadata.UID != "1" || read.Actor.User.Name != want || read.Source.IP != want || read.Unmapped.Object != want {
					t.Fatalf("read back as %+v", read)
				}
				if _, text := read.Unmapped.Changes.(string); text != (changes != "" && !json.Valid([]byte(changes))) {
					t.Errorf("changes %q are %v", changes, read.Unmapped.Changes)
				}
			}
		}
	}
}

func TestPeopleInLinesHaveNamesAndAddresses(t *testing.T) {
	t.Parallel()
	for named, want := range map[string]string{
		"Ann Roe <ann@example.com>":    `{"uid":"5","name":"Ann Roe","email_addr":"ann@example.com"`,
		"ann@example.com":              `{"uid":"5","name":"ann@example.com","email_addr":"ann@example.com"`,
		"Ann <3 Roe <ann@example.com>": `{"uid":"5","name":"Ann <3 Roe","email_addr":"ann@example.com"`,
		"Ann":                          `{"uid":"5","name":"Ann"`,
		"":                             `{"uid":"5","name":""`,
	} {
		if got := string(appendPerson([]byte("{"), 5, named)); got != want {
			t.Errorf("%q is %s", named, got)
		}
	}
}

func TestChangesInOneLine(t *testing.T) {
	t.Parallel()
	for changes, want := range map[string]string{
		`{"role":["Analyst","Administrator"],"email":["","a@example.com"]}`: "email: a@example.com; role: Analyst → Administrator",
		`{"role":["Analyst",""]}`: "role: Analyst → ",
		"null":                    "", "tampered": "",
	} {
		if got := ChangesText(&store.Entry{Changes: changes}); got != want {
			t.Errorf("%s is %q", changes, got)
		}
	}
}

// FuzzLine: whatever stands in an entry, it becomes one line of JSON that says the same.
func FuzzLine(f *testing.F) {
	for _, entry := range [][2]string{
		{"Ann Roe <ann@example.com>", `{"status":["active","disabled"]}`}, {"a\"b\\c\nd\x00 \u2028\xff", "{\n\"role\": [\"a\",\r\n\"b\"]}"},
		{"<@>", "tampered\n"}, {" <@", `{"a":`}, {"", "null"}, {"\ufffd", "[1e400]"},
	} {
		f.Add(entry[0], entry[1], string(actChangeRole))
	}
	w := newLineWriter("Wallarm", "1")
	f.Fuzz(func(t *testing.T, object, changes, name string) {
		line := w.append(nil, &store.Entry{ID: 1, Action: name, ObjectType: objectUser, ObjectID: 5, Object: object, Actor: object, Changes: changes})
		if at := bytes.IndexAny(line, "\r\n"); at != len(line)-1 {
			t.Errorf("%q is broken at %d", line, at)
		}
		var read struct {
			Unmapped struct{ Object, Action string }
		}
		if err := json.Unmarshal(line, &read); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if want := legible(object); read.Unmapped.Object != want || read.Unmapped.Action != legible(name) {
			t.Errorf("%q is read as %+v", object, read)
		}
	})
}

// legible is a text with a sign in the place of each byte that cannot be read.
func legible(text string) string { return string([]rune(text)) }
