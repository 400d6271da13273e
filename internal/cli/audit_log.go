package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"console/internal/account"
	"console/store"
)

// auditToStdout is the --audit-log that means standard output.
const auditToStdout = "stdout"

const (
	// auditEvery is how often the audit log looks for entries of other processes, and whether its file was moved.
	auditEvery = time.Second
	// auditLongestPause is how long at most it waits before it tries again to write where it could not.
	auditLongestPause = 30 * time.Second
	// auditGrace is how long a stop waits for what is still to be written.
	auditGrace = 3 * time.Second
	// auditTellEvery is how often the log repeats that the audit log cannot be written.
	auditTellEvery = time.Minute
)

// auditLog writes every activity entry of the account as a line of JSON after its commit, by whichever process it was made: in
// the order of their ids, each at least once, also over crashes. Nobody waits for it. A process that finds what an earlier one has
// written goes on behind it.
type auditLog struct {
	account *account.Service
	log     *slog.Logger
	out     auditOutput
	mark    auditMark

	last  lastLine // what was written last
	saved lastLine // what mark says
	lines []byte   // room for lines

	wake   chan struct{}
	reopen chan os.Signal
	stop   context.CancelFunc
	ended  chan struct{}

	failing bool          // the last attempt failed
	pause   time.Duration // before the next one, while failing
	toldAt  time.Time
}

// auditOutput is where lines go.
type auditOutput interface {
	// write returns nil when the lines will be found there, whatever happens to this process, and to the machine where they are
	// in a file. After an error some of them may be there.
	write(lines []byte) error
	// check opens a file anew that was moved or removed.
	check() error
	// release lets go of a file, which the next call opens again.
	release() error
}

// lastLine is an entry as the audit log remembers it. Its MAC tells whether an entry with that id is still the same: another copy of
// the database may have been put in place.
type lastLine struct {
	id  int64
	mac string // in hexadecimal digits; empty: it was not in the chain yet
}

// openAuditLog returns an audit log to destination, a file or stdout, which begins to write with begin. Its mark lies in the data
// directory.
func (s Serve) openAuditLog(service *account.Service, log *slog.Logger) (*auditLog, error) {
	a := &auditLog{account: service, log: log, wake: make(chan struct{}, 1), reopen: make(chan os.Signal, 1), ended: make(chan struct{})}
	destination := s.AuditLog
	if destination == auditToStdout {
		a.out = &auditStdout{to: s.Stdout}
		signal.Ignore(syscall.SIGPIPE) // else the console ends when nobody reads its standard output any more
	} else {
		var err error
		if destination, err = filepath.Abs(s.AuditLog); err != nil {
			return nil, err
		}
		if info, err := os.Stat(destination); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is no file; standard output is called %s", destination, auditToStdout)
		}
		a.out = &auditFile{path: destination}
		signal.Notify(a.reopen, syscall.SIGHUP)
	}
	a.mark = markFor(s.Data, destination)
	return a, nil
}

// Wake lets it look for entries at once. It never blocks.
func (a *auditLog) Wake() {
	select {
	case a.wake <- struct{}{}:
	default: // it is to look already
	}
}

// begin writes until end is called.
func (a *auditLog) begin() {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	go func() {
		defer close(a.ended)
		a.keepWriting(ctx)
	}()
}

// end writes what is committed, for which it takes a few seconds at most, and stops.
func (a *auditLog) end() {
	signal.Stop(a.reopen)
	a.stop()
	select {
	case <-a.ended:
	case <-time.After(2 * auditGrace): // the program that reads standard output has stopped reading
		a.log.Warn("the audit log does not end; what is not written is written after the next start")
	}
}

