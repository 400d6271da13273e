package handlers

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

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
