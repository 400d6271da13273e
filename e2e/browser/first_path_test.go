package browser

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

func TestBrowserFirstPath(t *testing.T) {
	t.Parallel()
	walkFirstPath(t, chromium.Mouse)
}

func TestBrowserFirstPathWithoutScript(t *testing.T) {
	t.Parallel()
	walkFirstPath(t, chromium.ScriptOff)
}

func TestBrowserFirstPathByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	walkFirstPath(t, chromium.Keyboard)
}

// walk is the first whole path through the console, by mouse or keyboard, or without script.
type walk struct {
	*harness.Console
	script       bool
	admin, smith *chromium.Tab // two people with a browser each
}

func walkFirstPath(t *testing.T, with chromium.Hands) {
	w := &walk{Console: harness.Start(t, nil), script: with != chromium.ScriptOff}
	w.admin, w.smith = chromium.NewTabFor(w.Console, with), chromium.NewTabFor(w.Console, with)
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
	whole := w.T
	passed := whole.Run(name, func(t *testing.T) {
		w.T = t
		take()
	})
	w.T = whole
	if !passed {
		whole.FailNow()
	}
}

var setUpLink = regexp.MustCompile(`"Set-up link","url":"([^"]+)"`)

func (w *walk) setUpWithCode() {
	link := setUpLink.FindStringSubmatch(w.Log.String())
	if link == nil {
		w.T.Fatal("the log holds no set-up link")
	}
	w.admin.Open("/settings/users")
	w.admin.Heading("Set up the console")
	w.admin.Open(link[1])
	w.admin.Fill("Company", harness.Company)
	w.admin.Fill("Cloud label", harness.Cloud)
	w.admin.Fill("First name", "John")
	w.admin.Fill("Last name (optional)", "Doe")
	w.admin.Fill("Email", harness.AdminEmail)
	w.admin.Fill("Password", harness.AdminPassword)
	w.admin.Click("Set up")
	w.admin.Heading("Sign in")
}

func (w *walk) signIn() {
	w.admin.Fill("Email", harness.AdminEmail)
	w.admin.Fill("Password", harness.AdminPassword)
	w.admin.Click("Sign in")
	w.admin.Heading("Users")
}

// sheet waits for a form: in a dialog where there is a script, else on a page of its own.
func (w *walk) sheet(title string) {
	w.T.Helper()
	w.admin.Heading(title)
	w.admin.Is(fmt.Sprintf(`(document.querySelector("dialog[open]") !== null) === %t`, w.script))
}

const (
	chat  = "Chat with admins"
	mails = "Mail to admins"
)

func (w *walk) createIntegrations() {
	w.admin.Click("Integrations")
	w.admin.Click("Slack")
	w.sheet("Add Slack integration")
	w.admin.Fill("Integration name", chat)
	w.admin.Fill("Webhook URL", w.Receiver.URL+"/services/T0/B0/secret")
	w.admin.Click("Add integration")
	w.admin.Says("The integration “" + chat + "” was added.")

	w.admin.Click("Email")
	w.sheet("Add Email integration")
	w.admin.Fill("Integration name", mails)
	w.admin.Fill("Email addresses", harness.AdminEmail)
	w.admin.Click("Add integration")
	w.admin.Says("The integration “" + mails + "” was added.")
}

func (w *walk) createTrigger() {
	w.admin.Click("Triggers")
	w.admin.Says("There are no triggers yet")
	w.admin.Click("Create trigger")
	w.admin.Heading("Create a trigger")
	w.admin.Fill("Name", "Added user")
	for _, box := range []string{"Roles: Any role", "Administrator", "Analyst", chat, mails} {
		w.admin.Click(box)
	}
	w.admin.Click("Create")
	w.admin.Says("The trigger “Added user” was created.")
	w.admin.Row("Added user", "role is Administrator or Analyst", chat+" "+mails)
	w.typeIntoSearch("Search triggers", "nothing")
	w.admin.Says("No trigger matches “nothing”")
	w.admin.Heading("Triggers") // once: only the list was drawn again
}

// typeIntoSearch types what is looked for. With a script the list follows; without one it takes Enter.
func (w *walk) typeIntoSearch(label, text string) {
	w.T.Helper()
	w.admin.Fill(label, "")
	w.admin.Press(text)
	if !w.script {
		w.admin.Press(kb.Enter)
	}
}

// tabTo moves the focus with the Tab key until it is on the element with the id.
func (w *walk) tabTo(id string) {
	w.T.Helper()
	for range 40 {
		w.admin.Press(kb.Tab)
		if focused, _ := chromium.Evaluate[string](w.admin, `document.activeElement.id`); focused == id {
			return
		}
	}
	w.T.Fatalf("the Tab key does not reach #%s", id)
}

