// Package metrics is what a process counts and measures of itself, in the form of Prometheus. It knows nothing of what it measures: who
// does something calls what counts it, and what is only looked at is read when somebody asks for it. No label has a value that strangers
// choose: whoever calls sees to that.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// namespace begins the names of all metrics of ours.
const namespace = "console"

// Metrics are those of one process. Its methods may be called at once from several goroutines, and take less than a microsecond.
type Metrics struct {
	registry *prometheus.Registry

	requests         *prometheus.CounterVec
	requestTimes     *prometheus.HistogramVec
	signIns          *prometheus.CounterVec
	limited          *prometheus.CounterVec
	attempts         *prometheus.CounterVec
	attemptTimes     *prometheus.HistogramVec
	writesWaited     prometheus.Histogram
	writesTook       prometheus.Histogram
	buildInformation *prometheus.GaugeVec
}

// Upper bounds of histograms, in seconds: pages and changes take milliseconds, messages up to half a minute.
var (
	requestBounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	writeBounds   = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	attemptBounds = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30}
)

// New returns metrics that have counted nothing yet, with those of Go's runtime and of the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Requests that were answered.", "route", "method", "code"),
		requestTimes: histogram("http_request_duration_seconds", "Time from a request to the end of its answer.", requestBounds,
			"route", "method"),
		signIns:      counter("sign_ins_total", "Steps of sign-ins, by what came of them.", "step", "result"),
		limited:      counter("limit_refusals_total", "Refusals because of a limit.", "limit"),
		attempts:     counter("delivery_attempts_total", "Attempts to send a message, by what came of them.", "kind", "result"),
		attemptTimes: histogram("delivery_attempt_duration_seconds", "Time of an attempt to send a message.", attemptBounds, "kind"),
		writesWaited: prometheus.NewHistogram(histogramOptions("database_write_wait_seconds",
			"Time that a transaction which writes has waited for others.", writeBounds)),
		writesTook: prometheus.NewHistogram(histogramOptions("database_write_duration_seconds",
			"Time of a transaction which writes, from its turn to its end.", writeBounds)),
		buildInformation: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info",
			Help: "1; what the program was built from."}, []string{"version", "commit", "goversion"}),
	}
	m.registry.MustRegister(m.requests, m.requestTimes, m.signIns, m.limited, m.attempts, m.attemptTimes, m.writesWaited, m.writesTook,
		m.buildInformation, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(histogramOptions(name, help, bounds), labels)
}

func histogramOptions(name, help string, bounds []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: bounds}
}

// Handler answers with all metrics, in the text form of Prometheus or the one that is asked for. What cannot be read is left out, and the
// rest is there.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Build says what the program was built from.
func (m *Metrics) Build(version, commit, goVersion string) {
	m.buildInformation.WithLabelValues(version, commit, goVersion).Set(1)
}

// Request counts a request that was answered with a status.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.requestTimes.WithLabelValues(route, method).Observe(took.Seconds())
}

// SignIn counts a step of a sign-in.
func (m *Metrics) SignIn(step, result string) { m.signIns.WithLabelValues(step, result).Inc() }

// Limited counts a refusal because of a limit.
func (m *Metrics) Limited(limit string) { m.limited.WithLabelValues(limit).Inc() }

// Attempt counts an attempt to send a message.
func (m *Metrics) Attempt(kind, result string, took time.Duration) {
	m.attempts.WithLabelValues(kind, result).Inc()
	m.attemptTimes.WithLabelValues(kind).Observe(took.Seconds())
}

// Write measures a transaction that has written, or was taken back.
func (m *Metrics) Write(waited, took time.Duration) {
	m.writesWaited.Observe(waited.Seconds())
	m.writesTook.Observe(took.Seconds())
}
