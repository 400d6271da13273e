package look

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// TestLook looks at every scene of the gallery, with the longest names that can be stored. With -short it looks at those that stand for
// their pages: the others show the same page with an error, a dialog or less in it, and TestCrawl looks at every page.
func TestLook(t *testing.T) {
	t.Parallel()
	tabs := map[*chromium.Tab][]scene{}
	for _, s := range newGallery(t, longNames).scenes() {
		if testing.Short() && !s.stands {
			continue
		}
		tabs[s.tab] = append(tabs[s.tab], s)
	}
	documents := newMarkup(t)
	var everybody sync.WaitGroup
	for _, scenes := range tabs {
		everybody.Go(func() {
			for _, s := range scenes {
				t.Run(s.name, func(t *testing.T) { s.look(t, documents) })
			}
		})
	}
	everybody.Wait()
	documents.check(t)
}

// look checks all there is to check of a scene. It is shown once: the window and the colours change under it.
func (s scene) look(t *testing.T, documents *markup) {
	before := len(s.tab.Noticed())
	s.show(t, chromium.Wide, "light")
	if s.name == "users" || s.name == "sign-in" {
		s.takePictures(t, t.TempDir())
	}
	p := shown{t: t, tab: s.tab, name: s.name, width: chromium.Wide, colours: "light"}
	documents.add(s.name, source(s.tab))
	if s.prepare != nil {
		documents.add(s.name+" as it is now", drawn(s.tab))
	} else {
		p.wants("steady", steady)
	}
	p.wants("accessible", accessible)
	p.wants("motionless", motionless)
	p.in("dark").wants("contrasting", contrasting)
	for _, width := range widths() {
		p.at(width).wants("fitting", fitting)
	}
	if !testing.Short() {
		p.at(chromium.Narrow).in("light").wants("accessible", accessible)
	}
	s.tab.Prefer(chromium.Media{Scheme: "light", Forced: true})
	p.wants("marked in forced colours", marked)
	if !testing.Short() {
		p.at(chromium.Wide).wants("marked in forced colours", marked)
	}
	p.silent(before)
}

// widths are those that pages must fit into: with -short, the ones at which most changes. 640 px is a window of 1280 px at a zoom of 200 %.
func widths() []int {
	if testing.Short() {
		return []int{chromium.Wide, 640, 320}
	}
	return []int{2560, chromium.Wide, 768, 640, chromium.Narrow, 320}
}

// shown is what a tab shows, as it is seen.
type shown struct {
	t       *testing.T
	tab     *chromium.Tab
	name    string
	width   int
	colours string
}

// at is the same page in a window of another width.
func (p shown) at(width int) shown {
	p.tab.Resize(width)
	p.width = width
	return p
}

// in is the same page in other colours.
func (p shown) in(colours string) shown {
	p.tab.Prefer(chromium.Media{Scheme: colours})
	p.colours = colours
	return p
}

// check is an expression about a page: a list, or the promise of one, of what is wrong.
type check string

// wants fails the test for everything that is wrong on the page.
func (p shown) wants(what string, c check) {
	p.t.Helper()
	faults, err := faults(p.tab, c)
	if err != nil {
		p.t.Errorf("%s, %d px, %s: %s: %v", p.name, p.width, p.colours, what, err)
	}
	for _, fault := range faults {
		p.t.Errorf("%s, %d px, %s: not %s: %s", p.name, p.width, p.colours, what, fault)
	}
}

// silent fails the test for what the browser complained of, but for the first complaints. A page may be answered with
// an error, what it loads may not.
func (p shown) silent(before int) {
	p.t.Helper()
	own := p.tab.Answered().Response.URL
	for _, trouble := range p.tab.Noticed()[before:] {
		if !strings.Contains(trouble, "status of 4") || !strings.HasSuffix(trouble, " "+own) {
			p.t.Errorf("%s: the browser noticed %s", p.name, trouble)
		}
	}
}

// axe finds what keeps people with disabilities from using a page.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile("tools/node_modules/axe-core/axe.min.js")
	if err != nil {
		return "", fmt.Errorf("axe-core is not installed, run make tools: %w", err)
	}
	return string(source), nil
})

