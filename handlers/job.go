package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
	"console/views"
)

const (
	// jobPatience is how long a form waits for its job, so that a short one is seen finished at once.
	jobPatience = time.Second
	// sheetPatience is how long sending a file may take.
	sheetPatience = 15 * time.Minute
	// shownOutcomes is how many refused people the page of a job lists; the report has all.
	shownOutcomes = 500
	// outcomesTogether is how many outcomes a report reads at once.
	outcomesTogether = 1000
)

// goToJob leads to the page of a job that has just been started.
func (h *Console) goToJob(c echo.Context, job store.Job) error {
	h.account.AwaitJob(c.Request().Context(), job.ID, jobPatience)
	return h.redirect(c, fmt.Sprintf("/settings/jobs/%d", job.ID), flash{})
}

func (h *Console) job(c echo.Context) error {
	job, err := h.ownJob(c)
	if err != nil {
		return err
	}
	page := views.JobPage{Job: job}
	if !job.Running() { // before, the page asks again and again how far it is, and shows nobody
		if page.Refused, err = h.account.JobRefusals(c.Request().Context(), actor(c), job.ID, shownOutcomes); err != nil {
			return err
		}
	}
	return h.renderPart(c, http.StatusOK, views.JobWhole(page), views.JobProgress(page))
}

func (h *Console) ownJob(c echo.Context) (store.Job, error) {
	id, err := pathID(c)
	if err != nil {
		return store.Job{}, err
	}
	return h.account.Job(c.Request().Context(), actor(c), id)
}

// jobReport is what became of everybody, as a table.
func (h *Console) jobReport(c echo.Context) error {
	job, err := h.ownJob(c)
	if err != nil {
		return err
	}
	sheet := h.startSheet(c, fmt.Sprintf("%s-%d.csv", job.Kind, job.ID), "email", "name", "role", "result", "reason")
	for after := -1; ; {
		outcomes, err := h.account.JobOutcomes(c.Request().Context(), actor(c), job.ID, after, outcomesTogether)
		if err != nil || len(outcomes) == 0 {
			return h.endSheet(c, sheet, err)
		}
		for _, o := range outcomes {
			after = o.Step
			result := "done"
			if o.Refusal != "" {
				result = "refused"
			}
			writeSheet(sheet, o.Email, o.Name, o.Role.Label(), result, o.Refusal)
		}
	}
}

func (h *Console) exportUsers(c echo.Context) error {
	var sheet *csv.Writer
	err := h.account.ExportUsers(c.Request().Context(), actor(c), userQuery(c), func() {
		sheet = h.startSheet(c, "users-"+h.Now().UTC().Format("2006-01-02")+".csv", "email", "first name", "last name", "role", "status", "2fa", "last auth", "groups")
	}, func(u account.Exported) error {
		twoFactor := "off"
		if u.SecondFactor {
			twoFactor = "on"
		}
		writeSheet(sheet, u.Email, u.FirstName, u.LastName, u.Role.Label(), string(u.Status()), twoFactor, moment(u.LastAuthAt), strings.Join(u.Groups, "; "))
		return sheet.Error()
	})
	if sheet == nil {
		return err
	}
	return h.endSheet(c, sheet, err)
}

// startSheet begins an answer that is a CSV file to be saved. Its rows are sent as they are written.
func (h *Console) startSheet(c echo.Context, name string, header ...string) *csv.Writer {
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	// A long file may take longer than a page; where the deadline cannot be moved, that of a page holds.
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(sheetPatience))
	c.Response().WriteHeader(http.StatusOK)
	sheet := csv.NewWriter(c.Response())
	sheet.UseCRLF = true // RFC 4180
	writeSheet(sheet, header...)
	return sheet
}

// endSheet sends what is left. An answer that failed half-way is cut, so that nobody takes it for whole.
func (h *Console) endSheet(c echo.Context, sheet *csv.Writer, err error) error {
	sheet.Flush()
	if err == nil {
		err = sheet.Error()
	}
	if err != nil {
		h.Log.Error("file cut short", "request_id", requestID(c), "route", c.Path(), "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeSheet writes one row. A cell that a spreadsheet would run as a formula is made text by an apostrophe; so is
// one that begins with white space before such a character.
func writeSheet(sheet *csv.Writer, cells ...string) {
	for i, cell := range cells {
		if isFormula(cell) {
			cells[i] = "'" + cell
		}
	}
	sheet.Write(cells) // the error is kept by sheet
}

func isFormula(cell string) bool {
	for _, r := range cell {
		switch r {
		case ' ', '\t', '\r', '\n':
			continue
		case '=', '+', '-', '@':
			return true
		}
		return false
	}
	return false
}

func moment(at store.Millis) string {
	if at == 0 {
		return "never"
	}
	return at.Time().Format(time.RFC3339)
}

func formInt(c echo.Context, field string) int {
	n, _ := strconv.Atoi(c.FormValue(field))
	return n
}
