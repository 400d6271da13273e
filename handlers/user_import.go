package handlers

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"console/internal/account"
	"console/views"
)

func (h *Console) importForm(c request) error {
	return h.renderImport(c, http.StatusOK, values("send_invitations", "1"))
}

// importUsers shows what a file would do; with confirm it is done. The file stays with the browser in between: nothing
// is kept here that nobody has confirmed.
func (h *Console) importUsers(c request) error {
	file, err := uploaded(c)
	if err != nil {
		return err
	}
	in := account.ImportInput{File: file, TenantID: c.ID("tenant_id"), Send: c.FormValue("send_invitations") != ""}
	if c.FormValue("confirm") == "" {
		return h.previewImport(c, in, nil)
	}
	job, err := h.account.StartImport(c.Context(), c.Confirming(), in)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.previewImport(c, in, err)
	}
	if refused := refusal(err); refused != nil {
		return h.renderImport(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.goToJob(c, job)
}

// previewImport asks for confirmation; changed says that the last one was of something else.
func (h *Console) previewImport(c request, in account.ImportInput, changed error) error {
	read, err := h.account.PreviewImport(c.Context(), c.Actor(), in)
	if refused := refusal(err); refused != nil {
		return h.renderImport(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	return h.render(c, status, views.ImportPreview(views.ImportPreviewPage{Import: read, Form: f}))
}

// uploaded is the file of the form, or the text that the preview has kept of it.
func uploaded(c request) ([]byte, error) {
	header, err := c.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return []byte(strings.ReplaceAll(c.FormValue("file"), "\r\n", "\n")), nil // as browsers end the lines of a text
	}
	if err != nil {
		return nil, err
	}
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(file, account.MaxImport+1))
}

func (h *Console) renderImport(c request, status int, f views.Form) error {
	_, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	if f.Get("tenant_id") == "" {
		f.Values.Set("tenant_id", strconv.FormatInt(h.chosenTenant(c), 10))
	}
	return h.render(c, status, views.Import(views.ImportPage{Form: f, Tenants: tenants}))
}
