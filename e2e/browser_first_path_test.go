package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestBrowserFirstPath(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkFirstPath(t, mouse)
}

func TestBrowserFirstPathWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkFirstPath(t, scriptOff)
}

func TestBrowserFirstPathByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkFirstPath(t, keyboard)
}

// walk is the first whole path through the console, by mouse or keyboard, or without script.
type walk struct {
	*console
	script       bool
	admin, smith *tab // two people with a browser each
}

func walkFirstPath(t *testing.T, with hands) {
	w := &walk{console: start(t, nil), script: with != scriptOff}
	w.admin, w.smith = w.tabFor(with), w.tabFor(with)
	w.step("set up with the code from the log", w.setUpWithCode)
	w.step("sign in", w.signIn)
	w.step("create integrations", w.createIntegrations)
	w.step("create a trigger", w.createTrigger)
	w.step("menu and dialog with the keyboard", w.useKeyboard)
	w.step("a field error stands at its field", w.refusedField)
	w.step("add a user", w.addUser)
	w.step("sign up with the mail", w.signUp)
	w.step("the list shows who is active", w.listActive)
	w.step("Slack and mail were told", w.readMessages)
	w.step("invite by link", w.inviteByLink)
	w.step("new link", w.newLink)
	w.step("revoke", w.revoke)
	w.step("search", w.search)
	w.step("sort", w.sort)
	w.step("FC68_BackShowsNothingAfterSignOut", w.signOut)
	w.step("FC103_NothingViolatesThePolicy", w.checkPolicy)
}

// step is one part of the walk. The next needs what it did, so a failure ends the walk.
func (w *walk) step(name string, take func()) {
	whole := w.t
	passed := whole.Run(name, func(t *testing.T) {
		w.t = t
		take()
	})
	w.t = whole
	if !passed {
		whole.FailNow()
	}
}

var setUpLink = regexp.MustCompile(`Set-up link: (\S+)`)

func (w *walk) setUpWithCode() {
	link := setUpLink.FindStringSubmatch(w.Log.String())
	if link == nil {
		w.t.Fatal("the log holds no set-up link")
	}
	w.admin.open("/settings/users")
	w.admin.heading("Set up the console")
	w.admin.open(link[1])
	w.admin.fill("Company", company)
	w.admin.fill("Cloud label", cloud)
	w.admin.fill("First name", "John")
	w.admin.fill("Last name (optional)", "Doe")
	w.admin.fill("Email", adminEmail)
	w.admin.fill("Password", adminPassword)
	w.admin.click("Set up")
	w.admin.heading("Sign in")
}

func (w *walk) signIn() {
	w.admin.fill("Email", adminEmail)
	w.admin.fill("Password", adminPassword)
	w.admin.click("Sign in")
	w.admin.heading("Users")
}

// sheet waits for a form: in a dialog where there is a script, else on a page of its own.
func (w *walk) sheet(title string) {
	w.t.Helper()
	w.admin.heading(title)
	w.admin.is(fmt.Sprintf(`(document.querySelector("dialog[open]") !== null) === %t`, w.script))
}

const (
	chat  = "Chat with admins"
	mails = "Mail to admins"
)

func (w *walk) createIntegrations() {
	w.admin.click("Integrations")
	w.admin.click("Slack")
	w.sheet("Add Slack integration")
	w.admin.fill("Integration name", chat)
	w.admin.fill("Webhook URL", w.Receiver.URL+"/services/T0/B0/secret")
	w.admin.click("Add integration")
	w.admin.says("The integration “" + chat + "” was added.")

	w.admin.click("Email")
	w.sheet("Add Email integration")
	w.admin.fill("Integration name", mails)
	w.admin.fill("Email addresses", adminEmail)
	w.admin.click("Add integration")
	w.admin.says("The integration “" + mails + "” was added.")
}

func (w *walk) createTrigger() {
	w.admin.click("Triggers")
	w.admin.says("There are no triggers yet")
	w.admin.click("Create trigger")
	w.admin.heading("Create a trigger")
	w.admin.fill("Name", "Added user")
	for _, box := range []string{"Roles: Any role", "Administrator", "Analyst", chat, mails} {
		w.admin.click(box)
	}
	w.admin.click("Create")
	w.admin.says("The trigger “Added user” was created.")
	w.admin.row("Added user", "role is Administrator or Analyst", chat+", "+mails)
	w.typeIntoSearch("Search triggers", "nothing")
	w.admin.says("No trigger matches “nothing”")
	w.admin.heading("Triggers") // once: only the list was drawn again
}

