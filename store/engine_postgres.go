package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// How many connections to PostgreSQL there are at most. Of two writers one works while the other waits for the lock. Readers are apart,
// so that waiting writers never hold up a list.
const (
	postgresWriters = 2
	postgresReaders = 8
)

// oldestPostgres is the oldest version that the tests run on.
const oldestPostgres = 15

// postgresEngine is a schema of a database of PostgreSQL: the one that the connection begins in. pgx prepares and keeps the statements of
// each connection.
type postgresEngine struct{}

// errDatabaseURL says how a database is named, and nothing of the URL that was given: parts of a password may be anywhere in one that
// cannot be read.
var errDatabaseURL = errors.New("the URL of the database cannot be read: it has the form " +
	"postgres://user@host:5432/database?sslmode=verify-full, in which special characters are written as %40 and the like")

// postgresConfig reads the URL of a database. What it leaves open the usual variables say (PGPASSWORD, PGSSLROOTCERT and so on), except
// that beyond this machine nothing less than verify-full will do, that of several hosts the one is meant that can be written, and that a
// host has five seconds to answer, unless anything else is said in the URL or by a variable.
func postgresConfig(place string) (*pgx.ConnConfig, error) {
	parsed, err := parseDatabaseURL(place)
	if err != nil {
		return nil, err
	}
	query := parsed.Query()
	for _, unset := range []struct {
		key, variable, value string
		wanted               bool
	}{
		{"sslmode", "PGSSLMODE", "verify-full", !isLocal(parsed)},
		{"target_session_attrs", "PGTARGETSESSIONATTRS", "read-write", len(hostsOf(parsed)) > 1},
		{"connect_timeout", "PGCONNECT_TIMEOUT", "5", true},
	} {
		if unset.wanted && !query.Has(unset.key) && os.Getenv(unset.variable) == "" {
			query.Set(unset.key, unset.value)
		}
	}
	parsed.RawQuery = query.Encode()
	config, err := pgx.ParseConfig(parsed.String())
	if err != nil {
		return nil, errDatabaseURL
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "console"
	}
	return config, nil
}

// parseDatabaseURL reads the URL of a database, or returns errDatabaseURL. Where an @ stands behind the host, the password holds a
// sign that ends the host, and what was read as host and name is part of the password.
func parseDatabaseURL(place string) (*url.URL, error) {
	u, err := url.Parse(place)
	if err != nil || strings.Contains(u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@") {
		return nil, errDatabaseURL
	}
	return u, nil
}

// hostsOf are the hosts that a URL names, or else PGHOST.
func hostsOf(u *url.URL) []string {
	return strings.Split(cmp.Or(u.Host, u.Query().Get("host"), os.Getenv("PGHOST")), ",")
}

// isLocal says that all hosts of a URL are on this machine.
func isLocal(u *url.URL) bool {
	for _, host := range hostsOf(u) {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !isLocalHost(host) {
			return false
		}
	}
	return true
}

// isLocalHost says that a host, or the directory of a socket, is on this machine.
func isLocalHost(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "" || host == "localhost" || strings.HasPrefix(host, "/") || ip.IsLoopback()
}

// ShownAs is the name of a database as it may be shown: of a URL without the password, and without its parameters, which may hold one too.
func ShownAs(place string) string {
	if !IsURL(place) {
		return place
	}
	u, err := parseDatabaseURL(place)
	if err != nil {
		return "postgres://…"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}

func openPostgres(place string, connections int) (*sql.DB, error) {
	config, err := postgresConfig(place)
	if err != nil {
		return nil, err
	}
	config.DialFunc = dialer(config.ConnectTimeout).DialContext
	config.OnPgError = func(_ *pgconn.PgConn, e *pgconn.PgError) bool { return !ends(e) && !isFatal(e) } // false closes it
	db := stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(ctx context.Context, p stdlib.ShouldPingParams) bool {
		return p.IdleDuration > time.Second || isAgain(ctx)
	}))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

