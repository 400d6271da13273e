package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"console/store"
	"console/store/storetest"
)

// committed is how many commits are read back: 50, or as many as COMMITS says.
func committed(t *testing.T) int {
	t.Helper()
	text := os.Getenv("COMMITS")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("COMMITS=%s is no number", text)
	}
	return n
}

// Three consoles change one database, each through a proxy that loses connections before, during and after every other commit. What was
// acknowledged is read by the others at once and stays; what was refused is nowhere; of what is undecided all see the same.
func TestPG24_WhatWasAcknowledgedIsReadOnAllReplicas(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	var replicas [3]*store.DB
	var proxies [3]*storetest.Proxy
	for i := range replicas {
		proxies[i] = storetest.NewProxy(t, place)
		replicas[i] = openAt(t, proxies[i].Place())
	}
	rounds := committed(t)
	outcomes := make([]error, rounds)
	for i := range outcomes {
		p, at := person(i), i/ways%len(replicas)
		disturb(proxies[at], i, p.Email)
		outcomes[i] = replicas[at].Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(t.Context(), &p) })
		proxies[at].CutAt(storetest.Never, "")
		for r, replica := range replicas {
			if outcomes[i] == nil && !isStored(t, replica, i) {
				t.Errorf("commit %d was acknowledged, and replica %d does not show it", i, r)
			}
		}
	}
	counts := map[string]int{}
	for i, err := range outcomes {
		there := isStored(t, replicas[0], i)
		for r, replica := range replicas[1:] {
			if isStored(t, replica, i) != there {
				t.Errorf("commit %d is shown by replica 0 (%t) otherwise than by replica %d", i, there, r+1)
			}
		}
		switch {
		case err == nil:
			counts["acknowledged"]++
		case errors.Is(err, store.ErrUndecided):
			counts["undecided"]++
			if there {
				counts["undecided and saved"]++
			}
			continue
		case errors.Is(err, store.ErrAway):
			counts["refused"]++
		default:
			t.Errorf("commit %d: %v", i, err)
		}
		if there != (err == nil) {
			t.Errorf("commit %d was answered %v, and is there: %t", i, err, there)
		}
	}
	if counts["acknowledged"] < rounds/3 || counts["undecided"] < rounds/5 || counts["undecided"] == counts["undecided and saved"] {
		t.Error("too few of a kind")
	}
	t.Log(rounds, "commits:", counts)
}

// ways is after how many rounds disturb begins anew.
const ways = 6

// disturb has a proxy lose the connection of a round in one of several ways: not at all in every other one.
func disturb(proxy *storetest.Proxy, round int, value string) {
	switch round % ways {
	case 1:
		proxy.CutAt(storetest.BeforeCommit, value)
	case 3:
		proxy.CutAt(storetest.AfterCommit, value)
	case 5:
		time.AfterFunc(rand.N(4*time.Millisecond), proxy.Lose) // about as long as the transaction takes
	}
}

// isStored says whether a replica shows the person of a round. It asks until it is answered: connections are being lost.
func isStored(t *testing.T, replica *store.DB, round int) (stored bool) {
	t.Helper()
	err := replica.View(t.Context(), func(q store.Queries) error {
		_, err := q.UserByEmailKey(context.Background(), person(round).EmailKey)
		stored = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		if errors.Is(err, store.ErrAway) {
			return isStored(t, replica, round)
		}
		t.Fatal(err)
	}
	return stored
}
