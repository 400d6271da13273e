package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The sections that somebody clicks through, as the sidebar lists them, and what hangs on them.
var sections = []string{
	"/settings/profile",
	"/settings/general",
	"/settings/users",
	"/settings/users?tab=invited",
	"/settings/groups",
	"/settings/groups/1?tab=users",
	"/settings/triggers",
	"/settings/triggers/new",
	"/settings/integrations",
	"/settings/deliveries",
	"/settings/tenants",
	"/settings/users/2/permissions",
}

// betweenSections measures the time from a click to the first byte of the next section, for one person at 100,000 people.
// Each section is asked for in turn, as in a walk, so that none is measured with everything still warm from itself.
func (b *bench) betweenSections(_ context.Context, data [len(sizes)]string) error {
	console, session, err := b.console(data[medium])
	if err != nil {
		return err
	}
	defer console.stop()
	const rounds = 31
	took := map[string][]time.Duration{}
	for range rounds + 1 {
		for _, section := range sections {
			d, err := firstByte(console.url+section, session)
			if err != nil {
				return err
			}
			took[section] = append(took[section], d)
		}
	}
	fmt.Printf("\n| first byte of a section at 100,000 people, ms | median | slowest | first after a start |\n| --- | --- | --- | --- |\n")
	var slowest time.Duration
	for _, section := range sections {
		all := took[section]
		worst := all[1]
		for _, d := range all[1:] {
			worst = max(worst, d)
		}
		middle := median(all[1:], func(d time.Duration) time.Duration { return d })
		slowest = max(slowest, worst)
		fmt.Printf("| %s | %.2f | %.2f | %.2f |\n", section, ms(middle), ms(worst), ms(all[0]))
	}
	b.demands = append(b.demands, demand{what: "from a click to the first byte between sections at 100,000 people, the slowest",
		got: ms(slowest), must: 100, aim: 25, atMost: true, format: "%.1f ms"})
	return nil
}

// firstByte returns how long the first byte of a page takes. Anything but a page is an error.
func firstByte(url string, header http.Header) (time.Duration, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Header = header
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var first [1]byte
	if _, err := io.ReadFull(response.Body, first[:]); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %d", url, response.StatusCode)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return took, err
}
