package main

import (
	"context"
	"errors"
	"fmt"

	"console/store"
)

// programs measures what programs ask for about people, in the database with the most of them.
func (b *bench) programs(ctx context.Context, data [len(sizes)]string) error {
	o, err := open(ctx, data[large])
	if err != nil {
		return err
	}
	defer o.db.Close()
	const deep = 15_000
	middle, err := o.db.PlacedUsers(ctx, store.PlacedQuery{Order: store.ByID, Limit: 1, Offset: deep})
	if err != nil || len(middle) == 0 {
		return errors.Join(err, errors.New("nobody in the middle of the list"))
	}
	user := middle[0]
	fmt.Printf("\n| what programs ask for, %d people | processor time, ms |\n| --- | --- |\n", sizes[large])
	most := map[bool]float64{} // of one person, and of lists
	for _, asked := range []struct {
		what string
		q    store.PlacedQuery
		one  bool
	}{
		{"a person by id", store.PlacedQuery{IDs: []int64{user.ID}, Order: store.ByID, Limit: 1}, true},
		{"a person by address", store.PlacedQuery{EmailKeys: []string{user.EmailKey}, Order: store.ByName, Limit: 1}, true},
		{"a list of 1,000 by id", store.PlacedQuery{Order: store.ByID, Limit: 1000}, false},
		{"a list of 1,000 by name", store.PlacedQuery{Order: store.ByName, Limit: 1000}, false},
		{"a list of 1,000 by id, from 15,000 on", store.PlacedQuery{Order: store.ByID, Limit: 1000, Offset: deep}, false},
		{"a list of 1,000 by name, from 15,000 on", store.PlacedQuery{Order: store.ByName, Limit: 1000, Offset: deep}, false},
		{"a list of 1,000 by the last sign-in, backwards, from 15,000 on",
			store.PlacedQuery{Order: store.ByLastAuth, Descending: true, Limit: 1000, Offset: deep}, false},
	} {
		took, err := processorTime(31, func(int) error {
			found, err := o.account.FindUsers(ctx, o.actor, asked.q)
			if err == nil && len(found) != asked.q.Limit {
				err = fmt.Errorf("%d people are found", len(found))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", asked.what, err)
		}
		fmt.Printf("| %s | %.2f |\n", asked.what, ms(took))
		most[asked.one] = max(most[asked.one], ms(took))
	}
	b.demands = append(b.demands,
		demand{what: "one person whom a program asks for at 1,000,000", got: most[true], must: 1, aim: 0.2, atMost: true, format: "%.2f ms"},
		demand{what: "1,000 people whom a program asks for at 1,000,000, the slowest list", got: most[false], must: 50, aim: 25, atMost: true,
			format: "%.1f ms"})
	return nil
}
