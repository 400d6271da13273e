package views

import (
	"path"
	"slices"
	"testing"

	"console/internal/permission"
	"console/static"
)

// TestPagesLoadTheScriptAfterHtmx wants every module announced, and main.js to run when htmx has: deferred scripts and modules run
// in the order in which they stand.
func TestPagesLoadTheScriptAfterHtmx(t *testing.T) {
	t.Parallel()
	var announced, want, scripts []string
	for _, e := range elements(t, render(t, signedIn("Ann", permission.Set{}), document("Title"))) {
		_, deferred := e.attrs["defer"]
		switch {
		case e.name == "link" && e.attrs["rel"] == "modulepreload":
			announced = append(announced, e.attrs["href"])
		case e.name == "script" && !e.end && (deferred || e.attrs["type"] == "module"):
			scripts = append(scripts, e.attrs["src"])
		}
	}
	for _, name := range static.Scripts() {
		want = append(want, "/base"+static.URL(name))
	}
	if !slices.Equal(announced, want) || len(want) == 0 {
		t.Errorf("announced are %q, not %q", announced, want)
	}
	if order := []string{"/base" + static.URL("htmx.min.js"), "/base" + static.URL("script/main.js")}; !slices.Equal(scripts, order) {
		t.Fatalf("the scripts are %q, not %q", scripts, order)
	}
	for _, address := range announced {
		if path.Dir(address) != path.Dir(scripts[1]) {
			t.Errorf("%s is not where main.js imports it from", address)
		}
	}
}