// typeIntoSearch types what is looked for. With a script the list follows; without one it takes Enter.
func (w *walk) typeIntoSearch(label, text string) {
	w.t.Helper()
	w.admin.fill(label, "")
	w.admin.press(text)
	if !w.script {
		w.admin.press(kb.Enter)
	}
}

// tabTo moves the focus with the Tab key until it is on the element with the id.
func (w *walk) tabTo(id string) {
	w.t.Helper()
	for range 40 {
		w.admin.press(kb.Tab)
		if focused, _ := evaluate[string](w.admin, `document.activeElement.id`); focused == id {
			return
		}
	}
	w.t.Fatalf("the Tab key does not reach #%s", id)
}

func (w *walk) useKeyboard() {
	w.admin.click("Users")
	w.admin.heading("Users")
	w.tabTo("account")
	w.admin.press(kb.Enter)
	w.admin.find("Sign out", "button")
	w.admin.press(kb.Escape)
	w.admin.is(`!document.getElementById("account-menu").matches(":popover-open")`)
	w.admin.is(`document.activeElement.id === "account"`)

	w.tabTo("add-user")
	w.admin.press(kb.Enter)
	w.sheet("Add new user")
	w.admin.is(`document.activeElement.id === "field-role"`)
	if w.script {
		w.admin.press(kb.Escape)
		w.admin.is(`document.querySelector("dialog[open]") === null`)
		w.admin.is(`document.activeElement.id === "add-user"`)
	} else {
		w.admin.click("Cancel")
		w.admin.heading("Users")
	}
}

func (w *walk) refusedField() {
	w.admin.click("Add new user")
	w.sheet("Add new user")
	w.admin.choose("Role", "Analyst")
	w.admin.fill("First name", "John")
	w.admin.fill("Last name (optional)", "Smith")
	w.admin.fill("Email", "johnsmith")
	w.admin.click("Add user")
	w.admin.says("Enter an email address like name@example.com.")
	w.sheet("Add new user")
	w.admin.is(`document.getElementById("field-email").getAttribute("aria-describedby").includes("field-email-error")`)
	w.admin.is(`document.getElementById("field-email-error").previousElementSibling.id === "field-email"`)
	if w.script {
		w.admin.is(`document.activeElement.id === "field-email"`)
	}
}

func (w *walk) addUser() {
	if kept := w.admin.value("First name"); kept != "John" {
		w.t.Errorf("the refused form has lost the first name: %q", kept)
	}
	w.admin.fill("Email", "johnsmith@example.com")
	w.admin.click("Add user")
	w.admin.says("John Smith was added.")
	w.admin.row("John Smith", "Invited", "Analyst", "johnsmith@example.com", "Never")
}

func (w *walk) signUp() {
	w.smith.open(w.Mail.WaitFor(w.t, "johnsmith@example.com").Link(w.t, "/signup/"))
	w.smith.heading("Join " + company)
	w.smith.says("John Doe", "Analyst")
	if first := w.smith.value("First name"); first != "John" {
		w.t.Errorf("the first name on the signup page is %q", first)
	}
	w.smith.fill("Choose a password", password("johnsmith"))
	w.smith.click("Join")
	w.smith.heading("Profile")
	w.smith.says("Your account is ready", "John Smith", "johnsmith@example.com", "Analyst")
}

func (w *walk) listActive() {
	w.admin.click("Active 1") // as it was when the page was drawn
	w.admin.find("Active 2", "link")
	w.admin.is(`location.search === "?tab=active"`)
	w.admin.row("John Smith", "Analyst", "just now")
	w.admin.rows("nobody is invited", func(rows []string) bool { return !strings.Contains(strings.Join(rows, ""), "Invited") })
}

func (w *walk) readMessages() {
	var message struct{ Text string }
	if err := json.Unmarshal(w.Receiver.Wait(w.t, 1)[0].Body, &message); err != nil {
		w.t.Fatal(err)
	}
	if want := escapeSlack(slackText); message.Text != want {
		w.t.Errorf("Slack was told\n%s\nnot\n%s", message.Text, want)
	}
	mail := w.Mail.WaitFor(w.t, adminEmail)
	if strings.TrimSpace(mail.Text) != slackText {
		w.t.Errorf("the mail says\n%s\nnot\n%s", mail.Text, slackText)
	}
	for _, part := range []string{"Hello John Doe,", "A new user <strong>John Smith</strong> with the role <strong>Analyst</strong> was added to the company account by <strong>John Doe</strong>."} {
		if !strings.Contains(mail.HTML, part) {
			w.t.Errorf("%q is missing in the mail:\n%s", part, mail.HTML)
		}
	}
}

// linkGuest is invited by a link.
const linkGuest = "anna@example.com"