// lookPatience is how long one check may take where other tests keep the machine busy.
const lookPatience = 5 * time.Minute

// faults returns what a check finds wrong with what the tab shows.
func faults(b *chromium.Tab, c check) ([]string, error) {
	ctx, cancel := context.WithTimeout(b.Context, lookPatience)
	defer cancel()
	if strings.Contains(string(c), "axe.run") {
		if err := loadAxe(b, ctx); err != nil {
			return nil, err
		}
	}
	return chromedp.Run(ctx, chromedp.Evaluate[[]string](string(c), chromedp.EvalAwaitPromise))
}

// loadAxe puts axe into the page, and into those that the tab shows later. The content policy lets no page load it: the
// browser's debugger does.
func loadAxe(b *chromium.Tab, ctx context.Context) error {
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.axe !== undefined`))
	if there || err != nil {
		return err
	}
	source, err := axe()
	if err != nil {
		return err
	}
	if _, err := chromedp.Call(
		ctx,
		page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: source},
	); err != nil {
		return err
	}
	ready, err := chromedp.Run(ctx, chromedp.Evaluate[bool](source+`; window.axe !== undefined`))
	if err == nil && !ready {
		err = errors.New("axe does not start")
	}
	return err
}

// axeFaults turns what axe found into texts.
const axeFaults = `.then((found) => found.violations.flatMap((v) => v.nodes.slice(0, 5).map((n) =>
	v.id + ": " + v.help + ": " + n.target.join(" ") + " " + n.html.slice(0, 160) + " " + (n.failureSummary || "").replace(/\s+/g, " ").slice(0, 300))))`

// accessible is what axe finds of WCAG 2.0 to 2.2, A and AA, and of good practice.
const accessible check = `axe.run({
	runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
	rules: {"target-size": {enabled: true}},
	resultTypes: ["violations"],
})` + axeFaults

// contrasting is the part of accessible that colours decide.
const contrasting check = `axe.run({runOnly: {type: "rule", values: ["color-contrast"]}, resultTypes: ["violations"]})` + axeFaults

// elements begins an expression about the elements that can be seen.
const elements = `
	const name = (e) => e.tagName.toLowerCase() + (e.id && "#" + e.id) + [...e.classList].map((c) => "." + c).join("") + " " + e.textContent.trim().slice(0, 40);
	const seen = [...document.body.querySelectorAll("*")].filter((e) => e instanceof HTMLElement && e.checkVisibility({visibilityProperty: true}));
`

// fitting is what does not fit: what scrolls sideways, and texts that are cut off. A text may end in … when its title
// says it whole.
const fitting check = `(() => {` + elements + `
	const hides = (overflow) => overflow === "hidden" || overflow === "clip";
	const scrolls = (overflow) => overflow === "auto" || overflow === "scroll";
	const beyond = (e) => e.getBoundingClientRect().right > screen.width + 1;
	const faults = [];
	if (document.scrollingElement.scrollWidth > screen.width) { // a telephone would zoom out, so the screen is what counts, not the window
		faults.push("the page scrolls sideways", ...seen.filter(beyond).slice(0, 5).map((e) => "beyond the edge: " + name(e)));
	}
	for (const e of seen) {
		const style = getComputedStyle(e);
		const across = e.scrollWidth > e.clientWidth + 1, down = e.scrollHeight > e.clientHeight + 1;
		if (style.clipPath !== "none" || e.closest(".visually-hidden") || e.matches("input, textarea, select") || !e.clientWidth) {
			continue;
		}
		if (across && scrolls(style.overflowX)) {
			faults.push("scrolls sideways: " + name(e));
		}
		const ellipsis = (style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none") && e.closest("[title]");
		if (!ellipsis && (across && hides(style.overflowX) || down && hides(style.overflowY))) {
			faults.push("cut off: " + name(e));
		}
		if (e.matches("dialog, .popover") && beyond(e)) {
			faults.push("beyond the edge: " + name(e));
		}
	}
	return faults;
})()`

// motionless is what moves although the person wants no motion.
const motionless check = `(() => {` + elements + `
	const longest = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.trim().endsWith("ms") ? 0.001 : 1)));
	const moves = (style) => longest(style.transitionDuration) > 0.01 || style.animationName !== "none" && longest(style.animationDuration) > 0.01;
	const faults = seen.filter((e) => [null, "::before", "::after", "::backdrop"].some((part) => moves(getComputedStyle(e, part)))).map((e) => "moves: " + name(e));
	const under = document.getAnimations().filter((a) => a.effect.getComputedTiming().activeDuration > 10);
	return faults.concat(under.map((a) => "is moving: " + name(a.effect.target)));
})()`

// steady is what has moved since the page was opened, but for what moved at once after a click, a key or a new width. What
// moves a little while the page is still being read does not count: of the 0.1 that web.dev/cls calls good, a fifth does.
const steady check = `new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))).then(() => {` + elements + `
	const watch = new PerformanceObserver(() => {});
	watch.observe({type: "layout-shift", buffered: true});
	const shifts = watch.takeRecords().filter((shift) => !shift.hadRecentInput);
	return shifts.reduce((sum, shift) => sum + shift.value, 0) < 0.02 ? [] : shifts.map((shift) =>
		"moved " + shift.value.toFixed(4) + ": " + shift.sources.map((s) => s.node instanceof HTMLElement ? name(s.node) : "something").join(", "));
})`

// marked is what cannot be told from its neighbours, where the system's few colours are forced upon the page: texts, the
// link to the page one is on, and what has the focus.
const marked check = `(() => {` + elements + `
	if (!matchMedia("(forced-colors: active)").matches) {
		return ["the colours are not forced"];
	}
	const faults = [];
	const ground = getComputedStyle(document.body).backgroundColor;
	const looks = (e) => {
		const s = getComputedStyle(e);
		const lines = ["top", "right", "bottom", "left"].map((side) => [s["border-" + side + "-width"], s["border-" + side + "-style"], s["border-" + side + "-color"]]);
		const back = s.backgroundColor.endsWith(", 0)") ? ground : s.backgroundColor;
		return [back, s.color, s.fontWeight, s.textDecorationLine, s.outlineStyle, lines].join();
	};
	for (const e of seen.filter((e) => e.matches("[aria-current]"))) {
		const others = [...(e.closest("ul, nav, form") || document).querySelectorAll(e.tagName)].filter((o) => o !== e && !o.matches("[aria-current]") && o.checkVisibility());
		if (others.some((o) => looks(o) === looks(e))) {
			faults.push("looks like the others: " + name(e));
		}
	}
	const open = document.querySelector("dialog[open]");
	for (const e of seen.filter((e) => e.tabIndex >= 0 && !e.disabled && !(open && !open.contains(e)))) {
		document.activeElement.blur();
		e.focus({focusVisible: true, preventScroll: true});
		const s = getComputedStyle(e);
		if (document.activeElement === e && !(s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)) {
			faults.push("shows no focus: " + name(e));
		}
	}
	return faults;
})()`

// TestLook_NoticesFaults plants faults into a page, and wants each noticed by its check: before they are planted, there
// is none.
func TestLook_NoticesFaults(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	plant := func(html string) string {
		return fmt.Sprintf(`document.querySelector("main").insertAdjacentHTML("beforeend", %q)`, html)
	}
	styled := func(property, value string) string {
		return plant(
			`<p id="planted">Planted text</p>`,
		) + fmt.Sprintf(
			`; document.querySelector("#planted").style.setProperty(%q, %q)`,
			property,
			value,
		)
	}
	for name, fault := range map[string]struct {
		check   check
		colours string
		script  string
		noticed string
	}{
		"an image without a text":      {accessible, "light", plant(`<img src="data:,">`), "image-alt"},
		"a field without a label":      {accessible, "light", plant(`<input>`), "label"},
		"two h1":                       {accessible, "light", plant(`<h1></h1>`), "empty-heading"},
		"small targets":                {accessible, "light", plant(`<button id="planted">.</button><button>.</button>`) + `; for (const b of document.querySelectorAll("main > button")) b.style = "width: 9px; height: 9px; padding: 0; border: 0"`, "target-size"},
		"a text that is pale":          {accessible, "light", styled("color", "#bbb"), "color-contrast"},
		"a text that is pale at night": {contrasting, "dark", styled("color", "light-dark(#000, #333)"), "color-contrast"},
		"a wide element":               {fitting, "light", styled("width", "3000px"), "scrolls sideways"},
		"a text that is cut off":       {fitting, "light", styled("cssText", "") + `; document.querySelector("#planted").style = "width: 20px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis"`, "cut off"},
		"a transition":                 {motionless, "light", styled("transition", "color 1s"), "moves"},
		"an animation":                 {motionless, "light", styled("color", "red") + `; document.querySelector("#planted").animate([{opacity: 0}, {opacity: 1}], 60000)`, "is moving"},
		"a text that comes late":       {steady, "light", `document.querySelector("main").insertAdjacentHTML("afterbegin", "<p>Planted text</p>".repeat(5))`, "moved"},
		"a link that hides its focus":  {marked, "forced", plant(`<a id="planted" href="/">Link</a>`) + `; document.querySelector("#planted").style.outline = "none"`, "shows no focus"},
		"a current link like others":   {marked, "forced", plant(`<nav><a href="/a">A</a> <a href="/b" aria-current="page">B</a></nav>`), "looks like the others"},
	} {
		b.Resize(chromium.Wide)
		b.Prefer(chromium.Media{Scheme: strings.Replace(fault.colours, "forced", "light", 1), Forced: fault.colours == "forced"})
		b.Open("/settings/users/1?tab=sessions")
		if faults, err := faults(b, fault.check); err != nil || len(faults) > 0 {
			t.Errorf("%s: %q are noticed before there is one: %v", name, faults, err)
		}
		if _, err := chromium.Evaluate[any](b, fault.script+"; null"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		faults, err := faults(b, fault.check)
		if err != nil || !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, fault.noticed) }) {
			t.Errorf("%s: only %q are noticed: %v", name, faults, err)
		}
	}
}

// TestLook_NothingMovesWhenTheScriptArrives looks at pages that are there before their script.
func TestLook_NothingMovesWhenTheScriptArrives(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	b := chromium.TabOf(admin)
	group := c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	chromium.Must(b, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	chromium.Must(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{
			{URLPattern: c.URL.String() + "/static/*/script/*", Latency: 800, DownloadThroughput: -1, UploadThroughput: -1},
		},
	})
	for _, width := range []int{chromium.Wide, chromium.Narrow} {
		b.Resize(width)
		for _, path := range []string{"/settings/users", group + "?tab=permissions", "/settings/triggers/new", "/settings/profile", "/settings/profile/passkeys/new"} {
			b.Open(path)
			shown{t: t, tab: b, name: path, width: width, colours: "light"}.wants("steady", steady)
		}
	}
}

// TestLook_NoticesComplaints plants what a browser complains of.
func TestLook_NoticesComplaints(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for name, fault := range map[string]struct{ script, noticed string }{
		"an error":            {`setTimeout(() => { throw new Error("planted"); })`, "exception"},
		"a warning":           {`console.warn("planted")`, "planted"},
		"a style in the page": {`document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>Planted</p>")`, "content policy"},
		"a file that is gone": {`document.body.append(Object.assign(new Image(), {src: "/static/planted.svg"}))`, "status of 404"},
	} {
		b := chromium.NewTab(c, true)
		b.Open("/signin")
		if troubles := b.Noticed(); len(troubles) > 0 {
			t.Errorf("%s: %q are noticed before", name, troubles)
		}
		if _, err := chromium.Evaluate[any](b, fault.script+"; null"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		harness.Eventually(t, name+" is noticed", func() bool {
			return slices.ContainsFunc(b.Noticed(), func(trouble string) bool { return strings.Contains(trouble, fault.noticed) })
		})
	}
}
