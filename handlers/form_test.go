package handlers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestAFormIsReadHoweverItsTypeIsWritten(t *testing.T) {
	t.Parallel()
	const parts = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAnn\r\n--b--\r\n"
	for kind, body := range map[string]string{
		"multipart/form-data; boundary=b": parts, "Multipart/Form-Data; Boundary=b": parts,
		"application/x-www-form-urlencoded": "name=Ann", "Application/X-WWW-Form-URLEncoded": "name=Ann",
	} {
		c, _ := asked(http.MethodPost, "")
		c.Request().Header.Set(echo.HeaderContentType, kind)
		c.Request().Body = io.NopCloser(strings.NewReader(body))
		if err := parseForm(c.Request()); err != nil || c.FormValue("name") != "Ann" || form(c, nil).Get("name") != "Ann" {
			t.Errorf("%s: %v, %v", kind, form(c, nil).Values, err)
		}
	}
}
