package directory

// place says where a person is: the segment and the row in it, plus one, so that 0 is nowhere.
type place uint32

func newPlace(segment, row int) place { return place(segment*segmentSize+row) + 1 }

func (p place) segment() int { return int(p-1) / segmentSize }
func (p place) row() int     { return int(p-1) % segmentSize }

// placePage is the number of ids that share a page of places.
const placePage = 256

// places finds people by id: 4 bytes for each where ids are dense, as those of a database are, against the 30 of a map.
type places map[int64]*[placePage]place

func (p places) get(id int64) place {
	page := p[id/placePage]
	if page == nil {
		return 0
	}
	return page[id%placePage]
}

func (p places) set(id int64, at place) {
	page := p[id/placePage]
	if page == nil {
		page = new([placePage]place)
		p[id/placePage] = page
	}
	page[id%placePage] = at
}

func (p places) unset(id int64) {
	page := p[id/placePage]
	page[id%placePage] = 0
	if *page == [placePage]place{} {
		delete(p, id/placePage)
	}
}
