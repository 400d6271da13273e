package chromium

import (
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
)

// Hands are a way to work with the console.
type Hands int

const (
	Mouse     Hands = iota
	Keyboard        // alone: nothing is clicked
	ScriptOff       // with the mouse, in a browser that runs no script
)

// NewTabFor opens an empty page for somebody who works like this.
func NewTabFor(c *harness.Console, h Hands) *Tab {
	c.T.Helper()
	b := NewTab(c, h != ScriptOff)
	b.Keys = h == Keyboard
	return b
}

// mostPresses of the Tab key are what a way within a page may take: a list of users has fifty rows, with three stops in each
// (the box, the name and the menu), and the navigation and the filters before them.
const mostPresses = 220

// stop says where the focus is, seen from the element that is looked for, and what is wrong with that for somebody who sees.
// The focus must be visible (WCAG 2.4.7), not hidden behind something (2.4.11), not jump up the page on its way down (2.4.3),
// and not be lost where the page changes.
const stop = `function(forward) {
	const at = document.activeElement;
	if (!this.isConnected) return {where: "gone", name: "", trouble: ""};
	if (at === null || at === document.body) {
		return {where: "ahead", name: "nothing", trouble: window.lastStop ? "has the focus, which is lost: it was on " + window.lastStop.outerHTML.slice(0, 80) : ""};
	}
	const name = (at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.name || at.id).replace(/\s+/g, " ").trim().slice(0, 40);
	const before = (at.compareDocumentPosition(this) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
	const where = at === this ? "here" : before ? "behind" : "ahead";

	const style = getComputedStyle(at);
	const boxes = [...at.getClientRects()];
	let hit = null;
	const shows = (x, y) => {
		hit = document.elementFromPoint(x, y);
		return hit !== null && (at.contains(hit) || [...(at.labels || [])].some((label) => label.contains(hit)));
	};
	const seen = boxes.some((box) => [0.5, 0.1, 0.9].some((x) => [0.5, 0.1, 0.9].some((y) => shows(box.left + box.width * x, box.top + box.height * y))));
	const floats = (element) => element !== null && element.localName !== "dialog" && (/fixed|sticky/.test(getComputedStyle(element).position) || floats(element.parentElement));
	const last = window.lastStop;
	let jumps = false;
	if (forward && last && (last.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 && last.isConnected && last.checkVisibility() && !floats(last) && !floats(at)) {
		const from = last.getBoundingClientRect(), to = at.getBoundingClientRect();
		const tools = (element) => element.closest(".list-page") && !element.closest("table"); // what stands over a list is one place
		jumps = to.bottom <= from.top && to.left < from.right && !(tools(last) && tools(at));
	}
	window.lastStop = at;
	let trouble = "";
	if (at.id === "main") trouble = ""; // the content, where nothing can be pressed
	else if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) trouble = "has the focus and does not show it";
	else if (!seen) trouble = "has the focus and is hidden" + (hit ? " behind " + hit.outerHTML.slice(0, 80) : "");
	else if (jumps) trouble = "gets the focus from something below it";
	return {where, name: at.localName + " " + JSON.stringify(name), trouble};
}`

