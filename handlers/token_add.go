package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"console/internal/account"
	"console/store"
	"console/views"
)

// offeredLife is how long the form offers a token to last.
const offeredLife = 90 * 24 * time.Hour

func (h *Console) newTokenForm(c request) error {
	return h.renderNewToken(c, http.StatusOK, values("expires", h.offeredExpiry(c), "kind", string(store.PersonalToken),
		"tenant_ids", strconv.FormatInt(h.chosenTenant(c), 10), "owner", c.QueryParam("owner")))
}

func (h *Console) createToken(c request) error {
	sent := form(c, nil).Values
	issued, err := h.account.CreateToken(c.Context(), c.Actor(), account.TokenInput{
		Name: c.FormValue("name"), Kind: store.TokenKind(c.FormValue("kind")), Owner: c.FormValue("owner"), Expires: c.FormValue("expires"),
		Permissions: sent["permissions"], Tenants: c.IDs("tenant_ids"), AllTenants: slices.Contains(sent["tenant_ids"], views.AllTenants),
	})
	if refused := refusal(err); refused != nil {
		return h.renderNewToken(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.renderIssuedToken(c, views.IssuedTokenPage{Token: issued})
}

func (h *Console) renderNewToken(c request, status int, f views.Form) error {
	choices, err := h.account.TokenChoices(c.Context(), c.Actor(), f.Values.Get("owner"))
	if err != nil {
		return err
	}
	page := views.NewTokenPage{Form: f, Choices: choices}
	return h.renderPart(c, status, views.NewToken(page), views.NewTokenPart(page))
}

func (h *Console) renderIssuedToken(c request, page views.IssuedTokenPage) error {
	return h.renderPart(c, http.StatusOK, views.IssuedToken(page), views.IssuedTokenPart(page))
}

// offeredExpiry is the day on which a form offers a token to expire, in the time zone of the person.
func (h *Console) offeredExpiry(c request) string {
	zone, err := time.LoadLocation(c.Session().User.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return h.Now().In(zone).Add(offeredLife).Format(time.DateOnly)
}
