package handlers

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/input"
	"console/internal/notify"
	"console/store"
	"console/views"
)

func (h *Console) newIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	return h.renderIntegration(c, http.StatusOK, views.IntegrationFormPage{Kind: kind, Form: h.newIntegrationFields(c, kind)})
}

// newIntegrationFields are what the form of a new integration begins with.
func (h *Console) newIntegrationFields(c request, kind notify.Kind) views.Form {
	fields := values("active", "1", "name", h.proposedName(c, kind.Label+" integration"))
	for name, value := range notify.Defaults(kind) {
		fields.Values.Set(name, value)
	}
	return fields
}

// proposedName is what something new is called unless somebody finds a better name.
func (h *Console) proposedName(c request, what string) string {
	name := what + " by " + c.SignedIn().User.DisplayName() + ", " + h.Now().UTC().Format("2 Jan")
	if utf8.RuneCountInString(name) > input.MaxTitle || input.RefuseName(name) != "" {
		return what
	}
	return name
}

// createIntegration answers with the signing secret of a new webhook when the form had a field for it: it is shown this
// once.
func (h *Console) createIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	in := integrationInput(c, kind, store.Integration{}, notify.Defaults(kind))
	made := giveSecret(kind, in.Settings)
	integration, err := h.account.CreateIntegration(c.Context(), c.Actor(), kind.Key, in)
	if refused := refusal(err); refused != nil {
		return h.renderIntegration(c, http.StatusUnprocessableEntity, views.IntegrationFormPage{Kind: kind, Form: form(c, refused),
			Draft: draft(c)})
	}
	if err != nil {
		return err
	}
	c.Set(keyMade, integration.ID)
	if made != "" && form(c, nil).Values.Has("secret") {
		page := views.SigningSecretPage{Integration: integration, Secret: made}
		if draft(c) != "" {
			page.Draft = choose(draft(c), integration)
		}
		return h.renderSecret(c, page)
	}
	if draft(c) != "" {
		return h.resumeWith(c, integration)
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” was added.")
}

// giveSecret makes a signing secret for a webhook that has none, which is to be shown this once, or returns "".
func giveSecret(kind notify.Kind, settings notify.Settings) string {
	if kind.Key != notify.KindWebhook || settings["secret"] != "" {
		return ""
	}
	settings["secret"] = notify.NewSigningSecret()
	return settings["secret"]
}

func (h *Console) editIntegration(c request, id int64) error {
	integration, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	fields := values("name", integration.Name, "version", strconv.FormatInt(integration.Version, 10))
	if integration.Active {
		fields.Values.Set("active", "1")
	}
	shown := settings
	if shown == nil {
		shown = notify.Defaults(kind)
	}
	for _, f := range kind.Fields {
		if !f.Secret() {
			fields.Values.Set(f.Name, shown[f.Name])
		}
	}
	return h.renderIntegration(c, http.StatusOK, savedIntegration(integration, settings, fields))
}

func (h *Console) updateIntegration(c request, id int64) error {
	before, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(before.Kind)
	in := integrationInput(c, kind, before, settings)
	made := ""
	if settings == nil {
		made = giveSecret(kind, in.Settings)
	}
	after, err := h.account.UpdateIntegration(c.Context(), c.Actor(), before.ID, c.ID("version"), in)
	if refused, status := formError(err); refused != nil {
		current, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderIntegration(c, status, savedIntegration(current, settings, again(c, refused, status, current.Version)))
	}
	if err != nil {
		return err
	}
	if made != "" {
		return h.renderSecret(c, views.SigningSecretPage{Integration: after, Secret: made})
	}
	return h.done(c, "/settings/integrations", "The integration “"+after.Name+"” was saved.")
}