func (p postgresEngine) dial(ctx context.Context, place string) (pools, error) {
	write, err := openPostgres(place, postgresWriters)
	if err != nil {
		return pools{}, err
	}
	read, err := openPostgres(place, postgresReaders)
	if err != nil {
		return pools{}, errors.Join(err, write.Close())
	}
	opened := pools{read, write, newTurns(postgresReaders), newTurns(postgresWriters)}
	if err := cmp.Or(p.suits(ctx, write), p.suits(ctx, read)); err != nil {
		return pools{}, errors.Join(err, opened.end())
	}
	return opened, nil
}

func (p postgresEngine) reader(ctx context.Context, place string) (*sql.DB, error) {
	read, err := openPostgres(place, postgresReaders)
	if err != nil {
		return nil, err
	}
	if err := p.suits(ctx, read); err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return read, nil
}

// errPooled says what is to be set behind a pooler that gives each transaction another connection: there statements that were prepared are
// missing, or there twice. Two pools that ask the same find that out.
var errPooled = errors.New("between the console and the database stands a pooler, such as PgBouncer, that gives each transaction another " +
	"connection: add default_query_exec_mode=exec to the URL of the database")

// suits refuses a database in which the console cannot work.
func (p postgresEngine) suits(ctx context.Context, db *sql.DB) error {
	var version int
	var encoding, schema string
	err := db.QueryRowContext(ctx, `SELECT CAST(current_setting('server_version_num') AS INTEGER), current_setting('server_encoding'),
		coalesce(current_schema(), '')`).Scan(&version, &encoding, &schema)
	if e, is := errors.AsType[*pgconn.PgError](err); is && (e.Code == preparedTwice || e.Code == preparedNowhere) {
		return fmt.Errorf("%w (%s)", errPooled, e.Message)
	}
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return refusePostgres(version, encoding, schema)
}

// refusePostgres says why a database is not one to work in. version is PostgreSQL's server_version_num.
func refusePostgres(version int, encoding, schema string) error {
	switch {
	case version/10000 < oldestPostgres:
		return fmt.Errorf("the server is PostgreSQL %d; the console needs PostgreSQL %d or newer", version/10000, oldestPostgres)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s; the console needs one with the encoding UTF8", encoding)
	case schema == "":
		return errors.New("the database has no schema that the search_path of the connection names: create it, or name another one")
	}
	return nil
}

func (postgresEngine) migrator(db *sql.DB) (*goose.Provider, error) {
	return migratorOfPostgres(db, migrationsOf("postgres"))
}

// How long one program has the right to migrate without renewing it, which a killed one does not, and how often others ask for it.
const (
	migratorLease   = 4 * time.Second
	migratorRenewal = time.Second
	migratorProbe   = 200 * time.Millisecond
	migratorPatient = 1500 // probes
	migratorEnding  = 10   // probes to give it back
)

// migratorOfPostgres lets one of several programs migrate that start together. What says whose turn it is lies in a table, as a session of
// the program may have many connections behind a pooler.
func migratorOfPostgres(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	locker, err := lock.NewPostgresTableLocker(lock.WithTableLeaseDuration(migratorLease), lock.WithTableHeartbeatInterval(migratorRenewal),
		lock.WithTableLockTimeout(migratorProbe, migratorPatient), lock.WithTableUnlockTimeout(migratorProbe, migratorEnding))
	if err != nil {
		return nil, err
	}
	return migratorFor(goose.DialectPostgres, db, impatient{files}, goose.WithLocker(locker))
}

// impatient are migrations that each begin as what writes: so nobody writes meanwhile, and nobody whom one waits for waits for it. Where
// others read what is to be changed, a migration soon gives up, as who comes after would wait for it, and is tried again. The server ends
// that of a program that was killed, within a second.
type impatient struct{ fs.FS }

const beginMigration = beginWriting + `;
SELECT set_config('lock_timeout', '500ms', true), set_config('statement_timeout', '0', true),
    set_config('client_connection_check_interval', '1s', true);
`