func (w *walk) useKeyboard() {
	w.admin.Click("Users")
	w.admin.Heading("Users")
	w.tabTo("account")
	w.admin.Press(kb.Enter)
	w.admin.Find("Sign out", "button")
	w.admin.Press(kb.Escape)
	w.admin.Is(`!document.getElementById("account-menu").matches(":popover-open")`)
	w.admin.Is(`document.activeElement.id === "account"`)

	w.tabTo("add-user")
	w.admin.Press(kb.Enter)
	w.sheet("Add new user")
	w.admin.Is(`document.activeElement.id === "field-role"`)
	if w.script {
		w.admin.Press(kb.Escape)
		w.admin.Is(`document.querySelector("dialog[open]") === null`)
		w.admin.Is(`document.activeElement.id === "add-user"`)
	} else {
		w.admin.Click("Cancel")
		w.admin.Heading("Users")
	}
}

func (w *walk) refusedField() {
	w.admin.Click("Add new user")
	w.sheet("Add new user")
	w.admin.Choose("Role", "Analyst")
	w.admin.Fill("First name", "John")
	w.admin.Fill("Last name (optional)", "Smith")
	w.admin.Fill("Email", "johnsmith")
	w.admin.Click("Add user")
	w.admin.Says("Enter an email address like name@example.com.")
	w.sheet("Add new user")
	w.admin.Is(`document.getElementById("field-email").getAttribute("aria-describedby").includes("field-email-error")`)
	w.admin.Is(`document.getElementById("field-email-error").previousElementSibling.id === "field-email"`)
	if w.script {
		w.admin.Is(`document.activeElement.id === "field-email"`)
	}
}

func (w *walk) addUser() {
	if kept := w.admin.Value("First name"); kept != "John" {
		w.T.Errorf("the refused form has lost the first name: %q", kept)
	}
	w.admin.Fill("Email", "johnsmith@example.com")
	w.admin.Click("Add user")
	w.admin.Says("John Smith was added.")
	w.admin.Row("John Smith", "Invited", "Analyst", "johnsmith@example.com", "Never")
}

func (w *walk) signUp() {
	w.smith.Open(w.Mail.WaitFor(w.T, "johnsmith@example.com").Link(w.T, "/signup/"))
	w.smith.Heading("Join " + harness.Company)
	w.smith.Says("John Doe", "Analyst")
	if first := w.smith.Value("First name"); first != "John" {
		w.T.Errorf("the first name on the signup page is %q", first)
	}
	w.smith.Fill("Choose a password", harness.Password("johnsmith"))
	w.smith.Click("Join")
	w.smith.Heading("Profile")
	w.smith.Says("Your account is ready", "John Smith", "johnsmith@example.com", "Analyst")
}

func (w *walk) listActive() {
	w.admin.Click("Active 1") // as it was when the page was drawn
	w.admin.Find("Active 2", "link")
	w.admin.Is(`location.search === "?tab=active"`)
	w.admin.Row("John Smith", "Analyst", "just now")
	w.admin.Rows("nobody is invited", func(rows []string) bool { return !strings.Contains(strings.Join(rows, ""), "Invited") })
}

func (w *walk) readMessages() {
	var message struct{ Text string }
	if err := json.Unmarshal(w.Receiver.Wait(w.T, 1)[0].Body, &message); err != nil {
		w.T.Fatal(err)
	}
	if want := harness.EscapeSlack(harness.SlackText); message.Text != want {
		w.T.Errorf("Slack was told\n%s\nnot\n%s", message.Text, want)
	}
	mail := w.Mail.WaitFor(w.T, harness.AdminEmail)
	if strings.TrimSpace(mail.Text) != harness.SlackText {
		w.T.Errorf("the mail says\n%s\nnot\n%s", mail.Text, harness.SlackText)
	}
	for _, part := range []string{"Hello John Doe,", "A new user <strong>John Smith</strong> with the role <strong>Analyst</strong> was added to the company account by <strong>John Doe</strong>."} {
		if !strings.Contains(mail.HTML, part) {
			w.T.Errorf("%q is missing in the mail:\n%s", part, mail.HTML)
		}
	}
}

// linkGuest is invited by a link.
const linkGuest = "anna@example.com"

// issued returns the link that is shown and leaves the page or dialog that shows it, for where Done leads.
func (w *walk) issued() string {
	w.sheet("Signup link")
	link := w.admin.Value("Link")
	if w.script {
		w.admin.Click("Copy link")
		w.admin.Says("Copied")
	} else {
		w.admin.Says("Select the whole link and copy it.")
	}
	w.admin.Click("Done")
	w.admin.Is(`document.readyState === "complete" && !document.body.innerText.includes("Signup link")`)
	if strings.Contains(w.admin.Text(), link) {
		w.T.Error("the link is shown more than once")
	}
	return link
}

