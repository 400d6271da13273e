package handlers

import (
	"encoding/csv"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
)

// byteOrderMark tells spreadsheets that a file is UTF-8: without it, a double click opens it in an old code page.
var byteOrderMark = []byte("\ufeff")

// startSheet begins an answer that is a CSV file to be saved. Its rows are sent as they are written.
func (h *Console) startSheet(c request, name string, header ...string) *csv.Writer {
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	// A long file may take longer than a page; where the deadline cannot be moved, that of a page holds.
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(sheetPatience))
	c.Response().WriteHeader(http.StatusOK)
	_, _ = c.Response().Write(byteOrderMark) // the writer of rows meets the same error
	sheet := csv.NewWriter(c.Response())
	sheet.UseCRLF = true // RFC 4180
	writeSheet(sheet, header...)
	return sheet
}

// endSheet sends what is left. An answer that failed half-way is cut, so that nobody takes it for whole.
func (h *Console) endSheet(c request, sheet *csv.Writer, err error) error {
	sheet.Flush()
	if err == nil {
		err = sheet.Error()
	}
	if err != nil {
		h.Log.Error("file cut short", "request_id", c.RequestID(), "route", c.Path(), "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeSheet writes one row, in which no spreadsheet finds a formula.
func writeSheet(sheet *csv.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = account.SafeCell(cell)
	}
	_ = sheet.Write(cells) // sheet keeps the error
}

func moment(at store.Millis) string {
	if at == 0 {
		return "never"
	}
	return at.Time().Format(time.RFC3339)
}
