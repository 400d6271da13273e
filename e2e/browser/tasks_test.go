package browser

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

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// The tests TestBrowserTasks… do with the keyboard alone, and in a browser without script, what the sections of the console are
// for. The walks TestBrowserFirstPath, TestBrowserUserList, TestBrowserGroups and TestBrowserAuthenticator do these
// tasks in the same two ways (and with the mouse):
//
//	set up · sign in and out · search and sort users · add a user · invite by link, copy the link · new link · revoke a link · sign up
//	edit user settings · disable several · enable one · delete with the typed address · filter users
// 	create a group with permissions of its own · add users by search and by address · permissions of a person · take out of a group ·
// delete a group
//	create integrations (email, Slack) · create a trigger with two reactions and a filter
//	set up an authenticator app, keep the recovery codes, sign in with one
//
// Passkeys need a script: TestBrowserPasskeys uses them with the mouse and with the keyboard.

// task is something that people come to the console for.
type task struct {
	name string
	do   func(w worker)
}

// atLength leaves a test to make test-long: every task with the keyboard takes as long as everything else in the browser, and the
// walks through sign-in, the list of users, groups and second factors use the keyboard already. Without a script, those of users and of
// groups, and the first path, stand for all.
func atLength(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make test-long does it")
	}
}

// worker is John Doe at work in a browser.
type worker struct{ *chromium.Tab }

// work does tasks one after the other, and sees that the browser noticed no trouble. The next may need what those before it did, so a
// failure ends the work.
func work(c *harness.Console, with chromium.Hands, tasks []task) {
	whole := c.T
	w := worker{chromium.NewTabFor(c, with)}
	w.Resize(1280)
	w.Adopt(c.Administrator())
	for _, task := range tasks {
		passed := whole.Run(task.name, func(t *testing.T) {
			c.T = t
			task.do(w)
		})
		if c.T = whole; !passed {
			whole.FailNow()
		}
	}
	for _, trouble := range w.Noticed() {
		whole.Error(trouble)
	}
}

// search types what is looked for. With a script the list follows; without one it takes Enter.
func (w worker) search(label, text string) {
	w.Console.T.Helper()
	w.Fill(label, text)
	if !w.Script {
		w.Press(kb.Enter)
		w.Is(fmt.Sprintf(`new URLSearchParams(location.search).get("q") === %q`, text))
	}
}

// filter chooses a filter of a list. Without a script it takes a button.
func (w worker) filter(label, option, button string) {
	w.Console.T.Helper()
	w.Choose(label, option)
	if !w.Script {
		w.Click(button)
	}
}

// act opens the menu of a row and chooses from it.
func (w worker) act(row, action string) {
	w.Console.T.Helper()
	w.Click("Actions for " + row)
	w.Click(action)
}

// save clicks Save in one of several sections of a page.
func (w worker) save(section string) {
	w.Console.T.Helper()
	w.ClickOn("Save of "+section, func() (chromium.Found, error) {
		return w.Element(
			fmt.Sprintf(
				`document.readyState === "complete" ? [...document.querySelectorAll("section")].find((s) => s.querySelector("h2").innerText.trim() === %q)
			.querySelector("form button.button-primary") : null`,
				section,
			),
		)
	})
}

// fromTheEnd lets the keyboard begin at the end of the page, as Shift and Tab do there.
func (w worker) fromTheEnd() {
	w.Console.T.Helper()
	if w.Keys {
		w.Is(`document.readyState === "complete"`)
		w.TabKey(true)
	}
}

// download chooses a link to a file and returns what the file holds.
func (w worker) download(link string) string {
	w.Console.T.Helper()
	directory := w.Console.T.TempDir()
	of := chromium.Must(w.Tab, target.GetTargetInfo, target.GetTargetInfoParams{}).TargetInfo.BrowserContextID
	chromium.Must(
		w.Tab,
		downloads.SetDownloadBehavior,
		downloads.SetDownloadBehaviorParams{Behavior: downloads.SetDownloadBehaviorBehaviorAllow, BrowserContextID: of, DownloadPath: directory},
	)
	w.Click(link)
	var content []byte
	w.Until("download the file behind "+link, func() error {
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
	w.Console.T.Helper()
	path := filepath.Join(w.Console.T.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		w.Console.T.Fatal(err)
	}
	return path
}
