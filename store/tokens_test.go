package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"console/store"
)

func TestListTokensPages(t *testing.T) {
	t.Parallel()
	db := open(t)
	owner := addPeople(t, db, person(0))[0].ID
	const many = 13
	var want []int64
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for i := range many { // names twice: the id decides
			token := store.Token{Hash: []byte{byte(i)}, Kind: store.SharedToken, Name: fmt.Sprintf("Token %02d", i/2), OwnerID: owner}
			if err := tx.InsertToken(ctx, &token); err != nil {
				return err
			}
			want = append(want, token.ID)
		}
		return nil
	})
	page := func(query store.TokenQuery) (ids []int64, next, prev store.Cursor) {
		tokens, next, prev, err := db.ListTokens(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range tokens {
			ids = append(ids, token.ID)
		}
		return ids, next, prev
	}
	for _, limit := range []int{1, 2, 5, many - 1, many, many + 1} {
		query := store.TokenQuery{Kind: store.SharedToken, Limit: limit}
		all, next, prev := page(query)
		last := all
		if prev.ID != 0 {
			t.Errorf("limit %d: there is a page before the first", limit)
		}
		for next.ID != 0 {
			query.Cursor = store.ParseCursor(next.String(), store.SortName)
			last, next, prev = page(query)
			all = append(all, last...)
		}
		if !slices.Equal(all, want) {
			t.Errorf("limit %d: %v, want %v", limit, all, want)
		}
		back := last
		for prev.ID != 0 {
			query.Cursor = store.ParseCursor(prev.String(), store.SortName)
			var before []int64
			before, next, prev = page(query)
			back = append(before, back...)
			if next.ID == 0 {
				t.Errorf("limit %d: nothing follows %v", limit, before)
			}
		}
		if !slices.Equal(back, want) {
			t.Errorf("limit %d, going back: %v, want %v", limit, back, want)
		}
	}
}
