package handlers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"console/internal/account"
)

// codes are the constants of the type Code in a file of the account.
func codes(t *testing.T, path string) []account.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []account.Code
	ast.Inspect(file, func(n ast.Node) bool {
		constant, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if name, is := constant.Type.(*ast.Ident); !is || name.Name != "Code" {
			return true
		}
		for _, value := range constant.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, account.Code(text))
		}
		return true
	})
	return found
}

func TestEveryRefusalHasAStatusAndATitle(t *testing.T) {
	t.Parallel()
	all := codes(t, "../internal/account/refusal.go")
	if len(all) < 28 {
		t.Fatalf("only %d codes were found", len(all))
	}
	known := map[account.Code]bool{sentBefore: true}
	for _, code := range all {
		known[code] = true
		if status := statuses[code]; status < http.StatusBadRequest || http.StatusText(status) == "" {
			t.Errorf("%s is answered %d", code, status)
		}
		if account.Refuse(code).Title == "" {
			t.Errorf("%s has no title", code)
		}
	}
	for code := range statuses {
		if !known[code] {
			t.Errorf("%q is no code", code)
		}
	}
}
