package input

import (
	"strings"
	"testing"
)

// domainOf returns a domain of n characters.
func domainOf(n int) string {
	const labels = "a." // any number of these fits between the dots
	domain := strings.Repeat(labels, n/len(labels)-1)
	return domain + strings.Repeat("b", n-len(domain))
}

// What is as long as it may be is taken, what is longer by one character is refused with words that say the limit.
func TestLengths(t *testing.T) {
	t.Parallel()
	title := func(text string) string {
		refused := map[string]string{}
		ParseTitle(text, "name", "a name", refused)
		return refused["name"]
	}
	names := func(text string) string {
		refused := map[string]string{}
		ParseNames(text, "Lee", refused)
		return refused["first_name"]
	}
	email := func(text string) string { _, _, refusal := ParseEmail(text); return refusal }
	addresses := func(text string) string { _, refusal := ParseAddresses(text); return refusal }
	for _, c := range []struct {
		what          string
		refusal       func(string) string
		longest, says string // says: what the refusal says of a longer one
		longer        string
	}{
		{"address", email, "x@" + domainOf(MaxEmail-2), "254 characters", "xx@" + domainOf(MaxEmail-2)},
		{"address that the mapping makes longer", email, "x@" + domainOf(238) + ".bücher", "254 characters", "xx@" + domainOf(238) + ".bücher"},
		{"local part", email, strings.Repeat("x", 64) + "@example.com", "like name@example.com", strings.Repeat("x", 65) + "@example.com"},
		{"domain", func(text string) string { _, refusal := ParseDomain(text); return refusal }, domainOf(MaxDomain), "at most 253 characters",
			domainOf(MaxDomain + 1)},
		{"label", email, "x@" + strings.Repeat("b", 63) + ".com", "63 characters", "x@" + strings.Repeat("b", 64) + ".com"},
		{"title", title, strings.Repeat("ж", MaxTitle), "255 characters", strings.Repeat("ж", MaxTitle+1)},
		{"names", names, strings.Repeat("ж", MaxName-4), "255 characters", strings.Repeat("ж", MaxName-3)},
		{"phone", RefusePhone, strings.Repeat("1", MaxPhone), "40 characters", strings.Repeat("1", MaxPhone+1)},
		{"list", addresses, manyAddresses(MaxAddresses), "between 1 and 50", manyAddresses(MaxAddresses + 1)},
		{"password", func(text string) string { return RefusePassword(text, 12) }, strings.Repeat("ж", MaxPassword), "256 characters",
			strings.Repeat("ж", MaxPassword+1)},
		{"short password", func(text string) string { return RefusePassword(text, 12) }, "ж hat elf x x", "at least 12", "ж hat elf x"},
	} {
		if refusal := c.refusal(c.longest); refusal != "" {
			t.Errorf("%s: refused with %q", c.what, refusal)
		}
		if refusal := c.refusal(c.longer); !strings.Contains(refusal, c.says) {
			t.Errorf("%s: one more is refused with %q", c.what, refusal)
		}
	}
}

func manyAddresses(n int) string {
	var list strings.Builder
	for i := range n {
		list.WriteString(strings.Repeat("x", i+1) + "@example.com\n")
	}
	return list.String()
}

func TestStoredEmail(t *testing.T) {
	t.Parallel()
	for typed, known := range map[string]bool{
		"a@example.com": true, "@example.com": false, "example.com": false, "a@": false, "\xff@example.com": false, ".a@example.com": false,
		"a@example\x80.com": false, "x@" + domainOf(MaxEmail-2): true, "xx@" + domainOf(MaxEmail-2): false, "x@" + domainOf(MaxDomain): false,
		"x@" + domainOf(238) + ".bücher": true, "xx@" + domainOf(238) + ".bücher": false, "a@xn--a.com": false,
	} {
		email, key := StoredEmail(typed)
		if (email != "") != known || (key != "") != known {
			t.Errorf("%q is stored as %q, compared as %q", typed, email, key)
		}
	}
}

// Each fault of an address has words of its own.
func TestRefusalsNameTheFault(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "Enter an email address.", "\xff@example.com": garbled, "x": malformedEmail, "@example.com": malformedEmail, "a@b@example.com": "@",
		"x@a..b": "A domain is written like example.com. Correct it.", "x@a.": "A domain is written like example.com. Correct it.",
		"x@" + strings.Repeat("a", 63) + "..b": "A domain is written like example.com. Correct it.",
		"x@-a.com":                             "A domain is written like example.com. Correct it.",
	} {
		if _, _, refusal := ParseEmail(typed); !strings.Contains(refusal, want) {
			t.Errorf("%q is refused with %q", typed, refusal)
		}
	}
	for password, want := range map[string]string{
		"": "Choose a password.", "\xff is not text, is it": garbled, "PassWord1234": "most common", "Zoë Müller 2026!": "easy to guess",
	} {
		if refusal := RefusePassword(password, 12, "", "zoe muller"); !strings.Contains(refusal, want) {
			t.Errorf("%q is refused with %q", password, refusal)
		}
	}
	for phone, want := range map[string]string{"": "", "+49 (30) 12-3./4": "", "12\n3": "Line breaks", "12a": "Use digits"} {
		if refusal := RefusePhone(phone); (want == "") != (refusal == "") || !strings.Contains(refusal, want) {
			t.Errorf("%q is refused with %q", phone, refusal)
		}
	}
	for text, want := range map[string]string{"\x00a": "\uFFFDa", "a\xff": "a\uFFFD", "ä": "ä"} {
		if stored := Storable(text); stored != want {
			t.Errorf("%q is stored as %q", text, stored)
		}
	}
}
