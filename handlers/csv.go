package handlers

import (
	"bufio"
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
)

// byteOrderMark tells spreadsheets that a file is UTF-8: without it, a double click opens it in an old code page.
var byteOrderMark = []byte("\ufeff")

// partPatience is how long whoever saves a file may take for the next part of it.
const partPatience = time.Minute

// sentFile is an answer that is a file to be saved, however long that takes, in parts of 64 kB, and of less each second.
type sentFile struct {
	*bufio.Writer
	flushed time.Time
}

// startFile begins an answer that is a file.
func startFile(c request, kind, name string) *sentFile {
	c.Response().Header().Set(echo.HeaderContentType, kind)
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	c.Response().WriteHeader(http.StatusOK)
	part := &partWriter{http.NewResponseController(c.Response()), c.Response()}
	return &sentFile{bufio.NewWriterSize(part, 64<<10), time.Now()}
}

// sendEachSecond sends what waits, unless that was done a moment ago.
func (f *sentFile) sendEachSecond() error {
	if time.Since(f.flushed) < time.Second {
		return nil
	}
	f.flushed = time.Now()
	return f.Flush()
}

// partWriter sends each part of a file at once. Where the deadline cannot be moved, that of a page holds.
type partWriter struct {
	control *http.ResponseController
	to      io.Writer
}

func (w *partWriter) Write(part []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(partPatience))
	n, err := w.to.Write(part)
	if err == nil {
		err = w.control.Flush()
	}
	return n, err
}

// end sends what is left. An answer that failed half-way is cut, so that nobody takes it for whole.
func (f *sentFile) end(c request, log *slog.Logger, err error) error {
	if err == nil {
		err = f.Flush()
	}
	if err == nil {
		return nil
	}
	if hasLeft(c) { // it is nobody's any more
		c.Response().Status = statusLeft
	} else {
		log.ErrorContext(c.Context(), "file cut short", "route", c.Path(), "error", err)
	}
	panic(http.ErrAbortHandler)
}

// sheet is a CSV file that is sent.
type sheet struct {
	*csv.Writer
	file *sentFile
}

// startSheet begins an answer that is a CSV file.
func startSheet(c request, name string, header ...string) *sheet {
	file := startFile(c, "text/csv; charset=utf-8", name)
	_, _ = file.Write(byteOrderMark) // the file keeps the error
	s := &sheet{csv.NewWriter(file.Writer), file}
	s.UseCRLF = true // RFC 4180
	_ = s.row(header...)
	return s
}

// row writes one row, in which no spreadsheet finds a formula, and sends each second what waits.
func (s *sheet) row(cells ...string) error {
	for i, cell := range cells {
		cells[i] = account.SafeCell(cell)
	}
	if err := s.Write(cells); err != nil {
		return err
	}
	return s.file.sendEachSecond()
}

func moment(at store.Millis) string {
	if at == 0 {
		return "never"
	}
	return at.Time().Format(time.RFC3339)
}
