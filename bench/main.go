// Command bench measures the console with 1,000, 100,000 and 1,000,000 people in one run: pages, searches and counts in the
// store, the users page over HTTP against a constant of the same bytes, and list and search against PocketBase. It prints
// medians, and what they are to the demands. README.md says how to read them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// The numbers of people measured: the demands compare the largest with the smallest; the peer is measured in the middle.
var sizes = [...]int{1_000, 100_000, 1_000_000}

const (
	small = iota
	medium
	large
)

// bench is one run.
type bench struct {
	data    string        // directory of the installations
	bin     string        // directory of the programs
	rounds  int           // of load, of which the medians count
	each    time.Duration // how long one target is loaded in a round
	work    time.Duration // how long people work
	large   bool          // only the activity log, with ten million entries
	only    string        // name of the one part to run; empty: all
	demands []demand
}

// demand is a number that the customer asked for.
type demand struct {
	what      string
	got       float64
	must, aim float64
	atMost    bool // otherwise at least
	format    string
}

func (d demand) holds(limit float64) bool {
	if d.atMost {
		return d.got <= limit
	}
	return d.got >= limit
}

func (d demand) verdict() string {
	switch {
	case d.holds(d.aim):
		return "as aimed for"
	case d.holds(d.must):
		return "holds"
	}
	return "**missed**"
}

func main() {
	b := bench{}
	flag.StringVar(&b.data, "data", "bench/data", "directory of the seeded databases, kept from run to run")
	flag.StringVar(&b.bin, "bin", "bench/data/bin", "directory with the programs console, constant and peer")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of HTTP load; medians are taken over them")
	flag.DurationVar(&b.each, "each", 3*time.Second, "how long a server is loaded in a round")
	flag.StringVar(&b.only, "only", "",
		"run one part only: store, groups, activity, http, tokens, sections, exports, programs, peer, engines, work or pages")
	flag.DurationVar(&b.work, "work", 5*time.Minute, "how long 200 people work")
	flag.BoolVar(&b.large, "large", false, "measure nothing but the activity log with 10,000,000 entries (4.3 GB, kept)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		log.Fatal(err)
	}
}

func (b *bench) run(ctx context.Context) error {
	fmt.Printf("%s, %d cores, %s\n", time.Now().Format("2 Jan 2006"), runtime.NumCPU(), runtime.Version())
	var data [len(sizes)]string
	if b.large {
		b.only = "pages"
	}
	for i, n := range sizes {
		if b.only == "pages" {
			break // its databases have no people
		}
		if (b.only == "engines" || b.only == "work") && i != medium {
			continue
		}
		var err error
		if data[i], err = installation(filepath.Join(b.bin, "console"), b.data, n); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context, [len(sizes)]string) error
	}{{"store", b.inProcess}, {"groups", b.groups}, {"activity", b.activity}, {"http", b.overHTTP}, {"tokens", b.tokens},
		{"sections", b.betweenSections}, {"exports", b.exports}, {"programs", b.programs}, {"peer", b.againstPeer},
		{"engines", b.engines}, {"work", b.atWork}, {"pages", b.activityPages}} {
		if b.only != "" && b.only != part.name {
			continue
		}
		if err := part.measure(ctx, data); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Printf("\n| demand | must | aim | this run | |\n| --- | --- | --- | --- | --- |\n")
	for _, d := range b.demands {
		sign := "≥ "
		if d.atMost {
			sign = "≤ "
		}
		fmt.Printf("| %s | %s"+d.format+" | %s"+d.format+" | "+d.format+" | %s |\n", d.what, sign, d.must, sign, d.aim, d.got, d.verdict())
	}
	return nil
}

// inProcess measures what lies below the pages.
func (b *bench) inProcess(ctx context.Context, data [len(sizes)]string) error {
	var names []string
	took := map[string]*[len(sizes)]time.Duration{}
	var pages, searches []string
	for i := range sizes {
		o, err := open(ctx, data[i])
		if err != nil {
			return err
		}
		listed, err := o.pages(ctx)
		if err != nil {
			return err
		}
		rare, err := o.rare(ctx)
		if err != nil {
			return err
		}
		searched := o.searches(ctx, rare)
		pages, searches, names = nil, nil, nil
		for j, m := range append(listed, searched...) {
			median, err := medianTime(m.do)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			if took[m.name] == nil {
				took[m.name] = new([len(sizes)]time.Duration)
			}
			took[m.name][i] = median
			names = append(names, m.name)
			if j < len(listed) {
				pages = append(pages, m.name)
			} else {
				searches = append(searches, m.name)
			}
		}
		if err := o.db.Close(); err != nil {
			return err
		}
	}
	fmt.Printf("\n| in the store, ms | 1,000 | 100,000 | 1,000,000 | 1,000,000 against 1,000 |\n| --- | --- | --- | --- | --- |\n")
	for _, name := range names {
		t := took[name]
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.1f × |\n", name, ms(t[small]), ms(t[medium]), ms(t[large]), float64(t[large])/float64(t[small]))
	}
	slowestPage, slowestSearch := 0.0, 0.0
	for _, name := range pages {
		slowestPage = max(slowestPage, ms(took[name][large]))
	}
	for _, name := range searches {
		slowestSearch = max(slowestSearch, ms(took[name][large]))
	}
	added, err := adding(ctx, data[large])
	if err != nil {
		return err
	}
	fmt.Printf("\nOne person added at 1,000,000, without the disk flush: %.2f ms\n", ms(added))
	b.demands = append(
		b.demands,
		demand{
			what:   "first, deep, sorted page at 1,000,000, the slowest of them (below 1 ms, else at most 3 × of 1,000)",
			got:    slowestPage,
			must:   1,
			aim:    1,
			atMost: true,
			format: "%.2f ms",
		},
		demand{what: "slowest search, page and counts at 1,000,000", got: slowestSearch, must: 60, aim: 20, atMost: true, format: "%.1f ms"},
		demand{what: "one person added at 1,000,000, without the disk flush", got: ms(added), must: 2, aim: 0.5, atMost: true, format: "%.2f ms"},
	)
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
