package browser

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

func TestBrowserTasksTriggersByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithTriggers(t, chromium.Keyboard)
}

func TestBrowserTasksTriggersWithoutScript(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithTriggers(t, chromium.ScriptOff)
}

func workWithTriggers(t *testing.T, with chromium.Hands) {
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	admin.Post("/settings/integrations/new?type=email", "name", mails, "active", "1", "emails", harness.AdminEmail).Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Settled()
	work(c, with, []task{
		{"create a webhook with advanced settings", createWebhook},
		{"replace the signing secret", replaceSecret},
		{"edit and test an integration", editIntegration},
		{"find an integration", findIntegration},
		{"disable and enable an integration", switchIntegration},
		{"delete an integration", deleteIntegration},
		{"edit and test a trigger", editTrigger},
		{"disable and enable a trigger", switchTrigger},
		{"duplicate a trigger", duplicateTrigger},
		{"find a trigger", findTrigger},
		{"delete a trigger", deleteTrigger},
		{"create a trigger, and its reactions from the editor", createTrigger},
		{"find a delivery", findDelivery},
		{"see what was delivered, and send it again", sendAgain},
	})
}

func createWebhook(w worker) {
	w.Open("/settings/integrations")
	w.Click("Webhook")
	w.Fill("Integration name", "Inventory")
	w.Fill("Webhook URL", w.Console.Receiver.URL+"/hook")
	w.Click("Advanced settings")
	w.Choose("Request method", "PUT")
	w.Fill("Name of header 1", "X-Team")
	w.Fill("Value of header 1", "security")
	if w.Script { // without one there are rows enough
		w.Click("Add header")
		w.Fill("Name of header 2", "X-Gone")
		w.Click("Remove header 2")
		w.Click("Add header")
	}
	w.Fill("Name of header 2", "X-Second")
	w.Fill("Value of header 2", "second")
	w.Fill("Request timeout, in seconds", "0")
	w.Choose("Format of the events", "New line delimited JSON (NDJSON)")
	w.Click("Add integration")
	w.Is(`document.querySelector('[name="request_timeout"]').getAttribute("aria-invalid") === "true"`)
	w.Fill("Request timeout, in seconds", "7")
	w.Click("Add integration")
	w.Heading("Signing secret")
	if secret := w.Value("Signing secret"); !strings.HasPrefix(secret, "whsec_") {
		w.Console.T.Errorf("the signing secret is %q", secret)
	}
	w.Click("Done")
	w.Says("Inventory")
}

func replaceSecret(w worker) {
	w.Open("/settings/integrations")
	w.act("Inventory", "New signing secret")
	w.Click("Make a new secret")
	w.Says("Inventory has a new signing secret.")
	w.Click("Done")
	w.Heading("Integrations")
}

// editIntegration tests what the form says before it is saved. Without a script the result opens in a tab of its own.
func editIntegration(w worker) {
	before := len(w.Console.Receiver.Requests())
	w.Click("Inventory")
	w.Fill("Integration name", "Asset list")
	w.Click("Test integration")
	sent := w.Console.Receiver.Wait(w.Console.T, before+1)[before]
	if sent.Method != http.MethodPut || sent.Header.Get("X-Team") != "security" || sent.Header.Get("X-Second") != "second" ||
		sent.Header.Get("X-Gone") != "" {
		w.Console.T.Errorf("the test is %s with %v", sent.Method, sent.Header)
	}
	if w.Script {
		w.Says("the test message was delivered.")
	}
	w.Click("Save")
	w.Says("The integration “Asset list” was saved.")
}

func findIntegration(w worker) {
	w.Open("/settings/integrations")
	w.search("Search integrations", "asset")
	w.Is(`document.querySelectorAll(".integration").length === 1`)
	w.search("Search integrations", "nowhere")
	w.Says("No integration matches “nowhere”")
	w.Click("clear the search")
	w.Says("Asset list")
}

func switchIntegration(w worker) {
	w.act("Asset list", "Disable")
	w.Says("The integration “Asset list” is disabled.")
	w.Click("Disabled 1")
	w.act("Asset list", "Enable")
	w.Says("The integration “Asset list” is active.")
}

func deleteIntegration(w worker) {
	w.Open("/settings/integrations")
	w.act("Asset list", "Delete")
	w.Says("No trigger uses it.")
	w.Click("Delete")
	w.Says("The integration “Asset list” was deleted.")
}