// reach moves the focus with the Tab key until it is on the element that look finds.
func (b *Tab) reach(what string, look func() (Found, error)) (element Found) {
	b.Console.T.Helper()
	var way []string
	var last string
	turns, began := 0, time.Now()
	b.Until("find "+what, func() (err error) { element, err = look(); return err })
	for key := ""; ; {
		var at struct{ Where, Name, Trouble string }
		if err := element.Apply(stop, &at, key == "forward"); err != nil || at.Where == "gone" { // the page has drawn itself again
			b.Until("find "+what, func() (err error) { element, err = look(); return err })
			continue
		}
		if at.Name == "nothing" && at.Trouble != "" && time.Since(began) < 3*time.Second { // the page may be about to bring it back
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if at.Trouble != "" {
			b.Console.T.Fatalf("on the way to %s, %s %s; the focus went %q", what, at.Name, at.Trouble, way)
		}
		if at.Where == "here" {
			return element
		}
		way = append(way, at.Name)
		if last != "" && at.Where != last {
			turns++
		}
		if last = at.Where; turns > 4 || len(way) > mostPresses {
			b.Console.T.Fatalf("the Tab key does not reach %s; the focus went %q", what, way)
		}
		if key = "forward"; at.Where == "behind" {
			key = "back"
		}
		b.TabKey(key == "back")
	}
}

// The modifiers of a key, as the browser counts them.
const ctrlKey, shiftKey = 2, 8

// TabKey presses Tab, or Shift and Tab.
func (b *Tab) TabKey(back bool) {
	b.Console.T.Helper()
	events := kb.Encode([]rune(kb.Tab)[0])
	down, up := *events[0], *events[len(events)-1]
	if back {
		down.Modifiers, up.Modifiers = shiftKey, shiftKey
	}
	Must(b, input.DispatchKeyEvent, down)
	Must(b, input.DispatchKeyEvent, up)
}

// The roles of what can be pressed, and of what can be filled.
var (
	acts   = []string{"link", "button", "checkbox", "DisclosureTriangle"}
	fields = []string{"textbox", "searchbox", "combobox", "spinbutton"}
)

// activate does with the keyboard what click does with the mouse. Where that opens a menu or a dialog, it also sees that
// Tab goes into it, and Escape closes it and gives the focus back.
func (b *Tab) activate(name string, look func() (Found, error)) {
	b.Console.T.Helper()
	element := b.reach(name, look)
	var kind, pattern string
	if err := element.Apply(`function() {
		window.pressed = this;
		const asks = this.type === "submit" ? this.form : this;
		const opens = asks.dataset.hxGet && asks.closest("[data-hx-target]")?.dataset.hxTarget === "#dialog" && !document.querySelector("dialog[open]");
		return this.type === "checkbox" ? "checkbox"
			: this.popoverTargetElement && !this.popoverTargetElement.matches(":popover-open") ? "menu"
			: opens ? "dialog" : "act";
	}`, &kind); err != nil {
		b.Console.T.Fatalf("press %s: %v", name, err)
	}
	switch kind {
	case "checkbox":
		b.Press(" ")
	case "menu":
		b.openMenu(name)
	case "dialog":
		_ = element.Apply(`function() { return this.href ? new URL(this.href).pathname : this.form.action + this.value; }`, &pattern)
		b.openDialog(name, look, digits.ReplaceAllString(pattern, "N"))
	default:
		b.Press(kb.Enter)
	}
}

var digits = regexp.MustCompile(`\d+`)

// openMenu opens a menu. Tab goes into it; Escape closes it, with the focus on its button.
func (b *Tab) openMenu(name string) {
	b.Console.T.Helper()
	b.Press(kb.Enter)
	b.Holds(name+" opens a menu", `pressed.popoverTargetElement.matches(":popover-open")`)
	if empty, _ := Evaluate[bool](b, `pressed.popoverTargetElement.querySelector("a, button") === null`); !empty {
		b.TabKey(false)
		b.Holds("Tab goes into the menu of "+name, `pressed.popoverTargetElement.contains(document.activeElement)`)
	}
	b.Press(kb.Escape)
	b.Holds("Escape closes the menu of "+name, `!pressed.popoverTargetElement.matches(":popover-open")`)
	b.Holds("Escape brings the focus back to "+name, `document.activeElement === pressed`)
	b.Press(kb.Enter)
	b.Holds(name+" opens a menu again", `pressed.popoverTargetElement.matches(":popover-open")`)
}

// focusBack says that the focus is where a dialog was opened from: on what was pressed, or on the button of its menu.
const focusBack = `(() => {
	const menu = pressed.closest("[popover]");
	const from = menu ? document.querySelector('[popovertarget="' + menu.id + '"]') : pressed;
	return document.activeElement === from || (from.id !== "" && document.activeElement.id === from.id);
})()`

// openDialog opens a dialog from what has the focus. The first time for dialogs of its kind, it sees that Tab stays in it, and that
// Escape closes it and brings the focus back.
func (b *Tab) openDialog(name string, look func() (Found, error), kind string) {
	b.Console.T.Helper()
	b.Press(kb.Enter)
	b.opened(name)
	if slices.Contains(b.dialogs, kind) {
		return
	}
	b.dialogs = append(b.dialogs, kind)
	b.staysWithin(name)
	b.Press(kb.Escape)
	b.Is(`document.querySelector("dialog[open]") === null`)
	b.Holds("Escape in the dialog of "+name+" brings the focus back", focusBack)
	menu, _ := Evaluate[string](b, `pressed.closest("[popover]") ? document.activeElement.getAttribute("aria-label") : ""`)
	if menu != "" {
		b.Click(menu)
		b.activate(name, look)
		return
	}
	b.Press(kb.Enter)
	b.opened(name)
}

// opened waits for the dialog, which takes the focus.
func (b *Tab) opened(name string) {
	b.Console.T.Helper()
	b.Is(`document.querySelector("dialog[open]") !== null`)
	b.Holds("the dialog of "+name+" takes the focus", `document.querySelector("dialog[open]").contains(document.activeElement)`)
}

// staysWithin goes once round a dialog.
func (b *Tab) staysWithin(name string) {
	b.Console.T.Helper()
	b.Is(`(window.first = document.activeElement) !== null`)
	for range 40 {
		b.TabKey(false)
		b.Holds(
			"Tab stays in the dialog of "+name,
			`document.activeElement === document.body || document.querySelector("dialog[open]").contains(document.activeElement)`,
		)
		if round, _ := Evaluate[bool](b, `document.activeElement === first`); round {
			return
		}
	}
}

// Holds waits a moment until an expression is true.
func (b *Tab) Holds(what, expression string) {
	b.Console.T.Helper()
	b.Until(what, func() error {
		holds, err := Evaluate[bool](b, expression)
		if err == nil && !holds {
			focus, _ := Evaluate[string](b, `document.activeElement.outerHTML.slice(0, 200)`)
			err = errors.New("no; the focus is on " + focus)
		}
		return err
	})
}

// reachField is reach for an input with this label.
func (b *Tab) reachField(label string) Found {
	b.Console.T.Helper()
	return b.reach(label, func() (Found, error) { return b.Look(label, fields...) })
}

// typeOver types a text into an input in place of what stands there.
func (b *Tab) typeOver(label, text string) {
	b.Console.T.Helper()
	b.reachField(label)
	Must(
		b,
		input.DispatchKeyEvent,
		input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "a", Code: "KeyA", WindowsVirtualKeyCode: 65,
			Modifiers: ctrlKey, Commands: []string{"selectAll"}},
	)
	Must(
		b,
		input.DispatchKeyEvent,
		input.DispatchKeyEventParams{
			Type:                  input.DispatchKeyEventTypeKeyUp,
			Key:                   "a",
			Code:                  "KeyA",
			WindowsVirtualKeyCode: 65,
			Modifiers:             ctrlKey,
		},
	)
	if text == "" {
		b.Press(kb.Delete)
		return
	}
	Must(b, input.InsertText, input.InsertTextParams{Text: text})
}

