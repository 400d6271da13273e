package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestMain closes the browser that the tests share.
func TestMain(m *testing.M) {
	status := m.Run()
	closeChromium()
	os.Exit(status)
}

// chromium is the browser of this test binary. The first test that needs it starts it.
var chromium = sync.OnceValues(startChromium)

// closeChromium ends the browser, once it has been started, and removes its profile.
var closeChromium = func() {}

// needless are pages of the browser's own, below its address bar, and processes in reserve: they take more time for each tab
// than the tab does.
const needless = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess"

func startChromium() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, errors.New("chromium is not installed: run `make tools`")
	}
	profile, err := os.MkdirTemp("", "console-chromium-")
	if err != nil {
		return nil, err
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-features", needless))
	browser, _ := chromedp.NewContext(allocator)
	closeChromium = func() {
		chromedp.Cancel(browser)
		stop()
		os.RemoveAll(profile)
	}
	return browser, chromedp.Do(browser)
}

// tabPatience is how long a tab waits for what a page is to show.
const tabPatience = 20 * time.Second

// tab is a page of the browser with cookies of its own. It finds things as people and screen readers do, by role and
// name, and waits for what is not there yet.
type tab struct {
	console *console
	script  bool // whether pages may run theirs
	keys    bool // whether the person has a keyboard only
	ctx     context.Context

	mu       sync.Mutex
	troubles []string                       // what pages must not cause
	asked    []string                       // what the browser asked for the page: to leave, to discard
	stay     bool                           // whether such questions are answered no
	dialogs  []string                       // those that the keyboard has gone round
	document *network.EventResponseReceived // the answer that the page was made of
}

// tab opens an empty page in a browser context of its own.
func (c *console) tab(script bool) *tab {
	c.t.Helper()
	browser, err := chromium()
	if err != nil {
		c.t.Fatal(err)
	}
	b := &tab{console: c, script: script}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.notice))
	c.t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // not under a time limit: the tab would end with it
		c.t.Fatal(err)
	}
	b.ctx = ctx
	must(b, audits.Enable, cdp.Empty{})
	must(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // tabs run beside each other
	must(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
	return b
}

// notice notes what no page may cause: violations of the content policy, uncaught exceptions and other errors. That
// forms are answered 422 and dead links 410 is meant; so is that a search gives way to the next one, which htmx calls an
// error of the first.
func (b *tab) notice(event any) {
	trouble := ""
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		go b.answer(e) // the browser waits, and so would this listener
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.mu.Lock()
			b.document = e
			b.mu.Unlock()
		}
	case *audits.EventIssueAdded:
		if details, _ := json.Marshal(e.Issue.Details); e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			trouble = "content policy: " + string(details)
		}
	case *runtime.EventExceptionThrown:
		trouble = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			trouble += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			if said, _ := json.Marshal(e.Args); !strings.Contains(string(said), "htmx:sendAbort") {
				trouble = "console: " + string(said)
			}
		}
	case *browserlog.EventEntryAdded:
		meant := strings.Contains(e.Entry.Text, "status of 422") || strings.Contains(e.Entry.Text, "status of 410")
		if !meant && (e.Entry.Level == browserlog.EntryLevelError || e.Entry.Level == browserlog.EntryLevelWarning) {
			trouble = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	}
	if trouble != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.troubles = append(b.troubles, trouble)
	}
}

// answer answers a question that the browser asks for the page.
func (b *tab) answer(question *page.EventJavascriptDialogOpening) {
	b.mu.Lock()
	b.asked = append(b.asked, strings.TrimSpace(fmt.Sprint(question.Type, " ", question.Message)))
	accept := !b.stay
	b.mu.Unlock()
	call(b, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: accept}) // the tab may be gone
}

// answering answers the questions to come yes or no, and returns those asked so far.
func (b *tab) answering(accept bool) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.stay, b.asked = !accept, nil
	return asked
}

// noticed returns what pages caused so far.
func (b *tab) noticed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.troubles)
}

// answered returns the answer that the page was made of.
func (b *tab) answered() *network.EventResponseReceived {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.document
}

// call sends a command to the tab.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(b.ctx, tabPatience)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// must is call for commands that fail only when the browser does.
func must[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.console.t.Helper()
	result, err := call(b, command, params)
	if err != nil {
		b.console.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// do carries out actions of chromedp.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.console.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, tabPatience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.console.t.Fatal(err)
	}
}

