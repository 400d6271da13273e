package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayImport is who may import whom inside the project. A package that is not listed imports nothing of ours.
var mayImport = map[string][]string{
	"console": {"internal/cli"},
	"console/internal/cli": {
		"handlers",
		"handlers/api",
		"handlers/wallarm",
		"internal/account",
		"internal/auth",
		"internal/backup",
		"internal/input",
		"internal/metrics",
		"internal/notify",
		"internal/permission",
		"internal/trace",
		"store",
		"static",
		"views",
	},
	"console/handlers": {
		"internal/account",
		"internal/auth",
		"internal/input",
		"internal/notify",
		"internal/permission",
		"internal/trace",
		"static",
		"store",
		"views",
	},
	"console/handlers/api":     {"handlers", "internal/account", "internal/input", "internal/notify", "internal/permission", "store", "views"},
	"console/handlers/wallarm": {"handlers", "internal/account", "internal/notify", "internal/permission", "store"},
	"console/views":            {"internal/account", "internal/input", "internal/notify", "internal/permission", "static", "store"},
	"console/internal/account": {
		"internal/auth",
		"internal/directory",
		"internal/input",
		"internal/notify",
		"internal/permission",
		"internal/trace",
		"internal/userlist",
		"store",
	},
	"console/handlers/api/describe": {"handlers/api"},
	"console/internal/userlist":     {"internal/directory", "internal/input", "internal/permission", "store"},
	"console/internal/notify":       {"internal/auth", "internal/input", "internal/trace", "store"},
	"console/store":                 {"internal/input", "internal/permission"},
	"console/store/storetest":       {"store"},
	"console/internal/permission":   nil,
	"console/internal/backup":       {"internal/auth"},
	"console/internal/auth":         nil,
	"console/internal/directory":    nil,
	"console/internal/input":        nil,
	"console/internal/metrics":      nil,
	"console/internal/trace":        nil,
	"console/internal/fake":         nil,
	"console/static":                nil,
}

// mayName is who may use types that others must not hold.
var mayName = map[string][]string{
	"store.DB": {
		"console/store",
		"console/store/storetest",
		"console/internal/cli",
		"console/internal/account",
		"console/internal/notify",
		"console/internal/userlist",
		"console/bench",
	},
	"account.Service": {
		"console/internal/account",
		"console/internal/cli",
		"console/handlers",
		"console/handlers/api",
		"console/handlers/wallarm",
		"console/bench",
	},
}

// dangerous are imports that only the packages listed here have: what leaves Go's safety, runs programs or reads formats that make
// code, and all of cryptography. So this is also the inventory of the cryptography of ours (ASVS 11.1.2); what it is for stands in
// SECURITY.md. What is not listed, such as MD5 and DES, nobody imports.
var dangerous = map[string][]string{
	"C": nil, "unsafe": nil, "plugin": nil, "os/exec": nil, "text/template": nil, "html/template": nil, "encoding/gob": nil, "encoding/xml": nil,
	"math/rand":     nil,
	"math/rand/v2":  {"internal/directory", "internal/cli"}, // the balance of a tree, and invented people
	"crypto/aes":    {"internal/auth"},
	"crypto/cipher": {"internal/auth"},
	"crypto/hkdf":   {"internal/auth"},
	"crypto/hmac":   {"handlers", "internal/account", "internal/auth", "internal/notify"},
	"crypto/rand":   {"handlers", "internal/account", "internal/auth", "internal/notify", "store", "views"},
	"crypto/sha256": {
		"handlers", "handlers/api", "internal/account", "internal/auth", "internal/backup", "internal/cli", "internal/notify", "static",
	},
	"crypto/subtle": {"handlers", "internal/account", "internal/auth"},
	"crypto/tls":    {"internal/cli", "internal/notify", "store"},
	"crypto/x509":   {"internal/cli", "internal/notify"},

	"golang.org/x/crypto/acme":          {"internal/cli"},
	"golang.org/x/crypto/acme/autocert": {"internal/cli"},
	"golang.org/x/crypto/argon2":        {"internal/auth"},
}

// isDangerous says whether an import is one of those that not everybody may have, as all of cryptography is.
func isDangerous(path string) bool {
	_, listed := dangerous[path]
	return listed || strings.HasPrefix(path, "crypto/") || strings.HasPrefix(path, "golang.org/x/crypto/")
}

