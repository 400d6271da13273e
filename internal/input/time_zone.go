package input

import (
	_ "embed"
	"strings"
)

// timeZonesFile is UTC and the names of zone.tab of the IANA time zone database 2025b, one a line:
//
//	{ echo UTC; awk '!/^#/ { print $3 }' /usr/share/zoneinfo/zone.tab | LC_ALL=C sort; } > internal/input/time_zones.txt
//
//go:embed time_zones.txt
var timeZonesFile string

// TimeZones are the IANA names that a person can choose from, UTC first.
var TimeZones = strings.Fields(timeZonesFile)
