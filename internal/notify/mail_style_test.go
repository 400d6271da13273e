package notify

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"console/internal/fake"
	"console/store"
)

var (
	cssRule  = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
	cssColor = regexp.MustCompile(`(^|[;\s])(color|background):\s*#([0-9a-f]{6})`)
)

// colours returns the colours of each selector, as "color" and "background".
func colours(css string) map[string]map[string]string {
	found := map[string]map[string]string{}
	for _, rule := range cssRule.FindAllStringSubmatch(css, -1) {
		for _, selector := range strings.Split(rule[1], ",") {
			for _, c := range cssColor.FindAllStringSubmatch(rule[2], -1) {
				selector = strings.TrimSpace(selector)
				if found[selector] == nil {
					found[selector] = map[string]string{}
				}
				found[selector][c[2]] = c[3]
			}
		}
	}
	return found
}

// luminance is that of WCAG 2.2 for a colour in hexadecimal.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var parts [3]int
	if _, err := fmt.Sscanf(colour, "%02x%02x%02x", &parts[0], &parts[1], &parts[2]); err != nil {
		t.Fatalf("colour %s: %v", colour, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(parts[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	high, low := luminance(t, a), luminance(t, b)
	return (max(high, low) + 0.05) / (min(high, low) + 0.05)
}

func TestMailsAreReadableInLightAndDark(t *testing.T) {
	t.Parallel()
	html := written(t, site, TemplateInvitation, sampleInvitation(), "token").HTML
	_, css, _ := strings.Cut(html, "<style>")
	css, _, _ = strings.Cut(css, "</style>")
	light, dark, found := strings.Cut(css, "@media (prefers-color-scheme: dark) {")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	for scheme, rules := range map[string]map[string]map[string]string{"light": colours(light), "dark": colours(dark)} {
		checked := 0
		for selector, c := range rules {
			background := c["background"]
			if background == "" {
				background = rules["body"]["background"]
			}
			if c["color"] == "" {
				continue
			}
			checked++
			if ratio := contrast(t, c["color"], background); ratio < 4.5 {
				t.Errorf("%s: %s has a contrast of %.2f", scheme, selector, ratio)
			}
		}
		if checked < 7 {
			t.Errorf("%s: only %d colours: %v", scheme, checked, rules)
		}
	}
}

func TestABadRecipientHoldsUpNobody(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	server.RefuseRecipient("gone@example.com", 550, "no such mailbox")
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	i := h.integration(KindEmail, Settings{"emails": "gone@example.com\na@example.com\nb@example.com"})
	var queued []store.Delivery
	for _, to := range []string{"gone@example.com", "a@example.com", "b@example.com"} {
		queued = append(
			queued,
			h.queue(
				store.Delivery{Kind: KindEmail, IntegrationID: i.ID, Recipient: to, Template: TemplateUserAdded, Params: params(t, sampleUserAdded())},
				"",
			),
		)
	}
	h.start()
	h.wait(queued[1], delivered)
	h.wait(queued[2], delivered)
	got := h.wait(queued[0], func(d store.Delivery) bool { return d.State == store.Failed })
	attempts, err := h.options.DB.Attempts(t.Context(), got.ID)
	if err != nil || len(attempts) != 1 || attempts[0].Status != 550 ||
		!strings.HasPrefix(attempts[0].Error, "the mail server refused the recipient (550") {
		t.Errorf("%+v, %v", attempts, err)
	}
	if attempts, err := h.options.DB.Attempts(
		t.Context(),
		queued[1].ID,
	); err != nil || len(attempts) != 1 || attempts[0].Status != 250 ||
		attempts[0].Error != "" {
		t.Errorf("%+v, %v", attempts, err)
	}
}