// testNewIntegration tests what the form of an integration says before it is saved.
func (h *Console) testNewIntegration(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	in := integrationInput(c, kind, store.Integration{}, notify.Defaults(kind))
	results, err := h.account.TestIntegration(c.Context(), c.Actor(), kind.Key, 0, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

// testIntegration tests a saved integration: as the form says, or as it is saved where the request holds no form.
func (h *Console) testIntegration(c request, id int64) error {
	integration, settings, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	var in account.IntegrationInput
	if form(c, nil).Values.Has("name") {
		in = integrationInput(c, kind, integration, settings)
	}
	results, err := h.account.TestIntegration(c.Context(), c.Actor(), kind.Key, integration.ID, in)
	return h.renderTest(c, results, err, kind.Fields, "/settings/integrations")
}

// integrationInput is what the form says. A box that the form does not have keeps the setting so far: pages send "0"
// beside each box, so that one without a tick can be told from one that is not there.
func integrationInput(c request, kind notify.Kind, stored store.Integration, soFar notify.Settings) account.IntegrationInput {
	sent := form(c, nil).Values
	in := account.IntegrationInput{Name: sent.Get("name"), Active: sent.Get("active") != "", Settings: notify.Settings{}}
	for _, f := range kind.Fields {
		in.Settings[f.Name] = sent.Get(f.Name)
		switch {
		case f.Type == notify.FieldCheck:
			in.Settings[f.Name] = ticked(sent, f.Name, soFar[f.Name])
		case f.Type == notify.FieldHeaders:
			addHeaders(sent, f.Name, stored, in.Settings)
			if in.Settings[f.Name] == "" && sent.Has(notify.HeaderName(f.Name)) { // the form has rows, and all have been emptied
				in.Settings[notify.Forget(f.Name)] = "1"
			}
		case f.Type == notify.FieldCertificate:
			if file := certificateFile(c, f.Name); file != "" {
				in.Settings[f.Name] = file
			}
		case f.Secret() && !f.Required:
			in.Settings[notify.Forget(f.Name)] = sent.Get(notify.Forget(f.Name))
		}
	}
	return in
}

// addHeaders adds to settings the rows that are not empty, as lines of "Name: value", and which of the stored headers they show: a
// row of an earlier version of the integration shows none.
func addHeaders(sent url.Values, field string, stored store.Integration, settings notify.Settings) {
	var lines, rows []string
	values, shown := sent[notify.HeaderValue(field)], sent[notify.HeaderRow(field)]
	for i, name := range sent[notify.HeaderName(field)] {
		name, value, row := strings.TrimSpace(name), "", ""
		if i < len(values) {
			value = strings.TrimSpace(values[i])
		}
		if name == "" && value == "" {
			continue
		}
		if i < len(shown) {
			row = views.HeaderShown(shown[i], stored)
		}
		lines, rows = append(lines, notify.HeaderLine(name, value)), append(rows, row)
	}
	settings[field] = strings.Join(lines, "\n")
	if len(shown) > 0 {
		settings[notify.HeaderRow(field)] = strings.Join(rows, "\n")
	}
}

// certificateFile is the file that was chosen for a certificate, or "". What can be read of it stands in the field from now on, so that
// it need not be chosen again when something else of the form is refused.
func certificateFile(c request, field string) string {
	header, err := c.FormFile(notify.CertificateFile(field))
	if err != nil {
		return ""
	}
	file, err := header.Open()
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // it was only read
	read, err := io.ReadAll(file)       // no longer than a request may be
	if err != nil {
		return ""
	}
	text := notify.ReadCertificate(read)
	if utf8.ValidString(text) {
		form(c, nil).Values.Set(field, text)
	}
	return text
}

// ticked is "1" or "" for a box that the form has, and otherwise as it was.
func ticked(sent url.Values, name, soFar string) string {
	boxes := sent[name]
	switch {
	case len(boxes) == 0:
		return soFar
	case boxes[len(boxes)-1] == "1":
		return "1"
	}
	return ""
}

// renderIntegration shows the form. It holds what has just been typed into it, secrets too: a secret that silently got lost
// would leave the old one in use. Stored ones are masked.
func (h *Console) renderIntegration(c request, status int, page views.IntegrationFormPage) error {
	if page.Integration.ID != 0 {
		triggers, err := h.account.TriggersUsing(c.Context(), c.Actor(), page.Integration.ID)
		if err != nil {
			return err
		}
		failures, err := h.account.LastFailures(c.Context(), c.Actor())
		if err != nil {
			return err
		}
		holds, err := h.account.Holds(c.Context(), c.Actor())
		if err != nil {
			return err
		}
		page.Triggers, page.Failure = triggers, failures[page.Integration.ID]
		page.Hold = holds[notify.Target(page.Integration.Kind, page.Integration.ID)]
	}
	return h.renderPart(c, status, views.IntegrationForm(page), views.IntegrationFormPart(page))
}

// savedIntegration is the page of one that stands already, with f in its form.
func savedIntegration(i store.Integration, saved notify.Settings, f views.Form) views.IntegrationFormPage {
	kind, _ := notify.KindByKey(i.Kind)
	return views.IntegrationFormPage{Kind: kind, Integration: i, Form: f, Masked: notify.Mask(kind, saved), Unopened: saved == nil}
}