func (i impatient) Open(name string) (fs.File, error) {
	file, err := i.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	const begins = "-- +goose Up\n"
	text := string(content)
	if !strings.Contains(text, "-- +goose NO TRANSACTION") {
		text = strings.Replace(text, begins, begins+beginMigration, 1)
	}
	return migrationFile{file, strings.NewReader(text)}, nil
}

// migrationFile is a file with another content.
type migrationFile struct {
	fs.File
	content io.Reader
}

func (f migrationFile) Read(p []byte) (int, error) { return f.content.Read(p) }

func (p postgresEngine) oldestProgram(ctx context.Context, db *sql.DB, _ int64) (int64, error) {
	return one(ctx, session{on: db, engine: p}, value[int64], `SELECT oldest FROM programs`)
}

// isBlocked says that a migration did not get what it is to change, because others had it.
func isBlocked(err error) bool {
	const lockTimeout, deadlock = "55P03", "40P01"
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && (e.Code == lockTimeout || e.Code == deadlock)
}

func (postgresEngine) tables() string {
	return `SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()`
}

// watch watches: a server that is far away may never answer.
func (postgresEngine) watch(ctx context.Context) context.Context { return ctx }

// beginWriting takes the lock that a schema has for its writers. In the same round trip it says before how long to wait, how long a
// statement may take, and how long the transaction may do nothing: a console that stands still holds up others no longer. It may do so
// twice, as another of its transactions can be the next in the queue. Who waits for one that stands still waits longer than that, so
// that it gets its turn.
const beginWriting = `SELECT set_config('lock_timeout', '12s', true), set_config('statement_timeout', '30s', true),
	set_config('idle_in_transaction_session_timeout', '5s', true), set_config('console.writing', 'on', true),
	pg_advisory_xact_lock(` + writersLock + `, hashtext(current_schema()))`

// writersLock is a number that no other program is likely to lock by.
const writersLock = "1668248435"

func (postgresEngine) begin(ctx context.Context, tx querier) error {
	_, err := tx.ExecContext(ctx, beginWriting)
	return err
}

// finish leaves the count as it is where nothing was written: then there is nothing to be brought to the disk either. The count rises by
// a random step: two histories of the database do not come to the same count with other contents.
func (postgresEngine) finish(ctx context.Context, tx querier) error {
	_, err := tx.ExecContext(ctx, `UPDATE commits SET n = n + $1 WHERE pg_current_xact_id_if_assigned() IS NOT NULL`, commitsStep())
	return err
}

// savedNothing is true where the server has refused the commit, or was never asked. A server that ends may have saved it before.
func (postgresEngine) savedNothing(err error) bool {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		return !isFatal(e)
	}
	return errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, sql.ErrTxDone) || pgconn.SafeToRetry(err)
}

func (postgresEngine) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// beside runs each statement by itself on a reading connection: who has the lock is not waited for, and as no two rows are held at
// once, nothing can block it for good.
func (postgresEngine) beside(_ context.Context, db *DB, change func(*Tx) error) error {
	return change(&Tx{Queries: db.Queries})
}

func (postgresEngine) withMemory(_ context.Context, tx *Tx, change func(*Tx) error) error {
	return change(tx)
}

func (postgresEngine) countCommits(ctx context.Context, db *DB) (int64, error) {
	return one(ctx, db.q, value[int64], `SELECT n FROM commits`)
}

func (postgresEngine) onDisk(ctx context.Context, q Queries) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'`)
}

func (postgresEngine) clock() string {
	return `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`
}

func (p postgresEngine) noting(ctx context.Context, db *DB, note func(*Tx) error) error {
	return p.beside(ctx, db, note)
}

func (postgresEngine) elements(parameter, name string) string {
	return `json_array_elements_text(CAST(` + parameter + ` AS json)) AS ` + name + `(value)`
}

func (postgresEngine) objects(parameter string) string {
	return `json_array_elements(CAST(` + parameter + ` AS json)) AS objects(value)`
}

func (postgresEngine) objectsOf(fields string) string {
	return `coalesce(CAST(json_agg(json_build_object(` + fields + `)) AS TEXT), '[]')`
}

