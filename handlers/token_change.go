package handlers

import (
	"net/http"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/views"
)

// tokenForm is a form about a token, as a page and as a part of one.
type tokenForm struct {
	page, part func(views.TokenFormPage) templ.Component
}

var (
	disablesToken = tokenForm{views.DisableToken, views.DisableTokenPart}
	deletesToken  = tokenForm{views.DeleteToken, views.DeleteTokenPart}
	renewsToken   = tokenForm{views.RenewToken, views.RenewTokenPart}
	takesToken    = tokenForm{views.TakeOverToken, views.TakeOverTokenPart}
)

// show answers with a form about a token; err is why it was refused, or nil.
func (f tokenForm) show(h *Console, c request, token account.ShownToken, err error) error {
	refused, status := formError(err)
	page := views.TokenFormPage{Token: token, Form: form(c, refused)}
	if refused == nil {
		status, page.Form = http.StatusOK, views.Form{}
		if token.ExpiresAt != 0 {
			page.Form = values("expires", h.offeredExpiry(c))
		}
	}
	return h.renderPart(c, status, f.page(page), f.part(page))
}

// ask shows a form about a token.
func (f tokenForm) ask(h *Console, c request, id int64) error {
	token, err := h.account.TokenDetails(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return f.show(h, c, token, nil)
}

// again shows a form that was refused because of what was typed, and returns any other error.
func (f tokenForm) again(h *Console, c request, id int64, err error) error {
	if refusal(err) == nil {
		return err
	}
	token, broken := h.account.TokenDetails(c.Context(), c.Actor(), id)
	if broken != nil {
		return broken
	}
	return f.show(h, c, token, err)
}

func (h *Console) disableTokenForm(c request, id int64) error { return disablesToken.ask(h, c, id) }

func (h *Console) disableToken(c request, id int64) error {
	token, err := h.account.DisableToken(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, views.TokenPath(id, ""), "The token “"+token.Name+"” is disabled.")
}

func (h *Console) enableToken(c request, id int64) error {
	token, err := h.account.EnableToken(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, views.TokenPath(id, ""), "The token “"+token.Name+"” is enabled.")
}

func (h *Console) renewTokenForm(c request, id int64) error { return renewsToken.ask(h, c, id) }

func (h *Console) renewToken(c request, id int64) error {
	issued, err := h.account.RenewToken(c.Context(), c.Actor(), id, c.FormValue("expires"))
	if err != nil {
		return renewsToken.again(h, c, id, err)
	}
	return h.renderIssuedToken(c, views.IssuedTokenPage{Token: issued, Again: true})
}

func (h *Console) takeOverTokenForm(c request, id int64) error { return takesToken.ask(h, c, id) }

func (h *Console) takeOverToken(c request, id int64) error {
	issued, err := h.account.TakeOverToken(c.Context(), c.Actor(), id, c.FormValue("keep_value") != "")
	if err != nil {
		return takesToken.again(h, c, id, err)
	}
	if issued.Value == "" {
		return h.done(c, views.TokenPath(id, ""), "The token “"+issued.Name+"” is yours. Its value is as before.")
	}
	return h.renderIssuedToken(c, views.IssuedTokenPage{Token: issued, Again: true})
}

func (h *Console) deleteTokenForm(c request, id int64) error { return deletesToken.ask(h, c, id) }

func (h *Console) deleteToken(c request, id int64) error {
	token, err := h.account.DeleteToken(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, views.TokensPath, "The token “"+token.Name+"” was deleted.")
}
