package static

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	imports = regexp.MustCompile(`(?m)^import (?:\{([^}]+)\} from )?"([^"]+)";$`)
	exports = regexp.MustCompile(`(?m)^export const (\w+) =`)
)

// TestModulesImportEachOther follows the imports from main.js. All must lead to embedded modules that export what is imported,
// and the pages must announce exactly those that are reached.
func TestModulesImportEachOther(t *testing.T) {
	t.Parallel()
	modules := read(script)
	reached := []string{"script/main.js"}
	for i := 0; i < len(reached); i++ {
		name, text := reached[i], string(modules[reached[i]])
		found := imports.FindAllStringSubmatch(text, -1)
		if len(found) != strings.Count(text, "import ")+strings.Count(text, "import(") {
			t.Errorf("%s: there are imports that are not understood", name)
		}
		for _, f := range found {
			to := path.Join(path.Dir(name), f[2])
			module, embedded := modules[to]
			if !strings.HasPrefix(f[2], "./") || !embedded {
				t.Errorf("%s imports %s", name, f[2])
				continue
			}
			wantsExports(t, name, f[1], to, string(module))
			if !slices.Contains(reached, to) {
				reached = append(reached, to)
			}
		}
	}
	slices.Sort(reached)
	if want := slices.DeleteFunc(reached, func(name string) bool { return name == "script/main.js" }); !slices.Equal(Scripts(), want) {
		t.Errorf("Scripts = %q, reached are %q", Scripts(), want)
	}
}

// wantsExports looks for names, which are separated by commas, among the exports of a module.
func wantsExports(t *testing.T, importer, names, module, text string) {
	t.Helper()
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		if name != "" && !slices.ContainsFunc(exports.FindAllStringSubmatch(text, -1), func(e []string) bool { return e[1] == name }) {
			t.Errorf("%s imports %s, which %s does not export", importer, name, module)
		}
	}
}

// TestNothingIsExportedInVain wants each exported name to be imported somewhere.
func TestNothingIsExportedInVain(t *testing.T) {
	t.Parallel()
	wanted := map[string]bool{}
	modules := read(script)
	for name, text := range modules {
		for _, i := range imports.FindAllStringSubmatch(string(text), -1) {
			for imported := range strings.SplitSeq(i[1], ",") {
				wanted[path.Join(path.Dir(name), i[2])+" "+strings.TrimSpace(imported)] = true
			}
		}
	}
	for name, text := range modules {
		for _, e := range exports.FindAllStringSubmatch(string(text), -1) {
			if !wanted[name+" "+e[1]] {
				t.Errorf("%s exports %s, which nobody imports", name, e[1])
			}
		}
	}
}

// TestModulesAreSmallAndExplained keeps each module to one behaviour, whose comment says what it adds to a page that works
// without it. What would need another content policy, or be seen by everybody, has no place in them.
func TestModulesAreSmallAndExplained(t *testing.T) {
	t.Parallel()
	const most = 120 // lines
	refused := regexp.MustCompile(`\.on[a-z]+ = |setAttribute\("on|\beval\(|new Function|innerHTML =|insertAdjacentHTML|\bwindow\.|globalThis`)
	for name, text := range read(script) {
		comment, _, _ := strings.Cut(string(text), "\nimport ")
		if !strings.HasPrefix(comment, "// ") ||
			!regexp.MustCompile(`(?i)\bwithout (script|them)`).MatchString(strings.ReplaceAll(comment, "\n// ", " ")) {
			t.Errorf("%s does not begin with what it adds, and what there is without script", name)
		}
		if lines := strings.Count(string(text), "\n"); lines > most {
			t.Errorf("%s has %d lines", name, lines)
		}
		for line := range strings.Lines(string(text)) { // else a line that begins with // may be no comment
			if strings.Count(line, "`")%2 != 0 || strings.Contains(line, "/*") {
				t.Errorf("%s has a text, or a comment, of several lines: %s", name, line)
			}
		}
		if found := refused.Find(text); found != nil {
			t.Errorf("%s: %s", name, found)
		}
	}
}
