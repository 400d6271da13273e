package input

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFC156_AddressesThatCannotExist(t *testing.T) {
	t.Parallel()
	for typed, named := range map[string]string{
		"“sq@example.com”":                          "“ is not part",
		"ann@example.com»":                          "» is not part",
		"ann@exa—mple.com":                          "— is not part",
		"o’brien@example.com":                       "’ is not part",
		"‚ann‘@example.com":                         "‚ is not part",
		"「ann@example.com":                          "「 is not part",
		"ann–b@example.com":                         "– is not part",
		"ann@exa™mple.com":                          "™ is not part",
		"ann@exa_mple.com":                          "_ is not part",
		"ann@[10.0.0.1]":                            "[ is not part",
		"ann@xn--exa-8g4amplezzz.com":               "domain",
		"ann@xn--ls8h.example":                      "💩 is not part", // written in ASCII it is the same domain
		"ann smith@example.com":                     "A space",
		"ann\u200bb@example.com":                    "U+200B",
		"ann\u3164@example.com":                     "U+3164",
		"ann@exa\u00admple.com":                     "U+00AD",
		"x@example..com":                            "domain",
		"x@.com":                                    "domain",
		"x@":                                        "domain",
		"x@" + strings.Repeat("a", 70) + ".com":     "63 characters",
		"x@" + strings.Repeat("ü", 60) + ".com":     "63 characters",
		"x@" + strings.Repeat("a.", 126) + "com":    "254 characters",
		"x@" + strings.Repeat("ü.", 40) + "example": "domain",
	} {
		email, key, refusal := ParseEmail(typed)
		if email != "" || key != "" || !strings.Contains(refusal, named) {
			t.Errorf("%q becomes %q, refused with %q", typed, email, refusal)
		}
		if _, refusal := ParseAddresses("bob@example.com\n" + typed); refusal == "" {
			t.Errorf("a list takes %q", typed)
		}
	}
	for typed, want := range map[string]string{
		"o'brien@example.com":                   "o'brien@example.com",
		"jörg@Bücher.example":                   "jörg@xn--bcher-kva.example",
		"a!#$%&'*+/=?^_`{|}~-b@example.com":     "a!#$%&'*+/=?^_`{|}~-b@example.com",
		"用户@例え。テスト":                             "用户@xn--r8jz45g.xn--zckzah",
		"ann@col·lecció.cat":                    "ann@xn--collecci-ioa91d.cat",
		"x@" + strings.Repeat("a", 63) + ".com": "x@" + strings.Repeat("a", 63) + ".com",
	} {
		if email, _, refusal := ParseEmail(typed); email != want {
			t.Errorf("%q becomes %q, refused with %q", typed, email, refusal)
		}
	}
}

// People whose address was accepted by an earlier version still sign in, and can still be found and deleted by it.
func TestFC156_AddressesOfEarlierVersionsAreKnown(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"O’Brien@example.com": "o’brien@example.com", "no address": "", "a b@c.de": ""} {
		if key := EmailKey(typed); key != want || want != "" && EmailKey(key) != want {
			t.Errorf("%q has the key %q", typed, key)
		}
	}
	email, key := StoredEmail("“Sq@example.com”") // the second quotation mark went into the domain
	if !strings.HasPrefix(email, "“Sq@example.xn--com") || EmailKey(email) != key || EmailKey("“sq@EXAMPLE.com”") != key {
		t.Errorf("%q, %q", email, key)
	}
}

