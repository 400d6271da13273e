package input

import (
	"strings"
	"testing"
)

func TestAddressesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"\xff@example.com", "ann\xc3@example.com", "ann@exa\xffmple.com"} {
		if email, _, reason := ParseEmail(typed); !strings.Contains(reason, "cannot be read") {
			t.Errorf("%q is stored as %q: %q", typed, email, reason)
		}
	}
	if _, reason := ParseAddresses("ann@example.com\n\xff@example.com"); reason == "" {
		t.Error("a list takes it")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" Ann@Bücher.EXAMPLE ":                  "Ann@xn--bcher-kva.example",
		"o'brien+x@example.com":                 "o'brien+x@example.com",
		"jörg@example.com":                      "jörg@example.com",
		"":                                      "",
		"ann":                                   "",
		"@example.com":                          "",
		"ann@":                                  "",
		"ann@example.com.":                      "",
		"ann..b@example.com":                    "",
		".ann@example.com":                      "",
		"ann.@example.com":                      "",
		"ann b@example.com":                     "",
		"<ann@example.com>":                     "",
		strings.Repeat("a", 64) + "@b.co":       strings.Repeat("a", 64) + "@b.co",
		strings.Repeat("a", 65) + "@b.co":       "",
		"a@" + strings.Repeat("b.", 126) + "co": "",
	} {
		email, key, reason := ParseEmail(typed)
		if email != want || (reason == "") != (want != "") || (key == "") != (want == "") {
			t.Errorf("%q is stored as %q, compared as %q, %q", typed, email, key, reason)
		}
		if again, _, reason := ParseEmail(email); want != "" && (again != email || reason != "") {
			t.Errorf("%q becomes %q the second time: %q", email, again, reason)
		}
	}
	if EmailKey("JÖRG@Example.com") != EmailKey("jörg@example.com") || EmailKey("jörg@example.com") == EmailKey("jorg@example.com") {
		t.Error("case decides about addresses, or a mark does not")
	}
	if key := EmailKey("no address"); key != "" {
		t.Errorf("no address is compared as %q", key)
	}
}

func TestListsOfAddresses(t *testing.T) {
	t.Parallel()
	list, reason := ParseAddresses("b@example.com, a@EXAMPLE.com;\r\nB@example.com")
	if list != "b@example.com\na@example.com" || reason != "" {
		t.Errorf("%q, %q", list, reason)
	}
	many := strings.Repeat("x", MaxAddresses)
	for n := range many {
		many = strings.Replace(many, "x", strings.Repeat("a", n+1)+"@b.co ", 1)
	}
	if _, reason := ParseAddresses(many); reason != "" {
		t.Errorf("%d: %s", MaxAddresses, reason)
	}
	for _, typed := range []string{"", " ,; ", many + "one@more.co", "a@b.co ann"} {
		if _, reason := ParseAddresses(typed); reason == "" {
			t.Errorf("%q is accepted", typed)
		}
	}
}

func TestNamesAndTitles(t *testing.T) {
	t.Parallel()
	refused := map[string]string{}
	first, last := ParseNames(" Ann\u0301a ", strings.Repeat("x", MaxName-5), refused)
	if first != "Anńa" || len(last) != MaxName-5 || len(refused) > 0 {
		t.Errorf("%q %q: %v", first, last, refused)
	}
	if ParseNames("Anna", strings.Repeat("x", MaxName-4), refused); refused["first_name"] == "" {
		t.Error("a name of 256 characters is accepted")
	}
	for typed, accepted := range map[string]bool{
		"": false, " Support ": true, "two\nlines": false, "a\u2028b": false, "a\u202eb": false, "\xff": false, "שלום": true,
		strings.Repeat("ж", MaxTitle): true, strings.Repeat("ж", MaxTitle+1): false,
	} {
		refused := map[string]string{}
		if ParseTitle(typed, "name", "a name", refused); (refused["name"] == "") != accepted {
			t.Errorf("%q: %v", typed, refused)
		}
	}
	for typed, accepted := range map[string]bool{"": true, "+49 (30) 123-45": true, "call me": false, strings.Repeat("1", MaxPhone+1): false} {
		if (RefusePhone(typed) == "") != accepted {
			t.Errorf("telephone number %q: %q", typed, RefusePhone(typed))
		}
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	words := []string{"ann.o-neill@example.com", "Zoë Müller-Lüdenscheidt", ""}
	for typed, accepted := range map[string]bool{
		"":                              false,
		"short":                         false,
		"correct horse battery":         true,
		"PassWord1234":                  false, // common
		"zoe muller ludenscheidt 2026!": false,
		"Ann_ONeill@Example.com":        false,
		"............":                  true,
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff": false,
		strings.Repeat("ж ", MaxPassword/2):                true,
		strings.Repeat("ж ", MaxPassword/2) + "!":          false,
	} {
		if reason := RefusePassword(typed, 12, words...); (reason == "") != accepted {
			t.Errorf("%q: %q", typed, reason)
		}
	}
}
