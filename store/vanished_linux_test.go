package store_test

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"console/store"
)

// Each connection has the limits by which a server that vanishes is noticed.
func TestPG19_ConnectionsHaveLimitsOfSilence(t *testing.T) {
	onPostgres(t)
	db, _, _ := throughProxy(t)
	socket, err := db.Peer(t).(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range []struct{ level, name, want int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 10_000},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 10},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 2},
	} {
		var got int
		err := socket.Control(func(descriptor uintptr) { got, err = unix.GetsockoptInt(int(descriptor), option.level, option.name) })
		if err != nil || got != option.want {
			t.Errorf("option %d is %d, not %d: %v", option.name, got, option.want, err)
		}
	}
}

// A server that vanishes without closing its connections is given up by who waits for it, and all go on with new ones. The connection of
// the server ends the transaction of a console that has vanished: see PG-21.
func TestPG19_AServerThatVanishesIsGivenUp(t *testing.T) {
	onPostgres(t)
	if os.Getenv("HANGS") == "" {
		t.Skip("it takes twenty seconds: HANGS=1 runs it")
	}
	db, _, proxy := throughProxy(t)
	occupy(t, db)
	addPeople(t, db, person(1))
	proxy.Silence(t)
	const limit = 40 * time.Second // who waits is answered by the second connection at the latest, and the machine is slow
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			began := time.Now()
			_, err := db.Tenants(t.Context())
			if err != nil && !errors.Is(err, store.ErrAway) {
				t.Error("a read:", err)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("a read took %v", took)
			}
		})
	}
	all.Go(func() {
		within(t, limit, "a change", func() {
			p := person(2)
			err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(t.Context(), &p) })
			if err != nil && !errors.Is(err, store.ErrAway) {
				t.Error("a change:", err)
			}
		})
	})
	all.Wait()
	within(t, 5*time.Second, "what follows", func() {
		if _, err := db.Tenants(t.Context()); err != nil {
			t.Error(err)
		}
		addPeople(t, db, person(3))
	})
}