// issued returns the link that is shown and leaves the page or dialog that shows it.
func (w *walk) issued() string {
	w.sheet("Signup link")
	link := w.admin.value("Link")
	if w.script {
		w.admin.click("Copy link")
		w.admin.says("Copied")
	} else {
		w.admin.says("Select the whole link and copy it.")
	}
	w.admin.click("Done")
	w.admin.heading("Users")
	if strings.Contains(w.admin.text(), link) {
		w.t.Error("the link is shown more than once")
	}
	return link
}

func (w *walk) inviteByLink() {
	w.admin.click("Invited 0")
	w.admin.says("Nobody is waiting to sign up")
	w.admin.click("Invite by link")
	w.sheet("Invite by link")
	w.admin.choose("User role", "Read Only")
	w.admin.choose("Time to expire link", "Week")
	w.admin.fill("Email", linkGuest)
	w.admin.click("Create link")
	link := w.issued()
	w.admin.row(linkGuest, "Read Only", "By link")
	w.smith.open(link)
	w.smith.heading("Join " + company)
}

// actions opens the menu in the row of the person invited by link.
func (w *walk) actions() {
	w.t.Helper()
	w.admin.click("Actions for " + linkGuest)
}

func (w *walk) newLink() {
	w.actions()
	w.admin.click("New link")
	w.admin.says("The link before this one no longer works.")
	link := w.issued()
	w.smith.reload() // the old link is open there
	w.smith.heading("There is a newer link")
	w.smith.open(link)
	w.smith.heading("Join " + company)
}

func (w *walk) revoke() {
	w.actions()
	w.admin.click("Revoke")
	w.sheet("Revoke invitation")
	w.admin.says("The signup link for " + linkGuest + " stops working at once.")
	w.admin.click("Revoke")
	w.admin.says("The invitation of " + linkGuest + " was revoked.")
	w.admin.find("Invited 0", "link")
	w.smith.reload()
	w.smith.heading("This invitation was withdrawn")
}

func (w *walk) search() {
	w.admin.click("All 2")
	w.admin.row("John Doe")
	w.typeIntoSearch("Search users", "SMI")
	w.admin.rows("only John Smith", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "John Smith") })
	w.admin.is(`location.search.includes("q=SMI")`)
	if w.script {
		w.admin.is(`document.activeElement.id === "user-search-text"`)
		w.admin.is(`document.getElementById("announcer").textContent === "1 user"`)
	}
	w.typeIntoSearch("Search users", "nobody")
	w.admin.says("Nobody here matches “nobody”")
	w.admin.click("clear search and filters")
	w.admin.row("John Doe")
}

func (w *walk) sort() {
	w.admin.click("Email")
	w.inOrder(adminEmail, "johnsmith@example.com")
	w.admin.is(`document.querySelector("th.col-email").getAttribute("aria-sort") === "ascending"`)
	w.admin.click("Email")
	w.inOrder("johnsmith@example.com", adminEmail)
	w.admin.is(`document.querySelector("th.col-email").getAttribute("aria-sort") === "descending"`)
	w.admin.back()
	w.inOrder(adminEmail, "johnsmith@example.com")
}

// inOrder waits for a list of these addresses in this order.
func (w *walk) inOrder(emails ...string) {
	w.t.Helper()
	w.admin.rows(fmt.Sprint(emails), func(rows []string) bool {
		return len(rows) == len(emails) && !slices.ContainsFunc(rows, func(row string) bool {
			return !strings.Contains(row, emails[slices.Index(rows, row)])
		})
	})
}

func (w *walk) signOut() {
	w.admin.click("Account of John Doe")
	w.admin.click("Sign out")
	w.admin.says("You are signed out.")
	w.admin.back()
	w.admin.is(`location.pathname === "/signin" && location.search.startsWith("?next=")`)
	w.admin.heading("Sign in")
	for _, private := range []string{"John", "example.com", company} {
		if strings.Contains(w.admin.text(), private) {
			w.t.Errorf("after signing out, Back shows %q:\n%s", private, w.admin.text())
		}
	}
	w.admin.is(`!/John|example\.com|</.test(JSON.stringify([{...localStorage}, {...sessionStorage}]))`)
}

func (w *walk) checkPolicy() {
	for _, trouble := range slices.Concat(w.admin.noticed(), w.smith.noticed()) {
		w.t.Error(trouble)
	}
	w.admin.heading("Sign in")
	if _, err := evaluate[bool](w.admin, `document.body.appendChild(Object.assign(document.createElement("img"), {src: "https://elsewhere.example/"})) !== null`); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, "a violation is noticed", func() bool { return len(w.admin.noticed()) > 0 })
}
