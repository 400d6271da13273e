package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof" // what it adds to the default handler is served nowhere
	"runtime/debug"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/metrics"
	"console/internal/notify"
	"console/store"
)

// profileTimeout is how long an answer of the metrics' listener may take: a profile is taken for as many seconds as are asked for.
const profileTimeout = 2 * time.Minute

// metricsServer answers, to whoever is on this machine, what the process has counted and what it is busy with. Nil is none.
type metricsServer struct {
	http *http.Server
	at   net.Addr
}

// checkMetricsListen refuses addresses at which others than programs on this machine could ask for metrics: there is no password before
// them.
func (s Serve) checkMetricsListen() error {
	if s.MetricsListen == "" || loopback(hostOf(s.MetricsListen)) {
		return nil
	}
	return fmt.Errorf("--metrics-listen %s: only an address of this machine is possible, such as localhost:9090 or 127.0.0.1:9090; "+
		"there is no password before it, so let a reverse proxy that has one stand there for others", s.MetricsListen)
}

// serveMetrics answers at --metrics-listen until end is called; it returns nil where that is not asked for. certificate says when the one
// of https ends, and zero where there is none.
func (s Serve) serveMetrics(o *opened, service *account.Service, certificate func() time.Time, log *slog.Logger) (*metricsServer, error) {
	if s.MetricsListen == "" {
		return nil, nil //nolint:nilnil // none is asked for
	}
	listener, err := net.Listen("tcp", s.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	o.readFigures(service, certificate)
	m := &metricsServer{at: listener.Addr(), http: Limits{Answer: profileTimeout}.orUsual().server(onlyHere(metricsHandler(o.metrics)))}
	m.http.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	go func() {
		if err := m.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "error", err)
		}
	}()
	return m, nil
}

// address is where metrics are served; empty: nowhere.
func (m *metricsServer) address() string {
	if m == nil {
		return ""
	}
	return m.at.String()
}

func (m *metricsServer) end() error {
	if m == nil {
		return nil
	}
	return m.http.Close()
}

// metricsHandler leaves out the page of the profiler that shows the arguments of the program: there may be a password among them.
func metricsHandler(m *metrics.Metrics) http.Handler {
	paths := http.NewServeMux()
	paths.Handle("GET /metrics", m.Handler())
	paths.HandleFunc("GET /debug/pprof/", pprof.Index)
	paths.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	paths.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	paths.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	paths.Handle("GET /debug/pprof/cmdline", http.NotFoundHandler())
	return paths
}

// onlyHere refuses requests for other host names than those of this machine: a page of a stranger, in a browser on it, could have a name
// of its own lead here.
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(hostOf(r.Host)) {
			http.Error(w, "Ask for localhost: a reverse proxy must send that as the header Host.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf is a host with or without a port, without the port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// observe counts a request.
func (o *opened) observe(r handlers.Observed) { o.metrics.Request(r.Route, r.Method, r.Status, r.Took) }

// attempted counts an attempt to send a message.
func (o *opened) attempted(kind string, result notify.Result, took time.Duration) {
	o.metrics.Attempt(kind, string(result), took)
}

// readFigures has read, when somebody asks for metrics, what nobody counts. What asks the database is a source of its own: the rest is
// there all the same when that is away.
func (o *opened) readFigures(service *account.Service, certificate func() time.Time) {
	if info, ok := debug.ReadBuildInfo(); ok {
		o.metrics.Build(Version, commitOf(info), info.GoVersion)
	}
	o.metrics.Read("process", func(_ context.Context, put metrics.Put) error {
		o.putProcess(put, service, certificate())
		return nil
	})
	o.metrics.Read("database", o.putDatabase)
	o.metrics.Read("directory", func(ctx context.Context, put metrics.Put) error { return o.putDirectory(ctx, put, service) })
}

// putProcess hands over what the process knows by itself.
func (o *opened) putProcess(put metrics.Put, service *account.Service, certificate time.Time) {
	load := service.Hashing()
	put(metrics.Hashing, float64(load.Running), "running")
	put(metrics.Hashing, float64(load.Waiting), "waiting")
	put(metrics.HashRefusals, float64(load.Refused))
	put(metrics.Writable, oneIf(o.db.Writable()))
	for name, pool := range o.db.Pools() {
		put(metrics.Connections, float64(pool.Used), name, "used")
		put(metrics.Connections, float64(pool.Idle), name, "idle")
		put(metrics.ConnectionWaits, float64(pool.Waits), name)
		put(metrics.ConnectionWaitTime, pool.Waited.Seconds(), name)
	}
	if !certificate.IsZero() {
		put(metrics.CertificateEnd, float64(certificate.Unix()))
	}
}

// priorities are how the priorities of deliveries are called.
var priorities = map[store.Priority]string{store.PriorityOwn: "own", store.PriorityMany: "many", store.PriorityTrigger: "trigger"}

// putDatabase hands over what waits in the database, its size, and the head of the activity log.
func (o *opened) putDatabase(ctx context.Context, put metrics.Put) error {
	size, err := o.db.Size(ctx)
	if err != nil {
		return err
	}
	put(metrics.DatabaseSize, float64(size))
	return o.db.View(ctx, func(q store.Queries) error {
		now := store.At(o.now())
		backlog, err := q.Backlog(ctx, now)
		if err != nil {
			return err
		}
		putBacklog(put, backlog, now)
		head, err := q.LastEntry(ctx)
		if err != nil {
			return err
		}
		at, err := q.NewestEntryAt(ctx)
		put(metrics.ActivityHeadID, float64(head))
		put(metrics.ActivityHeadTime, seconds(at))
		return err
	})
}

func putBacklog(put metrics.Put, b store.Backlog, now store.Millis) {
	for priority, n := range b.Waiting {
		put(metrics.DeliveriesWaiting, float64(n), priorities[priority])
	}
	put(metrics.DeliveriesOverdue, age(b.Due, now))
	held := map[string]int{"mail": 0, "integration": 0}
	for _, h := range b.Holds {
		if h.IntegrationID == 0 {
			held["mail"]++
		} else {
			held["integration"]++
		}
	}
	for server, n := range held {
		put(metrics.DeliveryHolds, float64(n), server)
	}
	steps, failing, oldest := 0, 0, store.Millis(0)
	for _, j := range b.Jobs {
		steps += j.Total - j.Done
		if j.Failures > 0 {
			failing++
		}
		if oldest == 0 {
			oldest = j.CreatedAt
		}
	}
	put(metrics.JobsRunning, float64(len(b.Jobs)))
	put(metrics.JobSteps, float64(steps))
	put(metrics.JobsFailing, float64(failing))
	put(metrics.JobsAge, age(oldest, now))
}

// putDirectory hands over how the people in memory compare with those in the database. Looked at first, memory is never ahead.
func (o *opened) putDirectory(ctx context.Context, put metrics.Put, service *account.Service) error {
	people, known, reading := service.Followed()
	newest, err := o.db.LastUserChange(ctx)
	if err != nil {
		return err
	}
	put(metrics.DirectoryPeople, float64(people))
	put(metrics.DirectoryReading, oneIf(reading))
	put(metrics.DirectoryLag, float64(max(0, newest.ID-known)))
	return nil
}

// age is how long ago something was, in seconds; 0 where it never was.
func age(since, now store.Millis) float64 {
	if since == 0 {
		return 0
	}
	return max(0, seconds(now-since))
}

func seconds(m store.Millis) float64 { return float64(m) / 1000 }

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