// TestASVS_11_1_2_DangerousImportsAreListed looks at what the program is made of: not at tests, their servers and what writes code.
func TestASVS_11_1_2_DangerousImportsAreListed(t *testing.T) {
	t.Parallel()
	found := map[string][]string{}
	for pkg := range mayImport {
		dir := strings.TrimPrefix(strings.TrimPrefix(pkg, "console"), "/")
		if slices.Contains([]string{"internal/fake", "store/storetest", "handlers/api/describe"}, dir) {
			continue
		}
		for _, imported := range importsOf(t, dir) {
			if found[imported] = append(found[imported], dir); isDangerous(imported) && !slices.Contains(dangerous[imported], dir) {
				t.Errorf("%s imports %s, which is not in the list", dir, imported)
			}
		}
	}
	for imported, dirs := range dangerous {
		for _, dir := range dirs {
			if !slices.Contains(found[imported], dir) {
				t.Errorf("%s is listed for %s, which does not import it", imported, dir)
			}
		}
	}
}

// importsOf are the imports of what the program is made of in a folder.
func importsOf(t *testing.T, dir string) (imported []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(paths), err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") || isIgnored(file) {
			continue
		}
		for _, i := range file.Imports {
			imported = append(imported, strings.Trim(i.Path.Value, `"`))
		}
	}
	return imported
}

// isIgnored says that a file is a program of its own, which makes a file beside it.
func isIgnored(file *ast.File) bool {
	return slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool { return c.List[0].Text == "//go:build ignore" })
}

func TestImports(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		dir := filepath.ToSlash(filepath.Dir(path))
		pkg := strings.TrimSuffix("console/"+dir, "/.")
		allowed, listed := mayImport[pkg]
		if !listed && !strings.HasPrefix(dir, "bench") && !strings.HasPrefix(dir, "e2e") && !strings.HasPrefix(dir, "tools") {
			t.Errorf("%s: the package is not in the table of imports", path)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			ours, isOurs := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "console/")
			if isOurs && listed && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", path, ours)
			}
		}
		return checkNames(t, path, pkg)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d files looked at", files)
	}
}

// TestHTMLIsInTemplates keeps HTML out of the strings of pages and handlers: templ escapes what is put into it.
func TestHTMLIsInTemplates(t *testing.T) {
	t.Parallel()
	tag := regexp.MustCompile(`(?i)</?[a-z][a-z0-9]*(\s[^<]*)?/?>|<[a-z][a-z0-9]*( [a-z-]+="|$)`)
	for _, dir := range []string{"views", "handlers"} {
		paths, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(paths) < 10 {
			t.Fatalf("%s: %d files, %v", dir, len(paths), err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && tag.MatchString(strings.Trim(text.Value, "\"`")) {
					t.Errorf("%s writes HTML: %s", path, text.Value)
				}
				return true
			})
		}
	}
}

// maxParameters is how many parameters a function of ours may have; what belongs together is a type.
const maxParameters = 5

func TestFunctionsHaveFewParameters(t *testing.T) {
	t.Parallel()
	functions := 0
	for pkg := range mayImport {
		dir := strings.TrimPrefix(strings.TrimPrefix(pkg, "console"), "/")
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pkg, len(paths), err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, declaration := range file.Decls {
				f, ok := declaration.(*ast.FuncDecl)
				if !ok {
					continue
				}
				functions++
				if n := f.Type.Params.NumFields(); n > maxParameters {
					t.Errorf("%s: %s has %d parameters", path, f.Name.Name, n)
				}
			}
		}
	}
	if functions < 500 {
		t.Fatalf("only %d functions looked at", functions)
	}
}

// checkNames refuses the types of mayName outside the packages listed there.
func checkNames(t *testing.T, path, pkg string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		full := name.Name + "." + selector.Sel.Name
		if allowed, restricted := mayName[full]; restricted && !slices.Contains(allowed, pkg) {
			t.Errorf("%s names %s, which only %s may", path, full, strings.Join(allowed, ", "))
		}
		return true
	})
	return nil
}

// mayDifferByACapital are pairs that an interface of others demands: folder, package and exported name, with the reason.
var mayDifferByACapital = map[string]string{
	"handlers handlers Write": "io.Writer demands it of partWriter; cookies.write is a method of something else",
}

// TestNoPairsThatDifferByACapital keeps functions, methods and components apart by more than a letter: who reads RenameGroup
// and renameGroup has to look which one is meant.
func TestNoPairsThatDifferByACapital(t *testing.T) {
	t.Parallel()
	names := map[string]map[string]bool{} // by folder and package
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path)) + " " + file.Name.Name
		if names[pkg] == nil {
			names[pkg] = map[string]bool{}
		}
		for _, d := range file.Decls {
			if function, is := d.(*ast.FuncDecl); is { // components are functions of the files that templ makes
				names[pkg][function.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < len(mayImport) {
		t.Fatalf("only %d packages looked at", len(names))
	}
	for pkg, all := range names {
		for name := range all {
			twin := strings.ToLower(name[:1]) + name[1:]
			if twin != name && all[twin] && mayDifferByACapital[pkg+" "+name] == "" {
				t.Errorf("%s: %s and %s differ by a capital only; name one by what it does", pkg, name, twin)
			}
		}
	}
}
