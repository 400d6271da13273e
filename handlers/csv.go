package handlers

import (
	"encoding/csv"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"console/store"
)

// startSheet begins an answer that is a CSV file to be saved. Its rows are sent as they are written.
func (h *Console) startSheet(c request, name string, header ...string) *csv.Writer {
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

// writeSheet writes one row. A cell that a spreadsheet would run as a formula is made text by an apostrophe; so is
// one that begins with white space before such a character.
func writeSheet(sheet *csv.Writer, cells ...string) {
	for i, cell := range cells {
		if isFormula(cell) {
			cells[i] = "'" + cell
		}
	}
	_ = sheet.Write(cells) // sheet keeps the error
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
