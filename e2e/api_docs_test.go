package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/handlers/api"
)

func TestAPI_DocumentationPage(t *testing.T) {
	c := harness.Start(t, nil)
	c.SetUp()
	page := c.Browser().Get("/api/v1/")
	page.Wants(http.StatusOK)
	anchors := regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.Body, -1)
	var ids []string
	for _, a := range anchors {
		ids = append(ids, a[1])
	}
	for _, o := range api.Operations() {
		if !slices.Contains(ids, o.ID) {
			t.Errorf("%s %s has no place on the page", o.Method, o.Path)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page.Body, -1) {
		if !slices.Contains(ids, link[1]) {
			t.Errorf("a link leads to #%s, which is not there", link[1])
		}
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Error("an id stands there twice")
	}
	for _, from := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body, -1) {
		if strings.Contains(from[1], "//") {
			t.Errorf("the page asks somebody else: %s", from[1])
		}
	}
	if strings.Contains(page.Body, harness.Company) {
		t.Error("the page says whose console it is")
	}
	admin := c.Administrator()
	if list := admin.Get("/settings/tokens"); !strings.Contains(list.Body, `href="/api/v1/"`) {
		t.Error("no link leads there from the API tokens")
	}
}
