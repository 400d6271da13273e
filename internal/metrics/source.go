package metrics

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// patience is how long whoever asks for metrics waits for the figures of a source. Prometheus itself waits 10 seconds.
const patience = 3 * time.Second

// Put hands over the value of a figure, with those of its labels.
type Put func(f Figure, value float64, labels ...string)

// Read has figures read when somebody asks for metrics, and says how they fared as those of a source. Where read fails, or takes longer
// than three seconds, none of its figures are there, and the others are all the same: read may hang as long as it likes, and is not called
// again before it returns. A panic of it counts as a failure.
func (m *Metrics) Read(name string, read func(context.Context, Put) error) {
	m.registry.MustRegister(&source{name: name, read: read})
}

// source is a collector without descriptions: which figures there are depends on the engine, and on what is set up.
type source struct {
	name string
	read func(context.Context, Put) error
	busy atomic.Bool
}

func (s *source) Describe(chan<- *prometheus.Desc) {}

func (s *source) Collect(to chan<- prometheus.Metric) {
	began := time.Now()
	figures, ok := s.inTime()
	for _, f := range figures {
		to <- f
	}
	put := putInto(func(f prometheus.Metric) { to <- f })
	success := 0.0
	if ok {
		success = 1
	}
	put(collectSuccess, success, s.name)
	put(collectDuration, time.Since(began).Seconds(), s.name)
}

// inTime returns what read has put, and false where it has failed or goes on.
func (s *source) inTime() ([]prometheus.Metric, bool) {
	if !s.busy.CompareAndSwap(false, true) {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan []prometheus.Metric, 1)
	go func() {
		figures, err := s.figures(ctx)
		s.busy.Store(false) // before anybody gets the figures, and asks again
		if err == nil {
			done <- figures
		}
		close(done)
	}()
	select {
	case figures, ok := <-done:
		return figures, ok
	case <-ctx.Done():
		return nil, false
	}
}

func (s *source) figures(ctx context.Context) (all []prometheus.Metric, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %T", p)
		}
	}()
	err = s.read(ctx, putInto(func(f prometheus.Metric) { all = append(all, f) }))
	return all, err
}

func putInto(add func(prometheus.Metric)) Put {
	return func(f Figure, value float64, labels ...string) {
		add(prometheus.MustNewConstMetric(f.of, f.kind, value, labels...))
	}
}