func (a *auditLog) keepWriting(ctx context.Context) {
	for a.resume(ctx) != nil {
		if !a.wait(ctx) {
			return
		}
	}
	for {
		if err := a.writeAll(ctx); ctx.Err() == nil {
			a.note(err)
		}
		if !a.wait(ctx) {
			break
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditGrace)
	defer cancel()
	if err := errors.Join(a.writeAll(last), a.out.release()); err != nil {
		a.log.Error("the audit log is not whole; what is missing is written after the next start", "last", a.last.id, "error", err)
	}
}

// wait returns when there may be something to do; false: the console stops. While nothing can be written, entries wake nobody.
func (a *auditLog) wait(ctx context.Context) bool {
	wake, pause := a.wake, auditEvery
	if a.failing {
		wake, pause = nil, a.pause
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	case <-a.reopen:
		if err := a.out.release(); err != nil {
			a.log.Error("close the audit log", "error", err)
		}
	}
	return true
}

// note remembers how an attempt went, and tells of it: at once, and once a minute while nothing can be written.
func (a *auditLog) note(err error) {
	if err == nil {
		if a.failing {
			a.log.Info("the audit log is written again", "last", a.last.id)
		}
		a.failing, a.toldAt = false, time.Time{}
		return
	}
	if a.failing {
		a.pause = min(2*a.pause, auditLongestPause)
	} else {
		a.failing, a.pause = true, auditEvery
	}
	if time.Since(a.toldAt) >= auditTellEvery {
		a.toldAt = time.Now()
		a.log.Error("the audit log cannot be written; entries wait in the database, and this is repeated once a minute", "last", a.last.id,
			"error", err)
	}
}

// resume finds out where an earlier process has stopped.
func (a *auditLog) resume(ctx context.Context) (err error) {
	defer func() { a.note(err) }()
	found, err := a.mark.read()
	if err != nil {
		return err
	}
	a.saved = found
	return a.goOn(ctx, found)
}

// goOn lets what is written next be what follows an entry. Where the database does not have that one, because another copy was put in
// place or a failover has lost it, everything is written.
func (a *auditLog) goOn(ctx context.Context, found lastLine) error {
	same, err := a.account.HasEntry(ctx, found.id, found.mac)
	if err != nil {
		return err
	}
	if !same {
		a.log.Warn("the database is not the one that the audit log was written from; all of its entries are written", "last", found.id)
		found = lastLine{}
	}
	a.last = found
	return nil
}

// writeAll writes everything that is committed.
func (a *auditLog) writeAll(ctx context.Context) error {
	if err := a.out.check(); err != nil {
		return err
	}
	if err := a.goOn(ctx, a.last); err != nil {
		return err
	}
	for {
		next, err := a.account.LinesAfter(ctx, a.last.id, a.lines)
		if err != nil {
			return err
		}
		if next.Last.ID == 0 {
			return a.save()
		}
		if err := a.out.write(next.Text); err != nil {
			return err
		}
		if missing := next.First.ID - a.last.id - 1; missing > 0 && a.last.id > 0 {
			a.log.Error("entries were removed before the audit log had them", "first", a.last.id+1, "last", next.First.ID-1)
		}
		a.last, a.lines = lineOf(next.Last), next.Text
		_ = a.save() // where it fails, so does the last one, and lines are not held up by it
	}
}

// save marks what was written. Without it, lines are written again after the next start.
func (a *auditLog) save() error {
	if a.saved == a.last {
		return nil
	}
	err := a.mark.save(a.last)
	if err == nil {
		a.saved = a.last
	}
	return err
}

func lineOf(e store.Entry) lastLine { return lastLine{e.ID, hex.EncodeToString(e.MAC)} }

// auditMark is the file that says which entry was written last. There is one for each destination.
type auditMark struct{ path string }

// auditMarkPrefix begins the names of these files.
const auditMarkPrefix = "console.audit-log-"

func markFor(data, destination string) auditMark {
	digest := sha256.Sum256([]byte(destination))
	return auditMark{filepath.Join(data, auditMarkPrefix+hex.EncodeToString(digest[:4]))}
}

// read returns the zero value where nothing was written yet, or nobody knows.
func (m auditMark) read() (lastLine, error) {
	text, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return lastLine{}, nil
	}
	id, mac, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	n, _ := strconv.ParseInt(id, 10, 64)
	return lastLine{n, mac}, err
}

// save replaces the mark as a whole: a crash leaves this one or an earlier one.
func (m auditMark) save(w lastLine) error {
	draft, err := os.OpenFile(m.path+".draft", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(draft, w.id, w.mac)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), m.path)
}

// auditStdout is standard output, which nothing else of a console that serves goes to.
type auditStdout struct {
	to   io.Writer
	torn bool // a line was begun and not ended
}

func (o *auditStdout) write(lines []byte) error {
	if o.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := o.to.Write(lines)
	if n > 0 {
		o.torn = lines[n-1] != '\n'
	}
	return err
}

func (*auditStdout) check() error { return nil }

func (*auditStdout) release() error { return nil }

// auditFile is a file that others may move, remove or cut.
type auditFile struct {
	path string
	file *os.File // nil: it is to be opened
	torn bool     // it ends in the middle of a line
}

// write appends lines to the file at the path. Should that be another one by now, they are written there too: who removed the first
// one may have done so before them.
func (f *auditFile) write(lines []byte) error {
	for {
		if err := f.check(); err != nil {
			return err
		}
		if err := f.append(lines); err != nil {
			return errors.Join(err, f.release())
		}
		if f.isThere() {
			return nil
		}
	}
}

// append writes and flushes lines. What could be written of them only in part is taken back, unless others write there too.
func (f *auditFile) append(lines []byte) error {
	before, err := f.file.Stat()
	if err != nil {
		return err
	}
	if f.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := f.file.Write(lines)
	if err == nil {
		f.torn = false
		return f.file.Sync()
	}
	if after, _ := f.file.Stat(); n > 0 && after != nil && after.Size() == before.Size()+int64(n) {
		return errors.Join(err, f.file.Truncate(before.Size()))
	}
	return err
}

// check sees to it that the file at the path is open.
func (f *auditFile) check() error {
	if f.file != nil && f.isThere() {
		return nil
	}
	if err := f.release(); err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if f.torn, err = endsTorn(file); err != nil {
		return errors.Join(err, file.Close())
	}
	f.file = file
	return nil
}

// isThere says whether the file that is open is the one at the path.
func (f *auditFile) isThere() bool {
	there, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	ours, err := f.file.Stat()
	return err == nil && os.SameFile(there, ours)
}

// endsTorn says whether a file ends in the middle of a line, as a crash leaves it.
func endsTorn(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return false, err
	}
	return !bytes.Equal(last, []byte{'\n'}), nil
}

func (f *auditFile) release() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close() // all that was written is flushed
	f.file = nil
	return err
}
