package input

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ABC": "abc", "Zoë Straße": "zoe strasse", "Ёлка": "елка", "Ἀθῆναι": "αθηναι", "がく": "がく", "İstanbul": "istanbul", "": "",
	} {
		expectFolded(t, text, want)
	}
}

func TestFC181_LettersWithAStrokeHaveBaseLetters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Łukasz Żółć": "lukasz zolc", "Søren Ødegård": "soren odegard", "Đức": "duc", "Þóra Ægisdóttir": "thora aegisdottir",
		"Ħal Għaxaq": "hal ghaxaq", "Ŧ ŧ": "t t", "Œuvre cœur": "oeuvre coeur", "Ðakota": "dakota", "Kırmızı": "kirmizi", "ǿ ǽ": "o ae",
	} {
		expectFolded(t, text, want)
	}
}

func TestFC183_ApostrophesDashesAndSpacesHaveOneSpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"O’Brien": "o'brien", "O‘Brien": "o'brien", "OʼBrien": "o'brien", "O´Brien": "o'brien", "O`Brien": "o'brien",
		"Jean\u2010Luc\u2011Max": "jean-luc-max", "a\u2012b\u2013c\u2014d\u2015e": "a-b-c-d-e",
		"Anna\u00a0Maria": "anna maria", "Anna \u3000\u2009 Maria": "anna maria", "Anna  Maria": "anna maria",
	} {
		expectFolded(t, text, want)
	}
}

func expectFolded(t *testing.T, text, want string) {
	t.Helper()
	if got := Fold(text); got != want || Fold(got) != want {
		t.Errorf("%q is folded to %q, and that to %q", text, got, Fold(got))
	}
}

func TestMarksStayWhereTheCaseIsFolded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ABC": "abc", "Zoë Straße": "zoë strasse", "Zoe\u0308": "zoë", "Ёлка": "ёлка", "Łukasz  O’Brien": "łukasz  o’brien", "Đỗ Ngọc": "đỗ ngọc",
		"\u1112\u1161\u11ab": "한", "\xffÄ": "\uFFFDä", "": "",
	} {
		if _, got := FoldBoth(text); got != want {
			t.Errorf("the case of %q is folded to %q", text, got)
		}
	}
}

// Characters are folded each by itself only where that gives what folding all at once does.
func TestFoldingEachCharacterIsFoldingThemAll(t *testing.T) {
	t.Parallel()
	compare := func(text string) {
		t.Helper()
		folded, marked := FoldBoth(text)
		if folded != foldWhole(text) || marked != foldCase(text) {
			t.Errorf("%q is folded to %q and %q, and all at once to %q and %q", text, folded, marked, foldWhole(text), foldCase(text))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		compare(string([]rune{random.Int32N(0x2200), random.Int32N(0x2200), random.Int32N(0x2200)}))
	}
	var marks []rune
	for r, known := range foldedAlone() {
		if known.mark {
			marks = append(marks, rune(r))
		}
	}
	for letter := range rune(0x2200) {
		compare(string([]rune{letter, marks[random.IntN(len(marks))], letter}))
		compare(string([]rune{letter, marks[random.IntN(len(marks))], marks[random.IntN(len(marks))]}))
	}
	for text, want := range map[string]bool{"ที่ นี้": true, "อนันต์": true, "कर्म": true, "\u0e38\u0e48": false, "क\u093c": false, "a\u0e31": false} {
		if _, _, all := foldEach(text); all != want {
			t.Errorf("%q is folded character by character: %t", text, all)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, text := range []string{"Łukasz", "O’Brien  x", "İ", "ς", "ŉ", "\u00b4\u0301", "ῼ", " \u0301", "a\u00a0 \u0327b", "\xff", "각", "\u0345\u0315"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded, marked := FoldBoth(text)
		if Fold(folded) != folded {
			t.Errorf("%q is folded to %q, and that to %q", text, folded, Fold(folded))
		}
		if whole := foldWhole(text); whole != folded {
			t.Errorf("%q is folded to %q, and all at once to %q", text, folded, whole)
		}
		if composed := norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD")); Fold(composed) != folded { // garbled text it leaves half as it is
			t.Errorf("%q is folded to %q, and composed to %q", text, folded, Fold(composed))
		}
		if whole := foldCase(text); whole != marked {
			t.Errorf("the case of %q is folded to %q, and all at once to %q", text, marked, whole)
		}
	})
}
