package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp/kb"
)

// The tests TestBrowserTasks… do with the keyboard alone, and in a browser without script, what the sections of the console are
// for. The walks TestBrowserFirstPath, TestBrowserUserList, TestBrowserGroups and TestBrowserAuthenticator do these
// tasks in the same two ways (and with the mouse):
//
//	set up · sign in and out · search and sort users · add a user · invite by link, copy the link · new link · revoke a link · sign up
//	edit user settings · disable several · enable one · delete with the typed address · filter users
//	create a group with permissions of its own · add users by search and by address · permissions of a person · take out of a group · delete a group
//	create integrations (email, Slack) · create a trigger with two reactions and a filter
//	set up an authenticator app, keep the recovery codes, sign in with one
//
// Passkeys need a script: TestBrowserPasskeys uses them with the mouse and with the keyboard.

// task is something that people come to the console for.
type task struct {
	name string
	do   func(w worker)
}

// worker is John Doe at work in a browser.
type worker struct{ *tab }

// work does tasks one after the other, and sees that the browser noticed no trouble. The next may need what those before it did, so a
// failure ends the work.
func (c *console) work(with hands, tasks []task) {
	whole := c.t
	w := worker{c.tabFor(with)}
	w.resize(1280)
	w.adopt(c.administrator())
	for _, task := range tasks {
		passed := whole.Run(task.name, func(t *testing.T) {
			c.t = t
			task.do(w)
		})
		if c.t = whole; !passed {
			whole.FailNow()
		}
	}
	for _, trouble := range w.noticed() {
		whole.Error(trouble)
	}
}

// search types what is looked for. With a script the list follows; without one it takes Enter.
func (w worker) search(label, text string) {
	w.console.t.Helper()
	w.fill(label, text)
	if !w.script {
		w.press(kb.Enter)
		w.is(fmt.Sprintf(`new URLSearchParams(location.search).get("q") === %q`, text))
	}
}

// filter chooses a filter of a list. Without a script it takes a button.
func (w worker) filter(label, option, button string) {
	w.console.t.Helper()
	w.choose(label, option)
	if !w.script {
		w.click(button)
	}
}

// act opens the menu of a row and chooses from it.
func (w worker) act(row, action string) {
	w.console.t.Helper()
	w.click("Actions for " + row)
	w.click(action)
}

// save clicks Save in one of several sections of a page.
func (w worker) save(section string) {
	w.console.t.Helper()
	w.clickOn("Save of "+section, func() (found, error) {
		return w.element(fmt.Sprintf(`document.readyState === "complete" ? [...document.querySelectorAll("section")].find((s) => s.querySelector("h2").innerText.trim() === %q)
			.querySelector("form button.button-primary") : null`, section))
	})
}

// fromTheEnd lets the keyboard begin at the end of the page, as Shift and Tab do there.
func (w worker) fromTheEnd() {
	w.console.t.Helper()
	if w.keys {
		w.is(`document.readyState === "complete"`)
		w.tabKey(true)
	}
}

// download chooses a link to a file and returns what the file holds.
func (w worker) download(link string) string {
	w.console.t.Helper()
	directory := w.console.t.TempDir()
	of := must(w.tab, target.GetTargetInfo, target.GetTargetInfoParams{}).TargetInfo.BrowserContextID
	must(w.tab, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{Behavior: downloads.SetDownloadBehaviorBehaviorAllow, BrowserContextID: of, DownloadPath: directory})
	w.click(link)
	var content []byte
	w.until("download the file behind "+link, func() error {
		files, err := filepath.Glob(filepath.Join(directory, "*.csv"))
		if err == nil && len(files) != 1 {
			err = fmt.Errorf("there are %d files", len(files))
		}
		if err == nil {
			content, err = os.ReadFile(files[0])
		}
		if err == nil && len(content) == 0 {
			err = errors.New("the file is empty so far")
		}
		return err
	})
	return string(content)
}

// file writes a file that can be chosen in a form.
func (w worker) file(name string, lines ...string) string {
	w.console.t.Helper()
	path := filepath.Join(w.console.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		w.console.t.Fatal(err)
	}
	return path
}
