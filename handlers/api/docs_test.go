package api

import (
	"os"
	"strings"
	"testing"
)

func TestEveryOperationStandsInTheDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, is := strings.CutPrefix(line, "| `"); is {
			rows[strings.SplitN(name, "`", 2)[0]] = true
		}
	}
	for _, o := range Operations() {
		if !rows[o.Method+" "+o.Path] {
			t.Errorf("docs/api.md has no row of %s %s", o.Method, o.Path)
		}
	}
	own := 0
	for name := range rows {
		method, path, _ := strings.Cut(name, " ")
		if strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v2/") || strings.ToUpper(method) != method || !strings.HasPrefix(path, "/") {
			continue
		}
		own++
	}
	if own != len(Operations()) {
		t.Errorf("docs/api.md has %d rows of the own API, and there are %d operations", own, len(Operations()))
	}
}
