package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fault is a number under which docs/rules.md says what holds.
type fault struct {
	series string // FC or PG
	number int
}

func (f fault) String() string { return fmt.Sprintf("%s-%02d", f.series, f.number) }

var (
	faultRow = regexp.MustCompile(`(?m)^\| (FC|PG)-(\d+) \| (.+) \|$`)
	// Numbers that were never given to anything, or were taken back before anything was released.
	notGiven = regexp.MustCompile(`(?m)^Numbers that stand for nothing: FC ([\d, ]+)\.$`)
)

// faultRows are the rows of docs/rules.md, by number.
func faultRows(t *testing.T, text string) map[fault]string {
	t.Helper()
	rows := map[fault]string{}
	for _, m := range faultRow.FindAllStringSubmatch(text, -1) {
		n := fault{m[1], number(m[2])}
		if rows[n] != "" {
			t.Errorf("docs/rules.md has two rows for %v", n)
		}
		rows[n] = m[3]
	}
	if len(rows) < 180 {
		t.Fatalf("docs/rules.md has only %d rows", len(rows))
	}
	return rows
}

// TestFaultsAreShown compares docs/rules.md with the tests, in both directions: a test that carries a number has its row, and
// a row has a test that carries its number or is named in it, or says why there is none.
func TestFaultsAreShown(t *testing.T) {
	t.Parallel()
	rows := faultRows(t, documents(t)["docs/rules.md"])
	carried := map[fault]bool{}
	for name := range testNames(t) {
		for _, m := range faultCitation.FindAllStringSubmatch(name, -1) {
			n := fault{m[1], number(m[2])}
			carried[n] = true
			if rows[n] == "" {
				t.Errorf("%s carries %v, which has no row in docs/rules.md", name, n)
			}
		}
	}
	for n, row := range rows {
		shown, excused := carried[n] || testNamed.MatchString(row), strings.Contains(row, "No test: ")
		if shown == excused {
			t.Errorf("docs/rules.md, %v: a test carries the number or is named, or the row says \"No test: \" and why", n)
		}
	}
}

// TestNoNumberIsLost sees that the rows of docs/rules.md leave no gap but for the numbers that it says stand for nothing.
func TestNoNumberIsLost(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/rules.md"]
	rows := faultRows(t, text)
	var empty []int
	m := notGiven.FindStringSubmatch(text)
	if m == nil {
		t.Fatal("docs/rules.md does not say which numbers stand for nothing")
	}
	for _, digits := range strings.Split(m[1], ", ") {
		empty = append(empty, number(digits))
	}
	highest := map[string]int{}
	for n := range rows {
		highest[n.series] = max(highest[n.series], n.number)
	}
	for series, last := range highest {
		for i := 1; i <= last; i++ {
			n := fault{series, i}
			if stands := series == "FC" && slices.Contains(empty, i); stands == (rows[n] != "") {
				t.Errorf("docs/rules.md: %v has a row, or stands for nothing; one of both", n)
			}
		}
	}
}
