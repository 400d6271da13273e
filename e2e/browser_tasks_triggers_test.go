package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func TestBrowserTasksTriggersByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithTriggers(t, keyboard)
}

func TestBrowserTasksTriggersWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithTriggers(t, scriptOff)
}

func workWithTriggers(t *testing.T, with hands) {
	c := ready(t, nil)
	admin := c.administrator()
	c.slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	admin.post("/settings/integrations/new?type=email", "name", mails, "active", "1", "emails", adminEmail).wants(http.StatusSeeOther)
	c.trigger(admin, "1")
	admin.invite("ann").wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.settled()
	c.work(with, []task{
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
		{"find a delivery", findDelivery},
		{"see what was delivered, and send it again", sendAgain},
	})
}

func createWebhook(w worker) {
	w.open("/settings/integrations")
	w.click("Webhook")
	w.fill("Integration name", "Inventory")
	w.fill("Webhook URL", w.console.Receiver.URL+"/hook")
	w.click("Advanced settings")
	w.choose("Request method", "PUT")
	w.fill("Request headers (optional)", "X-Team: security")
	w.fill("Request timeout, in seconds", "0")
	w.choose("Format of the events", "New line delimited JSON (NDJSON)")
	w.click("Add integration")
	w.is(`document.querySelector('[name="request_timeout"]').getAttribute("aria-invalid") === "true"`)
	w.fill("Request timeout, in seconds", "7")
	w.click("Add integration")
	w.heading("Signing secret")
	if secret := w.value("Signing secret"); !strings.HasPrefix(secret, "whsec_") {
		w.console.t.Errorf("the signing secret is %q", secret)
	}
	w.click("Done")
	w.says("Inventory")
}

func replaceSecret(w worker) {
	w.open("/settings/integrations")
	w.act("Inventory", "New signing secret")
	w.click("Make a new secret")
	w.says("Inventory has a new signing secret.")
	w.click("Done")
	w.heading("Integrations")
}

// editIntegration tests what the form says before it is saved. Without a script the result opens in a tab of its own.
func editIntegration(w worker) {
	before := len(w.console.Receiver.Requests())
	w.click("Inventory")
	w.fill("Integration name", "Asset list")
	w.click("Test integration")
	sent := w.console.Receiver.Wait(w.console.t, before+1)[before]
	if sent.Method != http.MethodPut || sent.Header.Get("X-Team") != "security" {
		w.console.t.Errorf("the test is %s with %v", sent.Method, sent.Header)
	}
	if w.script {
		w.says("the test message was delivered.")
	}
	w.click("Save")
	w.says("The integration “Asset list” was saved.")
}

func findIntegration(w worker) {
	w.open("/settings/integrations")
	w.search("Search integrations", "asset")
	w.is(`document.querySelectorAll(".integration").length === 1`)
	w.search("Search integrations", "nowhere")
	w.says("No integration matches “nowhere”")
	w.click("clear the search")
	w.says("Asset list")
}

func switchIntegration(w worker) {
	w.act("Asset list", "Disable")
	w.says("The integration “Asset list” is disabled.")
	w.click("Disabled 1")
	w.act("Asset list", "Enable")
	w.says("The integration “Asset list” is active.")
}

func deleteIntegration(w worker) {
	w.open("/settings/integrations")
	w.act("Asset list", "Delete")
	w.says("No trigger uses it.")
	w.click("Delete")
	w.says("The integration “Asset list” was deleted.")
}

func editTrigger(w worker) {
	before := len(w.console.Receiver.Requests())
	w.open("/settings/triggers")
	w.act("Added user", "Edit")
	w.fill("Name", "New colleague")
	w.fill("Description (optional)", "Tells the team who is new")
	w.choose("Condition", "User deleted")
	w.choose("Operator", "≠")
	w.click("Roles: Any role")
	w.click("Deploy")
	if w.script {
		w.find("Roles: Deploy", "DisclosureTriangle")
	}
	w.click("Test")
	if sent := w.console.Receiver.Wait(w.console.t, before+1)[before]; !strings.Contains(string(sent.Body), "[Test message]") {
		w.console.t.Errorf("the test says %s", sent.Body)
	}
	if w.script {
		w.says("the test message was delivered.")
	}
	w.click(mails)
	w.click("Save")
	w.says("The trigger “New colleague” was saved.")
	w.row("New colleague", "User deleted", "User's role is not Deploy", mails)
}

func switchTrigger(w worker) {
	w.act("New colleague", "Disable")
	w.says("The trigger “New colleague” is disabled.")
	w.click("Disabled 1")
	w.act("New colleague", "Enable")
	w.says("The trigger “New colleague” is enabled.")
}

func duplicateTrigger(w worker) {
	w.open("/settings/triggers")
	w.act("New colleague", "Duplicate")
	w.says("was created. It is disabled: edit it, then enable it.")
	w.find("All triggers 2", "link")
}

func findTrigger(w worker) {
	w.search("Search triggers", "nobody")
	w.says("No trigger matches “nobody”")
	w.click("clear the search")
	w.search("Search triggers", "colleague")
	w.row("New colleague")
}

func deleteTrigger(w worker) {
	w.open("/settings/triggers?tab=disabled")
	name, err := evaluate[string](w.tab, `document.querySelector("tbody .name").innerText`)
	if err != nil {
		w.console.t.Fatal(err)
	}
	w.act(name, "Delete")
	w.click("Delete")
	w.says("The trigger “" + name + "” was deleted.")
}

func findDelivery(w worker) {
	w.open("/settings/triggers")
	w.click("Deliveries")
	w.row("New colleague", "delivered")
	w.click("Failed")
	w.is(`document.querySelector("tbody") === null`)
	w.click("Delivered")
	w.filter("Integration", mails, "Show")
	w.is(`document.querySelector("tbody") === null`)
	w.filter("Trigger", "New colleague", "Show")
	w.click("show all deliveries")
	w.row("New colleague", "delivered")
}

// sendAgain begins at the delivery that stands first, under its time.
func sendAgain(w worker) {
	before := len(w.console.Receiver.Requests())
	w.clickOn("the first delivery", func() (found, error) { return w.element(`document.querySelector("tbody a")`) })
	w.heading("Delivery")
	w.says("New user was added to the company account")
	w.click("Send again")
	w.says("The message is being sent again.")
	w.console.Receiver.Wait(w.console.t, before+1)
}
