package handlers

import (
	"maps"
	"net/http"
	"slices"

	"console/internal/account"
	"console/internal/notify"
	"console/views"
)

// renderTest says what became of a test, or what keeps it from being sent, by the labels of fields.
func (h *Console) renderTest(c request, results []account.TestResult, err error, fields []notify.Field, back string) error {
	page, status := views.TestPage{Results: results, Back: back}, http.StatusOK
	if refused := refusal(err); refused != nil {
		page.Refused, status = reasons(refused, fields), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return h.renderPart(c, status, views.Test(page), views.TestPart(page))
}

// reasons are what was refused of a form, each with the label of its field where it has one.
func reasons(refused account.Fields, fields []notify.Field) []string {
	labels := map[string]string{"name": "Name: "}
	for _, f := range fields {
		labels[f.Name] = f.Label + ": "
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		list = append(list, labels[name]+refused[name])
	}
	return list
}