// until tries again and again what a page that is loading or drawing itself does not allow yet.
func (b *tab) until(what string, try func() error) {
	b.console.t.Helper()
	var err error
	for deadline := time.Now().Add(tabPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	text, _ := evaluate[string](b, `location.pathname + location.search + "\n" + document.body.innerText`)
	b.console.t.Fatalf("%s: %v; the page is\n%s\nand the browser noticed %q", what, err, text, b.noticed())
}

// evaluate returns the value of an expression in the page; it works where pages may not run scripts, too.
func evaluate[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, tabPatience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// is waits until an expression is true in the page.
func (b *tab) is(expression string) {
	b.console.t.Helper()
	b.until(expression, func() error {
		holds, err := evaluate[bool](b, expression)
		if err == nil && !holds {
			err = errors.New("is not so")
		}
		return err
	})
}

// open leads the tab to a path, or to an address.
func (b *tab) open(path string) {
	b.console.t.Helper()
	to, err := b.console.URL.Parse(path)
	if err != nil {
		b.console.t.Fatal(err)
	}
	b.do(chromedp.Navigate(to.String()))
}

// found is an element of the page.
type found struct {
	tab    *tab
	object runtime.RemoteObjectID
}

// look returns the element with one of the roles and the name. There must be exactly one that is not hidden.
func (b *tab) look(name string, roles ...string) (found, error) {
	document, err := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.readyState === "complete" ? document : null`})
	if err != nil {
		return found{}, err
	}
	if document.Result.ObjectID == "" {
		return found{}, errors.New("the page is still loading")
	}
	tree, err := call(b, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.Result.ObjectID})
	if err != nil {
		return found{}, err
	}
	nodes := slices.DeleteFunc(tree.Nodes, func(n *accessibility.Node) bool {
		return n.Ignored || !slices.Contains(roles, words(n.Role)) || words(n.Name) != name
	})
	if len(nodes) != 1 {
		return found{}, fmt.Errorf("there are %d", len(nodes))
	}
	resolved, err := call(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: nodes[0].BackendDOMNodeID})
	if err != nil {
		return found{}, err
	}
	return found{b, resolved.Object.ObjectID}, nil
}

// words are what a screen reader says, without the space that icons leave.
func words(value *accessibility.Value) (text string) {
	if value == nil || json.Unmarshal(value.Value, &text) != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// find is look for as long as it takes.
func (b *tab) find(name string, roles ...string) (element found) {
	b.console.t.Helper()
	b.until(fmt.Sprintf("find %s %q", roles[0], name), func() (err error) {
		element, err = b.look(name, roles...)
		return err
	})
	return element
}

// heading waits for a page or dialog with this heading.
func (b *tab) heading(name string) {
	b.console.t.Helper()
	b.find(name, "heading")
}

// apply calls a function in the page with the element as this, and stores its result in result.
func (f found) apply(function string, result any, arguments ...any) error {
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: f.object, ReturnByValue: new(true), UserGesture: new(true)}
	for _, argument := range arguments {
		value, err := json.Marshal(argument)
		if err != nil {
			return err
		}
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: value})
	}
	answer, err := call(f.tab, runtime.CallFunctionOn, params)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return errors.New(answer.ExceptionDetails.Text)
	case result == nil:
		return nil
	}
	return json.Unmarshal(answer.Result.Value, result)
}

// centre returns where the element can be hit: null until it has been scrolled into view and nothing lies above it.
const centre = `function() {
	const box = this.getClientRects()[0];
	if (box.top < 0 || box.bottom > innerHeight) {
		this.scrollIntoView({block: "center", behavior: "instant"});
		return null;
	}
	const x = box.left + box.width / 2, y = box.top + box.height / 2;
	const hit = document.elementFromPoint(x, y);
	return hit && this.contains(hit) ? [x, y] : null;
}`

// click presses the mouse on a link, a button or a box; or does the same with keys.
func (b *tab) click(name string) {
	b.console.t.Helper()
	b.clickOn(strconv.Quote(name), func() (found, error) { return b.look(name, acts...) })
}

// clickOn is click on what look finds.
func (b *tab) clickOn(what string, look func() (found, error)) {
	b.console.t.Helper()
	if b.keys {
		b.activate(what, look)
		return
	}
	var at []float64
	b.until("click "+what, func() error {
		element, err := look()
		if err != nil {
			return err
		}
		if err := element.apply(centre, &at); err != nil {
			return err
		}
		if len(at) != 2 {
			return errors.New("it is out of sight")
		}
		return nil
	})
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// field finds an input by its label.
func (b *tab) field(label string) found {
	b.console.t.Helper()
	return b.find(label, fields...)
}

// fill puts a text into an input in place of what stands there.
func (b *tab) fill(label, text string) {
	b.console.t.Helper()
	if b.keys {
		b.typeOver(label, text)
		return
	}
	b.until("fill "+label, func() error {
		return b.field(label).apply(`function() { this.focus(); this.select(); }`, nil)
	})
	must(b, input.InsertText, input.InsertTextParams{Text: text})
}

// choose chooses an option of a select by its text.
func (b *tab) choose(label, option string) {
	b.console.t.Helper()
	if b.keys {
		b.arrowTo(label, option)
		return
	}
	b.until(fmt.Sprintf("choose %q as %s", option, label), func() error {
		var chosen bool
		err := b.field(label).apply(`function(text) {
			const option = [...this.options].find((o) => o.text === text);
			if (option) { this.value = option.value; this.dispatchEvent(new Event("change", {bubbles: true})); }
			return option !== undefined;
		}`, &chosen, option)
		if err == nil && !chosen {
			err = errors.New("there is no such option")
		}
		return err
	})
}

// value returns what stands in an input.
func (b *tab) value(label string) (text string) {
	b.console.t.Helper()
	if err := b.field(label).apply(`function() { return this.value; }`, &text); err != nil {
		b.console.t.Fatal(err)
	}
	return text
}

// press presses keys, with the events of a keyboard. What a key writes goes with its way down, in one command: sent by
// itself it may reach what the key has opened meanwhile.
func (b *tab) press(keys string) {
	b.console.t.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text = string(key)
		}
		must(b, input.DispatchKeyEvent, down)
		must(b, input.DispatchKeyEvent, up)
	}
}

// text returns what the page says.
func (b *tab) text() string {
	text, err := evaluate[string](b, `document.body.innerText`)
	if err != nil {
		return ""
	}
	return text
}

// says waits until the page says all the texts.
func (b *tab) says(texts ...string) {
	b.console.t.Helper()
	for _, text := range texts {
		b.until(fmt.Sprintf("says %q", text), func() error {
			if !strings.Contains(b.text(), text) {
				return errors.New("does not stand there")
			}
			return nil
		})
	}
}

// rows waits until the list satisfies a condition on the texts of its rows.
func (b *tab) rows(what string, satisfied func(rows []string) bool) {
	b.console.t.Helper()
	b.until("rows: "+what, func() error {
		rows, err := evaluate[[]string](b, `[...document.querySelectorAll("tbody tr")].map((row) => row.innerText.replace(/\s+/g, " "))`)
		if err == nil && !satisfied(rows) {
			err = fmt.Errorf("are %q", rows)
		}
		return err
	})
}

// row waits for a row with a text that says all the others, too.
func (b *tab) row(text string, others ...string) {
	b.console.t.Helper()
	b.rows(fmt.Sprint(text, " with ", others), func(rows []string) bool {
		i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, text) })
		return i >= 0 && !slices.ContainsFunc(others, func(other string) bool { return !strings.Contains(rows[i], other) })
	})
}

// back goes back in the history of the tab, as the Back button does.
func (b *tab) back() {
	b.console.t.Helper()
	history := must(b, page.GetNavigationHistory, cdp.Empty{})
	before := b.loader()
	must(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	b.until("go back", func() error { // the page may look like the one before
		if b.loader() == before {
			return errors.New("has not gone back yet")
		}
		return nil
	})
}

// loader names the loading that has brought the page.
func (b *tab) loader() cdp.LoaderID {
	b.console.t.Helper()
	return must(b, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.LoaderID
}

// reload loads the page again.
func (b *tab) reload() {
	b.console.t.Helper()
	b.do(chromedp.Reload())
}
