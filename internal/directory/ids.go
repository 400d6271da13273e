package directory

import (
	"cmp"
	"slices"
)

// LastID returns the highest id that anybody in the directory has or has had; 0 where there was nobody yet.
func (d *Directory) LastID() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.last
}

// Among returns those of ids who are under a tab, in the order of ids. It may write over ids.
func (d *Directory) Among(ids []int64, tab Tab) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.DeleteFunc(ids, func(id int64) bool { return !d.under(id, tab) })
}

// nearby is how many ids Next looks at one by one, before it looks through the segments.
const nearby = 1024

// Next returns the lowest id above one that is under a tab, or 0. It takes microseconds where that is near or few are under the tab,
// a few milliseconds at most.
func (d *Directory) Next(after int64, tab Tab) int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	near := min(after+nearby, d.last)
	for id := after + 1; id <= near; id++ {
		if d.under(id, tab) {
			return id
		}
	}
	next := int64(0)
	for _, seg := range d.segments {
		if seg == nil {
			continue
		}
		rows := seg.tabs[tab]
		rows.and(&seg.live)
		for row := range rows.rows() {
			if id := seg.ids[row]; id > near {
				next = min(id, cmp.Or(next, id))
			}
		}
	}
	return next
}

// under says whether somebody is in the directory and under a tab.
func (d *Directory) under(id int64, tab Tab) bool {
	seg, row, found := d.locate(id)
	return found && seg.tabs[tab].has(row)
}
