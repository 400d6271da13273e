package input

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFC113_NamesCanBeSeen(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		strings.Repeat("\u200b", 15), "\u2800", "\u3164", "\u115f\u1160", "\uffa0", "\U000e0041\U000e0042", "\ufe0f", "\u00ad", "\u034f", "\u200e",
		"\u3164 \u2800", "\u0301", "Ann\x00", "Ann\nSmith", "\x00", "Ann\u2028Smith", "\u0085Ann\u0085Smith", "Ann\rSmith",
	} {
		if RefuseName(typed) == "" {
			t.Errorf("%q is accepted", typed)
		}
		refused := map[string]string{}
		if ParseNames(typed, typed, refused); refused["first_name"] == "" || refused["last_name"] == "" {
			t.Errorf("%q is accepted of a person: %v", typed, refused)
		}
		if ParseTitle(typed, "name", "a name", refused); refused["name"] == "" {
			t.Errorf("%q is accepted as a title", typed)
		}
	}
	for _, typed := range []string{"", " ", "\t", "\u00a0"} {
		refused := map[string]string{}
		if ParseTitle(typed, "name", "a name", refused); refused["name"] != "Enter a name." {
			t.Errorf("%q as a title: %v", typed, refused)
		}
	}
	for typed, want := range map[string]string{
		" Ann ": "Ann", "\u00a0Ann\u200b": "Ann", "李": "李", "e\u0301": "é", "👩\u200d💻": "👩\u200d💻", "❤️": "❤️", "נועה": "נועה", "می\u200cخواهم": "می\u200cخواهم", "?": "?",
	} {
		refused := map[string]string{}
		if first, last := ParseNames(typed, typed, refused); first != want || last != want || len(refused) > 0 {
			t.Errorf("%q is stored as %q %q: %v", typed, first, last, refused)
		}
	}
}

func TestFC116_NamesHoldNoWebAddress(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"[Reset](https://evil.example)", "https://evil.example", "Reset ://", "Visit www.evil", "WWW.evil.example", "[x](y)", "evil.example/reset",
		"Ann evil.example:8080/x", "ann@evil.example/", "ｈｔｔｐｓ：／／evil.example", "evil．example/x", "bücher.example/x", "evil。example／x", "ev-il.ex-ample./x",
		"http:\u200b//evil.example", "http:/\u2060/evil.example", "evil.example\u00ad/x", "www\u200b.evil.example", "w\u00adww.evil", "ev\u200dil.ex\u200cample/x",
		"http\ufe0f:\ufe0f//evil.example", "evil.\u034fexample/", "evil\ufeff.example/x", "[x]\U000e0020(y)", "www\u3164.evil", "www\uffa0.evil", ":\u180e/\u2063/",
	} {
		if reason := RefuseName(typed); !strings.Contains(reason, "web address") {
			t.Errorf("%q: %q", typed, reason)
		}
	}
	for _, typed := range []string{
		"evil.example", "Booking.com", "J.R.R. Tolkien", "Dr. Med/Ann", "Sales / Nord", "Vertrieb/Nord", "v1.2/3", "a:b", "A. B./C",
		"12:30", "[x] (y)", "3.5/4", "10.0.0.0/8", "v1.2.3.4/5", "1.2.3/4", "1234.5.6.7/8", "می\u200cخواهم/او", "क्\u200dष/क", "❤\ufe0f/❤\ufe0f",
	} {
		if reason := RefuseName(typed); reason != "" {
			t.Errorf("%q: %q", typed, reason)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, typed := range []string{
		" Ann ", "\u200b", "e\u0301", "Ann\nSmith", "[x](https://y)", "evil.example/", "\xff", "\u3164", "a\u202eb", "\u200b\u0301x", "👩‍💻", "ﬁ．ex/", "w\u00adww.x", "1.2.3.4\u200b/",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		refused := map[string]string{}
		stored := ParseTitle(typed, "name", "a name", refused)
		if refused["name"] != "" {
			return
		}
		if again := ParseTitle(stored, "name", "a name", refused); again != stored || len(refused) > 0 {
			t.Errorf("%q is stored as %q, and that as %q: %v", typed, stored, again, refused)
		}
		if !utf8.ValidString(stored) || strings.ContainsFunc(stored, unicode.IsControl) || !strings.ContainsFunc(stored, visible) ||
			strings.Contains(stored, "://") || strings.TrimSpace(stored) != stored {
			t.Errorf("%q is stored as %q", typed, stored)
		}
	})
}

// FuzzNames: whatever is typed as the names of a person, they are refused, or stored as a person's who has typed just that.
func FuzzNames(f *testing.F) {
	for _, typed := range [][2]string{
		{"Ann", "Lee"}, {" Ann ", "\u200b"}, {"e\u0301", "\u3164"}, {"", ""}, {"\xff", "x"}, {strings.Repeat("x", 200), strings.Repeat("ж", 56)},
		{"a\u0301\u200b", "\u200b\u0301"}, {"evil", ".example/"},
	} {
		f.Add(typed[0], typed[1])
	}
	f.Fuzz(func(t *testing.T, first, last string) {
		refused := map[string]string{}
		storedFirst, storedLast := ParseNames(first, last, refused)
		if len(refused) > 0 {
			return
		}
		againFirst, againLast := ParseNames(storedFirst, storedLast, refused)
		if againFirst != storedFirst || againLast != storedLast || len(refused) > 0 {
			t.Errorf("%q %q is stored as %q %q, and that as %q %q: %v", first, last, storedFirst, storedLast, againFirst, againLast, refused)
		}
		if whole := storedFirst + " " + storedLast; RefuseText(whole) != "" || utf8.RuneCountInString(strings.TrimSpace(whole)) > MaxName {
			t.Errorf("%q %q is stored as %q", first, last, whole)
		}
	})
}

// FuzzText: whatever text there is, bringing it into one of its forms twice is doing so once, and what is stored every database takes.
func FuzzText(f *testing.F) {
	for _, text := range []string{" a  b ", "\u200b \u200b", "a\x00b", "\xff\xfe", "e\u0301", "\u0340", "\u1fef", "\u2000a\u2001", "+49 (30) 1", "1\u0301"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, form := range map[string]func(string) string{"Line": Line, "Plain": Plain, "Storable": Storable} {
			if once := form(text); form(once) != once {
				t.Errorf("%s makes of %q %q, and of that %q", name, text, once, form(once))
			}
		}
		if stored := Storable(text); !utf8.ValidString(stored) || strings.Contains(stored, "\x00") {
			t.Errorf("%q is stored as %q", text, stored)
		}
		if Storable(text) != text && RefuseText(text) == "" {
			t.Errorf("%q is accepted and stored as another text", text)
		}
		if phone := Line(text); RefusePhone(phone) == "" && (len(phone) > MaxPhone || strings.ContainsFunc(phone, unicode.IsLetter)) {
			t.Errorf("%q is a telephone number", phone)
		}
	})
}
