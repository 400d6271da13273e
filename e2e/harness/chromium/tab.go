// Package chromium shows pages in Chromium, and finds and does things there as people do: by mouse, by keyboard alone, or
// without script.
package chromium

import (
	"cmp"
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
	"github.com/chromedp/cdproto/browser"
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

	"console/e2e/harness"
)

// Main runs the tests of a package and closes the browser that they share.
func Main(m *testing.M) {
	status := m.Run()
	closeBrowser()
	os.Exit(status)
}

// chromium is the browser of this test binary. The first test that needs it starts it.
var chromium = sync.OnceValues(startChromium)

// closeBrowser ends the browser, once it has been started, and removes its profile.
var closeBrowser = func() {}

// Needless are pages of the browser's own, below its address bar, and processes in reserve: they take more time for each tab
// than the tab does.
const Needless = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess"

// program is the browser that CONSOLE_TEST_BROWSER names. Without that it is the shell of Chromium: it shows pages with the same
// engine, and takes less time for the windows around them, which nobody sees.
func program() (string, error) {
	name := cmp.Or(os.Getenv("CONSOLE_TEST_BROWSER"), "chromium-headless-shell")
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed: run `make tools`", name)
	}
	return path, nil
}

func startChromium() (context.Context, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "console-chromium-")
	if err != nil {
		return nil, err
	}
	allocator, stop := chromedp.NewExecAllocator(
		context.Background(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag(
			"disable-quic",
			true,
		),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-features", Needless),
	)
	running, _ := chromedp.NewContext(allocator)
	closeBrowser = func() {
		chromedp.Cancel(running)
		stop()
		os.RemoveAll(profile)
	}
	return running, chromedp.Do(running)
}

// tabPatience is how long a tab waits for what a page is to show. Only what never comes takes so long: it is for a machine on
// which others are at work.
const tabPatience = 2 * time.Minute

// Tab is a page of the browser with cookies of its own. It finds things as people and screen readers do, by role and
// name, and waits for what is not there yet.
type Tab struct {
	Console *harness.Console
	Script  bool // whether pages may run theirs
	Keys    bool // whether the person has a keyboard only
	Context context.Context

	mu       sync.Mutex
	troubles []string                       // what pages must not cause
	asked    []string                       // what the browser asked for the page: to leave, to discard
	stay     bool                           // whether such questions are answered no
	dialogs  []string                       // those that the keyboard has gone round
	document *network.EventResponseReceived // the answer that the page was made of
}

// NewTab opens an empty page in a browser context of its own.
func NewTab(c *harness.Console, script bool) *Tab {
	c.T.Helper()
	running, err := chromium()
	if err != nil {
		c.T.Fatal(err)
	}
	b := &Tab{Console: c, Script: script}
	ctx, closeTab := chromedp.NewContext(running, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.notice))
	c.T.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // not under a time limit: the tab would end with it
		c.T.Fatal(err)
	}
	b.Context = ctx
	Must(b, audits.Enable, cdp.Empty{})
	Must(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // tabs run beside each other
	// Browsers let a page write there whose button was pressed. The shell has nobody to ask.
	Must(b, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	})
	Must(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
	return b
}

// notice notes what no page may cause: violations of the content policy, uncaught exceptions and other errors. That
// forms are answered 422, what somebody else has changed 409 and dead links 410 is meant; so is that a search gives way to the next one, which htmx calls an
// error of the first.
func (b *Tab) notice(event any) {
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
			if said, _ := json.Marshal(e.Args); !givesWay(string(said)) {
				trouble = "console: " + string(said)
			}
		}
	case *browserlog.EventEntryAdded:
		meant := strings.Contains(e.Entry.Text, "status of 422") || strings.Contains(e.Entry.Text, "status of 409") ||
			strings.Contains(e.Entry.Text, "status of 410")
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

// givesWay says whether htmx tells of a request that gave way to the next one. It tells of it twice: that it ended, as it does of
// requests that failed, and that it was broken off. Of those that failed it says so in the second place, which is not meant.
func givesWay(said string) bool {
	return strings.Contains(said, "htmx:sendAbort") || strings.Contains(said, "htmx:afterRequest")
}

// answer answers a question that the browser asks for the page.
func (b *Tab) answer(question *page.EventJavascriptDialogOpening) {
	b.mu.Lock()
	b.asked = append(b.asked, strings.TrimSpace(fmt.Sprint(question.Type, " ", question.Message)))
	accept := !b.stay
	b.mu.Unlock()
	call(b, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: accept}) // the tab may be gone
}

// Answering answers the questions to come yes or no, and returns those asked so far.
func (b *Tab) Answering(accept bool) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.stay, b.asked = !accept, nil
	return asked
}

// Noticed returns what pages caused so far.
func (b *Tab) Noticed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.troubles)
}