func (w *walk) inviteByLink() {
	w.admin.Click("Invited 0")
	w.admin.Says("Nobody is waiting to sign up")
	w.admin.Click("Invite by link")
	w.sheet("Invite by link")
	w.admin.Choose("User role", "Read Only")
	w.admin.Choose("Time to expire link", "Week")
	w.admin.Fill("Email", linkGuest)
	w.admin.Click("Create link")
	link := w.issued()
	w.admin.Find("Invited 1", "link") // Done led to the list in which the invited person has appeared
	w.admin.Row(linkGuest, "Read Only", "By link")
	w.smith.Open(link)
	w.smith.Heading("You are signed in as John Smith")
	w.smith.Click("Sign out and go on")
	w.smith.Heading("Join " + harness.Company)
}

// actions opens the menu in the row of the person invited by link.
func (w *walk) actions() {
	w.T.Helper()
	w.admin.Click("Actions for " + linkGuest)
}

func (w *walk) newLink() {
	w.actions()
	w.admin.Click("New link")
	w.admin.Says("The link before this one no longer works.")
	link := w.issued()
	w.admin.Open("/settings/users?tab=invited") // Done led back to where it began: the list, or without script the page of the person
	w.smith.Reload()                            // the old link is open there
	w.smith.Heading("There is a newer link")
	w.smith.Open(link)
	w.smith.Heading("Join " + harness.Company)
}

func (w *walk) revoke() {
	w.actions()
	w.admin.Click("Revoke")
	w.sheet("Revoke invitation")
	w.admin.Says("The signup link for " + linkGuest + " stops working at once.")
	w.admin.Click("Revoke")
	w.admin.Says("The invitation of " + linkGuest + " was revoked.")
	w.admin.Find("Invited 0", "link")
	w.smith.Reload()
	w.smith.Heading("This invitation was withdrawn")
}

func (w *walk) search() {
	w.admin.Click("All 2")
	w.admin.Row("John Doe")
	w.typeIntoSearch("Search users", "SMI")
	w.admin.Rows("only John Smith", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "John Smith") })
	w.admin.Is(`location.search.includes("q=SMI")`)
	if w.script {
		w.admin.Is(`document.activeElement.id === "user-search-text"`)
		w.admin.Is(`document.getElementById("announcer").textContent === "1 user"`)
	}
	w.typeIntoSearch("Search users", "nobody")
	w.admin.Says("Nobody here matches “nobody”")
	w.admin.Click("clear search and filters")
	w.admin.Row("John Doe")
}

func (w *walk) sort() {
	w.admin.Click("Email")
	w.inOrder(harness.AdminEmail, "johnsmith@example.com")
	w.admin.Is(`document.querySelector("th.col-email").getAttribute("aria-sort") === "ascending"`)
	w.admin.Click("Email")
	w.inOrder("johnsmith@example.com", harness.AdminEmail)
	w.admin.Is(`document.querySelector("th.col-email").getAttribute("aria-sort") === "descending"`)
	w.admin.Back()
	w.inOrder(harness.AdminEmail, "johnsmith@example.com")
}

// inOrder waits for a list of these addresses in this order.
func (w *walk) inOrder(emails ...string) {
	w.T.Helper()
	w.admin.Rows(fmt.Sprint(emails), func(rows []string) bool {
		return len(rows) == len(emails) && !slices.ContainsFunc(rows, func(row string) bool {
			return !strings.Contains(row, emails[slices.Index(rows, row)])
		})
	})
}

func (w *walk) signOut() {
	w.admin.Click("Account of John Doe")
	w.admin.Click("Sign out")
	w.admin.Says("You are signed out.")
	w.admin.Back()
	w.admin.Is(`location.pathname === "/signin" && location.search.startsWith("?next=")`)
	w.admin.Heading("Sign in")
	for _, private := range []string{"John", "example.com", harness.Company} {
		if strings.Contains(w.admin.Text(), private) {
			w.T.Errorf("after signing out, Back shows %q:\n%s", private, w.admin.Text())
		}
	}
	w.admin.Is(`!/John|example\.com|</.test(JSON.stringify([{...localStorage}, {...sessionStorage}]))`)
}

func (w *walk) checkPolicy() {
	for _, trouble := range slices.Concat(w.admin.Noticed(), w.smith.Noticed()) {
		w.T.Error(trouble)
	}
	w.admin.Heading("Sign in")
	if _, err := chromium.Evaluate[bool](
		w.admin,
		`document.body.appendChild(Object.assign(document.createElement("img"), {src: "https://elsewhere.example/"})) !== null`,
	); err != nil {
		w.T.Fatal(err)
	}
	harness.Eventually(w.T, "a violation is noticed", func() bool { return len(w.admin.Noticed()) > 0 })
}
