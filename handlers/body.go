package handlers

import (
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	"console/internal/account"
)

// pieceOfForm is how much of a visitor's form is read at once, in bytes.
const pieceOfForm = 4 << 10

// readVisitor reads the form of somebody who has not signed in, before anything else is done for it, and refuses a larger
// one: at once where it says its size. It is kept in pieces, because a buffer that grows takes several times what it holds,
// and whoever stops half-way would keep all of that.
func (h *Console) readVisitor(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		asked := c.Request()
		if (request{c}).SignedIn() != nil || asked.ContentLength == 0 {
			return next(c)
		}
		if asked.ContentLength > account.MaxVisitorForm {
			return echo.ErrStatusRequestEntityTooLarge
		}
		form, err := pieces(asked.Body)
		if err != nil {
			return err
		}
		asked.Body = io.NopCloser(form)
		return next(c)
	}
}

// pieces reads a body of at most account.MaxVisitorForm bytes.
func pieces(body io.Reader) (*net.Buffers, error) {
	form := new(net.Buffers)
	for length := int64(0); ; {
		piece, n := make([]byte, min(pieceOfForm, account.MaxVisitorForm+1-length)), 0
		var err error
		for n < len(piece) && err == nil { // also of who sends byte by byte
			var more int
			more, err = body.Read(piece[n:])
			n += more
		}
		*form = append(*form, piece[:n])
		if length += int64(n); length > account.MaxVisitorForm {
			return nil, echo.ErrStatusRequestEntityTooLarge
		}
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, errCutForm(err)
		}
	}
}

// errCutForm refuses a form of which a part is missing or cannot be read.
func errCutForm(cause error) error {
	return echo.NewHTTPError(http.StatusBadRequest, "The form did not arrive as a whole. Send it again.").SetInternal(cause)
}

// unread returns err, with which a request is refused before its body is read: neither is it read for the page that says so.
func unread(c request, err error) error {
	if length := c.Request().ContentLength; length < 0 || length > account.MaxVisitorForm {
		hangUp(c)
	}
	c.Request().Body = http.NoBody
	return err
}

// hangUp ends the connection with the answer. Otherwise the server would first wait for what is left of the body.
func hangUp(c request) { c.Response().Header().Set("Connection", "close") }

// hangUpAfterChunks ends the connection after a request whose body came in chunks. Such a request may have said a length too, of which
// nothing is left by now. A proxy that goes by the length takes for part of it what would be read here as the next request, of
// whoever sends it (RFC 9112 §6.1). Browsers, and most proxies, say the length.
func hangUpAfterChunks(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
			hangUp(request{c})
		}
		return next(c)
	}
}
