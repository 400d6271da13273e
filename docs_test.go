package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// documents are the texts for people that this file keeps true.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, p := range append(paths, more...) {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(p)] = string(text)
	}
	if len(texts) < 8 {
		t.Fatalf("only %d documents are found", len(texts))
	}
	return texts
}

// sources calls look with every file of ours that people write and whose name ends with one of the endings.
func sources(t *testing.T, look func(file, text string), endings ...string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "node_modules", "data", "dist", "bin"}, entry.Name()) {
			return fs.SkipDir
		}
		if entry.IsDir() || !slices.Contains(endings, filepath.Ext(file)) || strings.HasSuffix(file, "_templ.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		look(filepath.ToSlash(file), string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	ruleHeading  = regexp.MustCompile(`(?m)^\*\*Rule "([^"]+)"\.\*\*`)
	ruleCitation = regexp.MustCompile(`\b[Rr]ules? ("[^"]+"(?:(?:,| and) "[^"]+")*)`)
	quoted       = regexp.MustCompile(`"([^"]+)"`)
	// A number is cited as FC-12 or PG-12 in texts, and as FC12 or PG12 in names of tests; RFC 12 is something else.
	faultCitation = regexp.MustCompile(`(?:^|[^A-Z])(FC|PG)-?(\d+)`)
	// lineStart joins the lines of a comment, so that a citation may be broken between two of them.
	lineStart = regexp.MustCompile(`\n\s*(?://|\*)? ?`)
)

// TestCitationsResolve sees that every rule and every fault that is named somewhere stands in docs/rules.md.
func TestCitationsResolve(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/rules.md"]
	rules, faults := map[string]bool{}, faultRows(t, text)
	for _, m := range ruleHeading.FindAllStringSubmatch(text, -1) {
		rules[m[1]] = true
	}
	cited := 0
	sources(t, func(file, text string) {
		if file == "docs_test.go" {
			return
		}
		for _, m := range ruleCitation.FindAllStringSubmatch(lineStart.ReplaceAllString(text, " "), -1) {
			for _, name := range quoted.FindAllStringSubmatch(m[1], -1) {
				cited++
				if !rules[name[1]] {
					t.Errorf("%s cites the rule %q, which docs/rules.md does not have", file, name[1])
				}
			}
		}
		for _, m := range faultCitation.FindAllStringSubmatch(text, -1) {
			if n := (fault{m[1], number(m[2])}); faults[n] == "" {
				t.Errorf("%s names %v, which docs/rules.md does not have", file, n)
			}
		}
	}, ".go", ".templ", ".js", ".sql", ".md")
	if cited < 30 {
		t.Errorf("only %d citations of rules are found", cited)
	}
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // digits only
	return n
}

// TestNothingElseIsCited refuses references to documents that are not in the repository.
func TestNothingElseIsCited(t *testing.T) {
	t.Parallel()
	elsewhere := regexp.MustCompile(`\bSPEC\b|\bDESIGN\b|FIELD[-_]CASES|\(§\d`)
	sources(t, func(file, text string) {
		if file == "docs_test.go" {
			return
		}
		for i, line := range strings.Split(text, "\n") {
			if elsewhere.MatchString(line) {
				t.Errorf("%s:%d cites what is not here: %s", file, i+1, strings.TrimSpace(line))
			}
		}
	}, ".go", ".templ", ".js", ".css", ".sql", ".md")
}

// TestDocumentsNameFiles sees that every path in backticks and every link to a file leads somewhere.
func TestDocumentsNameFiles(t *testing.T) {
	t.Parallel()
	top := []string{"handlers/", "views/", "static/", "store/", "internal/", "e2e/", "bench/", "tools/", "docs/", ".ci/", ".github/"}
	ending := regexp.MustCompile(`^[\w./-]+\.(go|templ|js|css|md|sql|yml|txt)$`)
	made := []string{"bench/data", "bin/console", "dist/", "data/", "data/mail"} // by the program and by make
	span := regexp.MustCompile("`([^`\n]+)`")
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	named := 0
	for document, text := range documents(t) {
		for _, m := range span.FindAllStringSubmatch(text, -1) {
			file := m[1]
			ours := slices.ContainsFunc(top, func(dir string) bool { return strings.HasPrefix(file, dir) })
			if !ours && !ending.MatchString(file) || strings.ContainsAny(file, " *<") || slices.Contains(made, file) {
				continue
			}
			named++
			if !exists(file) && !exists(path.Join(path.Dir(document), file)) {
				t.Errorf("%s names %s, which is not there", document, file)
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !exists(path.Join(path.Dir(document), m[1])) {
				t.Errorf("%s links to %s, which is not there", document, m[1])
			}
		}
	}
	if named < 80 {
		t.Errorf("only %d files are named", named)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

var (
	testName  = regexp.MustCompile(`^(Test|Fuzz)[A-Z0-9]`)
	testNamed = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
)

// testNames are the tests that there are, on whichever system they run.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	sources(t, func(file, text string) {
		if !strings.HasSuffix(file, "_test.go") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
				tests[f.Name.Name] = true
			}
		}
	}, ".go")
	return tests
}

// TestDocumentsNameTests keeps documents from naming tests that are gone.
func TestDocumentsNameTests(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	least := map[string]int{"docs/asvs.md": 200, "docs/rules.md": 20}
	for document, text := range documents(t) {
		named := testNamed.FindAllStringSubmatch(text, -1)
		if len(named) < least[document] {
			t.Errorf("%s names only %d tests", document, len(named))
		}
		for _, n := range named {
			if !tests[n[1]] {
				t.Errorf("%s names %s, which is not there", document, n[1])
			}
		}
	}
}

// Consoles whose database was away are ready within five seconds of its return, and a proxy that asks them seldom would keep them from
// people for longer (e2e/replicas measures it behind nginx). What a console says with 503 is its own to say.
func TestProxiesNoticeSoonWhoIsReady(t *testing.T) {
	t.Parallel()
	for file, pattern := range map[string]string{
		"haproxy.cfg": `check inter (\w+) rise 1\b`, "Caddyfile": `health_interval (\w+)`, "nginx.conf": `fail_timeout=(\w+)`,
	} {
		text, err := os.ReadFile(filepath.Join("docs/proxies", file))
		if err != nil {
			t.Fatal(err)
		}
		intervals := regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)
		if len(intervals) == 0 {
			t.Errorf("%s does not say how often consoles are asked", file)
		}
		for _, interval := range intervals {
			if every, err := time.ParseDuration(interval[1]); err != nil || every > time.Second {
				t.Errorf("%s: %s is seldom, %v", file, interval[0], err)
			}
		}
		if file == "nginx.conf" && regexp.MustCompile(`proxy_next_upstream [^;]*http_503`).Match(text) {
			t.Error("nginx would leave all consoles alone while their database is away")
		}
	}
}
