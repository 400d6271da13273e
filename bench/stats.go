package main

import (
	"cmp"
	"slices"
	"time"
)

// median returns the middle of what of gives for each.
func median[T any, N cmp.Ordered](each []T, of func(T) N) N {
	values := make([]N, len(each))
	for i, e := range each {
		values[i] = of(e)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// medianTime runs what 31 times after a first one that warms up, and returns the median.
func medianTime(what func() error) (time.Duration, error) {
	const times = 31
	if err := what(); err != nil {
		return 0, err
	}
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		if err := what(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	return median(took, func(d time.Duration) time.Duration { return d }), nil
}