// Answered returns the answer that the page was made of.
func (b *Tab) Answered() *network.EventResponseReceived {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.document
}

// call sends a command to the tab.
func call[P, R any](b *Tab, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(b.Context, tabPatience)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// Must is call, for commands that fail only when the browser does.
func Must[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.Console.T.Helper()
	result, err := call(b, command, params)
	if err != nil {
		b.Console.T.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// Do carries out actions of chromedp.
func (b *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.Console.T.Helper()
	ctx, cancel := context.WithTimeout(b.Context, tabPatience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.Console.T.Fatal(err)
	}
}

// Until tries again and again what a page that is loading or drawing itself does not allow yet.
func (b *Tab) Until(what string, try func() error) {
	b.Console.T.Helper()
	var err error
	for deadline := time.Now().Add(tabPatience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	text, _ := Evaluate[string](b, `location.pathname + location.search + "\n" + document.body.innerText`)
	b.Console.T.Fatalf("%s: %v; the page is\n%s\nand the browser noticed %q", what, err, text, b.Noticed())
}

// Evaluate returns the value of an expression in the page; it works where pages may not run scripts, too.
func Evaluate[T any](b *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.Context, tabPatience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// Is waits until an expression is true in the page.
func (b *Tab) Is(expression string) {
	b.Console.T.Helper()
	b.Until(expression, func() error {
		holds, err := Evaluate[bool](b, expression)
		if err == nil && !holds {
			err = errors.New("is not so")
		}
		return err
	})
}

// Open leads the tab to a path, or to an address.
func (b *Tab) Open(path string) {
	b.Console.T.Helper()
	if base := b.Console.URL.Path; strings.HasPrefix(path, "/") {
		path = base + strings.TrimPrefix(path, base)
	}
	to, err := b.Console.URL.Parse(path)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	b.Do(chromedp.Navigate(to.String()))
}

// Found is an element of the page.
type Found struct {
	tab    *Tab
	object runtime.RemoteObjectID
}

// Look returns the element with one of the roles and the name. There must be exactly one that is not hidden.
func (b *Tab) Look(name string, roles ...string) (Found, error) {
	document, err := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.readyState === "complete" ? document : null`})
	if err != nil {
		return Found{}, err
	}
	if document.Result.ObjectID == "" {
		return Found{}, errors.New("the page is still loading")
	}
	tree, err := call(b, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		ObjectID: document.Result.ObjectID, AccessibleName: name,
	})
	if err != nil {
		return Found{}, err
	}
	nodes := slices.DeleteFunc(tree.Nodes, func(n *accessibility.Node) bool {
		return n.Ignored || !slices.Contains(roles, words(n.Role)) || words(n.Name) != name
	})
	if len(nodes) != 1 {
		return Found{}, fmt.Errorf("there are %d", len(nodes))
	}
	resolved, err := call(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: nodes[0].BackendDOMNodeID})
	if err != nil {
		return Found{}, err
	}
	return Found{b, resolved.Object.ObjectID}, nil
}

// words are what a screen reader says, without the space that icons leave.
func words(value *accessibility.Value) (text string) {
	if value == nil || json.Unmarshal(value.Value, &text) != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// Find is look for as long as it takes.
func (b *Tab) Find(name string, roles ...string) (element Found) {
	b.Console.T.Helper()
	b.Until(fmt.Sprintf("find %s %q", roles[0], name), func() (err error) {
		element, err = b.Look(name, roles...)
		return err
	})
	return element
}

// Heading waits for a page or dialog with this heading.
func (b *Tab) Heading(name string) {
	b.Console.T.Helper()
	b.Find(name, "heading")
}

// Apply calls a function in the page with the element as this, and stores its result in result.
func (f Found) Apply(function string, result any, arguments ...any) error {
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

// Centre returns where the element can be hit: null until it has been scrolled into view and nothing lies above it.
const Centre = `function() {
	const box = this.getClientRects()[0];
	if (box.top < 0 || box.bottom > innerHeight) {
		this.scrollIntoView({block: "center", behavior: "instant"});
		return null;
	}
	const x = box.left + box.width / 2, y = box.top + box.height / 2;
	const hit = document.elementFromPoint(x, y);
	return hit && this.contains(hit) ? [x, y] : null;
}`

// Click presses the mouse on a link, a button or a box; or does the same with keys.
func (b *Tab) Click(name string) {
	b.Console.T.Helper()
	b.ClickOn(strconv.Quote(name), func() (Found, error) { return b.Look(name, acts...) })
}

// ClickOn is click on what look finds.
func (b *Tab) ClickOn(what string, look func() (Found, error)) {
	b.Console.T.Helper()
	if b.Keys {
		b.activate(what, look)
		return
	}
	var at []float64
	b.Until("click "+what, func() error {
		element, err := look()
		if err != nil {
			return err
		}
		if err := element.Apply(Centre, &at); err != nil {
			return err
		}
		if len(at) != 2 {
			return errors.New("it is out of sight")
		}
		return nil
	})
	b.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// Field finds an input by its label.
func (b *Tab) Field(label string) Found {
	b.Console.T.Helper()
	return b.Find(label, fields...)
}

// Fill puts a text into an input in place of what stands there.
func (b *Tab) Fill(label, text string) {
	b.Console.T.Helper()
	if b.Keys {
		b.typeOver(label, text)
		return
	}
	b.Until("fill "+label, func() error {
		return b.Field(label).Apply(`function() { this.focus(); this.select(); }`, nil)
	})
	Must(b, input.InsertText, input.InsertTextParams{Text: text})
}

// Choose chooses an option of a select by its text.
func (b *Tab) Choose(label, option string) {
	b.Console.T.Helper()
	if b.Keys {
		b.arrowTo(label, option)
		return
	}
	b.Until(fmt.Sprintf("choose %q as %s", option, label), func() error {
		var chosen bool
		err := b.Field(label).Apply(`function(text) {
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

// Value returns what stands in an input.
func (b *Tab) Value(label string) (text string) {
	b.Console.T.Helper()
	if err := b.Field(label).Apply(`function() { return this.value; }`, &text); err != nil {
		b.Console.T.Fatal(err)
	}
	return text
}

// Press presses keys, with the events of a keyboard. What a key writes goes with its way down, in one command: sent by
// itself it may reach what the key has opened meanwhile.
func (b *Tab) Press(keys string) {
	b.Console.T.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text = string(key)
		}
		Must(b, input.DispatchKeyEvent, down)
		Must(b, input.DispatchKeyEvent, up)
	}
}

// Text returns what the page says.
func (b *Tab) Text() string {
	text, err := Evaluate[string](b, `document.body.innerText`)
	if err != nil {
		return ""
	}
	return text
}

// Says waits until the page says all the texts.
func (b *Tab) Says(texts ...string) {
	b.Console.T.Helper()
	for _, text := range texts {
		b.Until(fmt.Sprintf("says %q", text), func() error {
			if !strings.Contains(b.Text(), text) {
				return errors.New("does not stand there")
			}
			return nil
		})
	}
}

// Rows waits until the list satisfies a condition on the texts of its rows.
func (b *Tab) Rows(what string, satisfied func(rows []string) bool) {
	b.Console.T.Helper()
	b.Until("rows: "+what, func() error {
		rows, err := Evaluate[[]string](b, `[...document.querySelectorAll("tbody tr")].map((row) => row.innerText.replace(/\s+/g, " "))`)
		if err == nil && !satisfied(rows) {
			err = fmt.Errorf("are %q", rows)
		}
		return err
	})
}

// Row waits for a row with a text that says all the others, too.
func (b *Tab) Row(text string, others ...string) {
	b.Console.T.Helper()
	b.Rows(fmt.Sprint(text, " with ", others), func(rows []string) bool {
		i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, text) })
		return i >= 0 && !slices.ContainsFunc(others, func(other string) bool { return !strings.Contains(rows[i], other) })
	})
}

// Back goes back in the history of the tab, as the Back button does.
func (b *Tab) Back() {
	b.Console.T.Helper()
	var history page.GetNavigationHistoryResult
	b.Until("the history ends with this page", func() error { // what the page has pushed reaches it a little later
		here, err := Evaluate[string](b, `location.href`)
		history = Must(b, page.GetNavigationHistory, cdp.Empty{})
		if now := history.Entries[history.CurrentIndex].URL; err == nil && now != here {
			err = fmt.Errorf("it ends with %s, not with %s", now, here)
		}
		return err
	})
	before := b.loader()
	Must(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	b.Until("go back", func() error { // the page may look like the one before
		if b.loader() == before {
			return errors.New("has not gone back yet")
		}
		return nil
	})
}

// loader names the loading that has brought the page.
func (b *Tab) loader() cdp.LoaderID {
	b.Console.T.Helper()
	return Must(b, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.LoaderID
}

// Reload loads the page again.
func (b *Tab) Reload() {
	b.Console.T.Helper()
	b.Do(chromedp.Reload())
}

// TabOf opens a tab in which the same person is signed in.
func TabOf(b *harness.Browser) *Tab {
	opened := NewTab(b.Console, true)
	opened.Adopt(b)
	return opened
}

// Adopt makes the tab carry the cookies of a browser.
func (b *Tab) Adopt(from *harness.Browser) {
	for _, cookie := range from.HTTP.Jar.Cookies(b.Console.URL) {
		Must(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: b.Console.URL.String()})
	}
}