func TestFC157_WhatClingsToAnAddressIsDropped(t *testing.T) {
	t.Parallel()
	for _, around := range []string{"\u00a0", "\u200b", "\u200c\u200d", "\u2060", "\ufeff", "\u202f", "\u3000\u200b ", "\t\r\n"} {
		if email, _, refusal := ParseEmail(around + "ann@example.com" + around); email != "ann@example.com" {
			t.Errorf("%q around an address: %q", around, refusal)
		}
		if EmailKey(around+"Ann@example.com"+around) != "ann@example.com" {
			t.Errorf("%q around an address is part of its key", around)
		}
		if list, refusal := ParseAddresses("a@b.co," + around + "c@d.co" + around + ";e@f.co"); list != "a@b.co\nc@d.co\ne@f.co" {
			t.Errorf("%q in a list: %q, %q", around, list, refusal)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, typed := range []string{
		"ann@example.com", " Ann@Bücher.EXAMPLE ", "“sq@example.com”", "\u200bann@例え。テスト", "a@b@c", "x@example..com", "x@xn--ls8h.example",
		"x@xn--a.com", "ſ@K.com", "a@ß.de", "\xff@x", "a@\u200c.com", "x@" + strings.Repeat("ü", 60) + ".com",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		email, key, refusal := ParseEmail(typed)
		if (email == "") != (refusal != "") || (key == "") != (refusal != "") || !utf8.ValidString(refusal) {
			t.Fatalf("%q becomes %q, compared as %q, refused with %q", typed, email, key, refusal)
		}
		if refusal != "" {
			return
		}
		if again, same, refusal := ParseEmail(email); again != email || same != key {
			t.Errorf("%q becomes %q, and that %q (%s)", typed, email, again, refusal)
		}
		if stored, same := StoredEmail(typed); stored != email || same != key || EmailKey(email) != key {
			t.Errorf("%q is stored as %q and known as %q", typed, email, stored)
		}
		at := strings.LastIndexByte(email, '@')
		for _, label := range strings.Split(email[at+1:], ".") {
			if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool { return r > '~' || r <= ' ' }) {
				t.Errorf("%q becomes %q", typed, email)
			}
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, typed := range []string{"a@b.co", "a@b.co, c@d.co;\r\nA@B.co", " ,; ", "a@b.co\u00a0“c@d.co”"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		list, refusal := ParseAddresses(typed)
		if refusal != "" {
			return
		}
		if again, refusal := ParseAddresses(list); again != list || refusal != "" || strings.Count(list, "\n") >= MaxAddresses {
			t.Errorf("%q becomes %q, and that %q (%s)", typed, list, again, refusal)
		}
	})
}

// FuzzDomain: whatever is typed as a domain, it is refused, or becomes a name of ASCII that stays what it is.
func FuzzDomain(f *testing.F) {
	for _, typed := range []string{
		"example.com", "Bücher.EXAMPLE", "例え。テスト", "xn--bcher-kva.example", "xn--a.com", "a..b", "a.", ".", "-a.com", "a-.com", "ab--c.com",
		"127.0.0.1", "ﬁ.com", "ß.de", "a\u200d.com", "col·lecció.cat", "\xff", strings.Repeat("ü", 60) + ".com",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		ascii, refusal := ParseDomain(typed)
		if (ascii == "") != (refusal != "") || !utf8.ValidString(refusal) {
			t.Fatalf("%q becomes %q, refused with %q", typed, ascii, refusal)
		}
		if refusal != "" {
			return
		}
		if again, refusal := ParseDomain(ascii); again != ascii {
			t.Errorf("%q becomes %q, and that %q (%s)", typed, ascii, again, refusal)
		}
		if strings.ContainsFunc(ascii, notInName) || len(ascii) > MaxDomain {
			t.Errorf("%q becomes %q", typed, ascii)
		}
	})
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

// What mapping a domain takes grows with the square of its length: 84 kB took most of a minute, before anybody had signed in.
func TestLongDomainsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	var long strings.Builder
	for r := rune(0x4e00); r < 0x9000; r++ {
		long.WriteRune(r)
	}
	for name, refused := range map[string]func() bool{
		"EmailKey":    func() bool { return EmailKey("a@"+long.String()) == "" },
		"ParseEmail":  func() bool { _, key, refusal := ParseEmail("a@" + long.String()); return key == "" && refusal != "" },
		"ParseDomain": func() bool { _, refusal := ParseDomain(long.String()); return refusal != "" },
	} {
		began := time.Now()
		if !refused() {
			t.Errorf("%s accepts it", name)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s takes %s", name, took)
		}
	}
}
