package handlers

import (
	"fmt"
	"net/http"
	"time"

	"console/store"
	"console/views"
)

const (
	// jobPatience is how long a form waits for its job, so that a short one is seen finished at once.
	jobPatience = time.Second
	// shownOutcomes is how many refused people the page of a job lists; the report has all.
	shownOutcomes = 500
	// outcomesTogether is how many outcomes a report reads at once.
	outcomesTogether = 1000
)

// goToJob leads to the page of a job that has just been started.
func (h *Console) goToJob(c request, job store.Job) error {
	h.account.AwaitJob(c.Context(), job.ID, jobPatience)
	return h.redirect(c, views.JobLeadingBack(job.ID, h.cameFrom(c)), flash{})
}

func (h *Console) job(c request, id int64) error {
	job, err := h.account.Job(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.JobPage{Job: job}
	if !job.Running() { // before, the page asks again and again how far it is, and shows nobody
		if page.Refused, err = h.account.JobRefusals(c.Context(), c.Actor(), job.ID, shownOutcomes); err != nil {
			return err
		}
	}
	return h.renderPart(c, http.StatusOK, views.JobWhole(page), views.JobProgress(page))
}

// jobReport is what became of everybody, as a table.
func (h *Console) jobReport(c request, id int64) error {
	job, err := h.account.Job(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	report := startSheet(c, fmt.Sprintf("%s-%d.csv", job.Kind, job.ID), "email", "name", "role", "result", "reason")
	for after := -1; ; {
		outcomes, err := h.account.JobOutcomes(c.Context(), c.Actor(), job.ID, after, outcomesTogether)
		if err != nil || len(outcomes) == 0 {
			return report.file.end(c, h.Log, err)
		}
		for _, o := range outcomes {
			after = o.Step
			result := "done"
			if o.Refusal != "" {
				result = "refused"
			}
			if err := report.row(o.Email, o.Name, o.Role.Label(), result, o.Refusal); err != nil {
				return report.file.end(c, h.Log, err)
			}
		}
	}
}
