package storetest

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Silence makes of the proxy, for whoever is connected to it, a machine that has vanished: nothing that arrives there is acknowledged, and
// nobody closes the connection. New connections are taken.
func (p *Proxy) Silence(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		client, is := conn.(*net.TCPConn)
		if !is {
			continue // to the server
		}
		socket, err := client.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		controlled := socket.Control(func(descriptor uintptr) { err = dropAll(int(descriptor)) })
		if controlled != nil || err != nil {
			t.Fatal(controlled, err)
		}
	}
}

// dropAll has the system drop what arrives at a socket before TCP sees it.
func dropAll(descriptor int) error {
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	return unix.SetsockoptSockFprog(descriptor, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
}
