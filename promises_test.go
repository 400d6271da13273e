package main

import (
	"fmt"
	"path"
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

// requirements is how many apply to a console like this one, whatever it signs in with and keeps its data in; passkeys and PostgreSQL bring
// those of a table of their own.
const requirements, brought = 221, 5

var requirementRow = regexp.MustCompile(`(?m)^\| ([\d.]+) \| ([123]) \| (.+) \| (.+) \|$`)

// TestEveryRequirementHasItsRow counts the rows of docs/asvs.md. Each names tests or says why it has none, and SECURITY.md tells of
// each that is not met. That the tests are there TestDocumentsNameTests sees.
func TestEveryRequirementHasItsRow(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	_, security, _ := strings.Cut(texts["SECURITY.md"], "\n## Deviations")
	security, _, _ = strings.Cut(security, "\n## ")
	table, more, found := strings.Cut(texts["docs/asvs.md"], "\n## With passkeys and PostgreSQL")
	if !found || security == "" {
		t.Fatal("a section that is looked for is not there")
	}
	seen := map[string]bool{}
	check := func(text string) (rows int) {
		for _, m := range requirementRow.FindAllStringSubmatch(text, -1) {
			id, level, holds, shown := m[1], m[2], m[3], m[4]
			rows++
			if seen[id] {
				t.Errorf("%s has two rows", id)
			}
			seen[id] = true
			deviates := strings.Contains(holds, "**Deviation**")
			excused := deviates || strings.Contains(holds, "No test: ") || strings.Contains(holds, "**Not chosen**")
			if !excused && !testNamed.MatchString(shown) {
				t.Errorf("%s names no test, and does not say why", id)
			}
			if told := regexp.MustCompile(`\b` + regexp.QuoteMeta(id) + `\b`).MatchString(security); deviates && !told {
				t.Errorf("%s deviates, and SECURITY.md does not say why", id)
			}
			if level != "3" && strings.Contains(holds, "**Not chosen**") {
				t.Errorf("%s is of level %s: what is not met is a deviation", id, level)
			}
		}
		return rows
	}
	if n := check(table); n != requirements {
		t.Errorf("%d requirements have rows, not %d", n, requirements)
	}
	if n := check(more); n != brought {
		t.Errorf("%d requirements of passkeys and PostgreSQL have rows, not %d", n, brought)
	}
}

// TestEveryTableHasItsClass compares the tables of the database with those to which docs/threats.md gives a class.
func TestEveryTableHasItsClass(t *testing.T) {
	t.Parallel()
	_, data, _ := strings.Cut(documents(t)["docs/threats.md"], "\n## Data")
	classed := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| \*(?:secret|personal|internal)\* \| ([^|]+) \|`).FindAllStringSubmatch(data, -1) {
		for _, table := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			classed[table[1]] = true
		}
	}
	created := map[string]bool{}
	sources(t, func(file, text string) {
		if path.Dir(file) != "store/migrations/postgres" {
			return
		}
		for _, m := range regexp.MustCompile(`(?i)(CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?(\w+)`).FindAllStringSubmatch(text, -1) {
			created[m[2]] = strings.EqualFold(m[1], "create")
		}
	}, ".sql")
	if len(created) < 30 {
		t.Fatalf("only %d tables are found", len(created))
	}
	for table, is := range created {
		if is && !classed[table] {
			t.Errorf("docs/threats.md gives %s no class", table)
		}
	}
	for table := range classed {
		if !created[table] {
			t.Errorf("docs/threats.md names the table %s, which is not there", table)
		}
	}
}
