package account

import (
	"testing"
	"time"
)

func TestFC195_WhatFollowsStartsAtSomeMoment(t *testing.T) {
	t.Parallel()
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		moment := someMoment()
		least, most = min(least, moment), max(most, moment)
	}
	if least < answersAfter || most > answersWithin || most-least < (answersWithin-answersAfter)*9/10 {
		t.Errorf("answers come between %v and %v", least, most)
	}
}
