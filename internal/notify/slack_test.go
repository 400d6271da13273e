package notify

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSlackText(t *testing.T) {
	t.Parallel()
	r, err := writeSlack(letter{site: site, events: []Message{written(t, site, TemplateUserAdded, sampleUserAdded(), "")}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"text":"[Wallarm] Trigger: New user was added to the company account\n\nNotification type: create_user\n\n` +
		`A new user John Smith &lt;johnsmith@example.com&gt; with the role Analyst was added to the company account by John Doe &lt;johndoe@example.com&gt;.\n` +
		`This notification was triggered by the \"Added user\" trigger.\n\nClient: TestCompany\nCloud: EU","username":"wallarm"}`
	if string(r.body) != want {
		t.Errorf("body:\n%s\nwant:\n%s", r.body, want)
	}
}

func TestFC117_SlackMarkupIsEscapedOnce(t *testing.T) {
	t.Parallel()
	p := sampleUserAdded()
	p.User.Name = "A & B <!channel> <https://evil.example|ok> *x*"
	r, err := writeSlack(letter{site: site, events: []Message{written(t, site, TemplateUserAdded, p, "")}})
	if err != nil {
		t.Fatal(err)
	}
	var sent struct{ Text string }
	if err := json.Unmarshal(r.body, &sent); err != nil {
		t.Fatal(err)
	}
	if want := "A new user “A &amp; B &lt;!channel&gt; &lt;https : //evil . example|ok&gt; *x*” &lt;johnsmith@example.com&gt; with"; !strings.Contains(
		sent.Text,
		want,
	) {
		t.Errorf("the text lacks %q:\n%s", want, sent.Text)
	}
	if strings.ContainsAny(sent.Text, "<>") || strings.Contains(sent.Text, "&amp;amp;") || strings.Contains(sent.Text, "&amp;lt;") {
		t.Errorf("markup is left, or escaped twice:\n%s", sent.Text)
	}
}