func (postgresEngine) bytes(text string) string { return `convert_to(` + text + `, 'UTF8')` }

func (postgresEngine) sameLetters(column, parameter string) string {
	return `lower(` + column + `) = lower(CAST(` + parameter + ` AS TEXT) COLLATE "C")`
}

func (postgresEngine) numbered(query string) string {
	var b strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(strings.TrimSuffix(part, "+"))
	}
	return b.String()
}

// merge asks for as many entries of each kind as may be met in all, each from its own piece of an index, and puts them in order:
// PostgreSQL has no order in a recursion.
func (postgresEngine) merge(s *entrySearch, b *entryStatement, path entryPath, kinds []entryKind, limit int) {
	b.grow("SELECT ")
	s.addColumns(b, path)
	b.grow(" FROM (VALUES " + strings.Repeat(", (?, ?, ?, ?)", len(kinds))[len(", "):] + ") AS k(" + strings.Join(entriesByKind, ", ") + ")\n")
	for _, k := range kinds {
		b.grow("", k[0], k[1], k[2], k[3])
	}
	b.grow("CROSS JOIN LATERAL (SELECT a.* FROM activity a WHERE ")
	path.addColumnsOf(b, "a", "k")
	b.grow("(a.at, a.id) > (?, ?) AND (a.at, a.id) < (?, ?) ", s.span.low.At, s.span.low.ID, s.span.high.At, s.span.high.ID)
	b.grow(s.inOrder("a.at", "a.id")+" LIMIT ?) AS e\n", limit)
	b.grow(s.inOrder("e.at", "e.id")+" LIMIT ?", limit)
}

// postgresFailure reads the classes of SQLSTATE: 22 and 42 are statements that the program should not have sent, 23 are constraints. Of 42
// some say that tables, columns or rights are not there that were: then the database has been changed by others, and is of no use.
func postgresFailure(err error) (failure, bool) {
	const unique, full, broken = "23505", "53100", "58030"
	notOurs := []string{"42501", "42703", "42P01", preparedTwice} // no right, no such column, no such table
	e, is := errors.AsType[*pgconn.PgError](err)
	if !is {
		away := isLost(err)
		return failure{away: away}, away
	}
	class := classOf(e)
	return failure{
		duplicate:  e.Code == unique,
		constraint: class == "22" || class == "23" || class == "42" && !slices.Contains(notOurs, e.Code),
		disk:       e.Code == full || e.Code == readOnly || e.Code == broken,
		away:       ends(e) || e.Code == crowded,
		crowded:    e.Code == crowded,
	}, true
}

// SQLSTATEs that more than one function knows.
const (
	readOnly        = "25006" // the server has become a standby, for example
	crowded         = "53300"
	preparedTwice   = "42P05" // a statement of this name is prepared already
	preparedNowhere = "26000"
)

func classOf(e *pgconn.PgError) string { return e.Code[:min(2, len(e.Code))] }

// ends says that a connection is of no use after an error: the server ends or starts (57P01 to 57P03), it has ended the session, the
// connection has failed (class 08), or nothing can be written by it. Who is refused at the door (28, 3D) is no such case.
func ends(e *pgconn.PgError) bool {
	class := classOf(e)
	return class == "08" || strings.HasPrefix(e.Code, "57P0") && e.Code <= "57P03" || e.Code == readOnly ||
		isFatal(e) && class != "28" && class != "3D"
}

// isFatal says that the server has ended the connection with an error.
func isFatal(e *pgconn.PgError) bool { return cmp.Or(e.SeverityUnlocalized, e.Severity) != "ERROR" }

// isLost knows the errors of a connection that are not the server's.
func isLost(err error) bool {
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}

// mayComeYet says of the error of a new connection that waiting may help: nobody listens, the server starts or is full.
func mayComeYet(err error) bool {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		return strings.HasPrefix(e.Code, "57P0") || e.Code == crowded
	}
	_, distrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !distrusted && isLost(err)
}