func editTrigger(w worker) {
	before := len(w.Console.Receiver.Requests())
	w.Open("/settings/triggers")
	w.act("Added user", "Edit")
	w.Fill("Name", "New colleague")
	w.Fill("Description (optional)", "Tells the team who is new")
	w.Choose("Condition", "User deleted")
	w.Choose("Operator", "≠")
	w.Click("Roles: Any role")
	w.Click("Deploy")
	if w.Script {
		w.Find("Roles: Deploy", "DisclosureTriangle")
	}
	w.Click("Test")
	if sent := w.Console.Receiver.Wait(w.Console.T, before+1)[before]; !strings.Contains(string(sent.Body), "[Test message]") {
		w.Console.T.Errorf("the test says %s", sent.Body)
	}
	if w.Script {
		w.Says("the test message was delivered.")
	}
	w.Click(mails)
	w.Click("Save")
	w.Says("The trigger “New colleague” was saved.")
	w.Row("New colleague", "User deleted", "User's role is not Deploy", mails)
}

func switchTrigger(w worker) {
	w.act("New colleague", "Disable")
	w.Says("The trigger “New colleague” is disabled.")
	w.Click("Disabled 1")
	w.act("New colleague", "Enable")
	w.Says("The trigger “New colleague” is enabled.")
}

func duplicateTrigger(w worker) {
	w.Open("/settings/triggers")
	w.act("New colleague", "Duplicate")
	w.Says("was created. It is disabled: edit it, then enable it.")
	w.Find("All triggers 2", "link")
}

func findTrigger(w worker) {
	w.search("Search triggers", "nobody")
	w.Says("No trigger matches “nobody”")
	w.Click("clear the search")
	w.search("Search triggers", "colleague")
	w.Row("New colleague")
}

func deleteTrigger(w worker) {
	w.Open("/settings/triggers?tab=disabled")
	name, err := chromium.Evaluate[string](w.Tab, `document.querySelector("tbody .name").innerText`)
	if err != nil {
		w.Console.T.Fatal(err)
	}
	w.act(name, "Delete")
	w.Click("Delete")
	w.Says("The trigger “" + name + "” was deleted.")
}

// createTrigger leaves the editor for the form of an integration and comes back to what was entered.
func createTrigger(w worker) {
	w.Open("/settings/triggers/new")
	w.Fill("Name", "Leavers")
	w.Choose("Condition", "User deleted")
	w.Click("Add: Email")
	w.Heading("Add Email integration")
	w.Fill("Integration name", "Personnel")
	w.Fill("Email addresses", "personnel@example.com")
	w.Click("Add integration")
	w.Says("The integration “Personnel” was added.")
	w.Click("Send to me")
	w.Says("The trigger will send to you")
	w.Click("Create")
	w.Says("The trigger “Leavers” was created.")
	w.Row("Leavers", "User deleted", "Personnel", mails)
}

func findDelivery(w worker) {
	w.Open("/settings/triggers")
	w.Click("Deliveries")
	w.Row("New colleague", "delivered")
	w.Click("Failed")
	w.Is(`document.querySelector("tbody") === null`)
	w.Click("Delivered")
	w.filter("Integration", mails, "Show")
	w.Is(`document.querySelector("tbody") === null`)
	w.filter("Trigger", "New colleague", "Show")
	w.Click("show all deliveries")
	w.Row("New colleague", "delivered")
}

// sendAgain begins at the delivery that stands first, under its time.
func sendAgain(w worker) {
	before := len(w.Console.Receiver.Requests())
	w.ClickOn("the first delivery", func() (chromium.Found, error) { return w.Element(`document.querySelector("tbody a")`) })
	w.Heading("Delivery")
	w.Says("New user was added to the company account")
	w.Click("Send again")
	w.Says("The message is being sent again.")
	w.Console.Receiver.Wait(w.Console.T, before+1)
}

// The filter that goes with the condition is shown, and that needs no script.
func TestSettingsChanged_TheFilterFollowsTheCondition(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	tab := chromium.NewTab(c, true)
	tab.Adopt(c.Administrator())
	tab.Open("/settings/triggers/new")
	tab.Is(`document.querySelector(".filter-of-people").checkVisibility() && !document.querySelector(".filter-of-settings").checkVisibility()`)
	tab.Choose("Condition", "Settings changed")
	tab.Is(`!document.querySelector(".filter-of-people").checkVisibility() && document.querySelector(".filter-of-settings").checkVisibility()`)
}