// arrowTo chooses an option of a select with the arrows.
func (b *Tab) arrowTo(label, option string) {
	b.Console.T.Helper()
	for range 60 {
		list := b.reachField(label)
		var steps *int
		if err := list.Apply(`function(text) {
			const option = [...this.options].find((o) => o.text === text);
			return option ? option.index - this.selectedIndex : null;
		}`, &steps, option); err != nil {
			continue // drawn again
		}
		switch {
		case steps == nil:
			b.Console.T.Fatalf("%s has no option %q", label, option)
		case *steps == 0:
			return
		case max(*steps, -*steps) > 30:
			b.Press(option) // its beginning, as people do in a long list
		case *steps > 0:
			b.Press(kb.ArrowDown)
		default:
			b.Press(kb.ArrowUp)
		}
	}
	b.Console.T.Fatalf("the arrows do not reach %q of %s", option, label)
}

// Element is what an expression finds in the page.
func (b *Tab) Element(expression string) (Found, error) {
	element, err := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: expression})
	if err == nil && element.Result.ObjectID == "" {
		err = errors.New("it is not there")
	}
	if err != nil {
		return Found{}, err
	}
	return Found{b, element.Result.ObjectID}, nil
}

// Attach chooses a file for the page's only field for files. The window in which people look for it is the browser's.
func (b *Tab) Attach(path string) {
	b.Console.T.Helper()
	look := func() (Found, error) {
		return b.Element(`document.querySelector('input[type="file"]')`)
	}
	var element Found
	if b.Keys {
		element = b.reach("the field for files", look)
	} else {
		b.Until("find the field for files", func() (err error) { element, err = look(); return err })
	}
	Must(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: element.object})
}
