package store

import (
	"net"
	"time"
)

// How soon a server is given up that has vanished without a word, as one does whose machine or network has failed: nobody closes its
// connections, and without these limits a statement would wait for minutes or for good. A server that works on a statement is silent too, but
// its system answers.
const (
	unanswered = 10 * time.Second // for what was sent, until the other system says that it has it
	silence    = 10 * time.Second // until the other system is asked whether the connection is still there
	askedEvery = 5 * time.Second
	askedTimes = 2
)

// dialer connects to a server of which it is noticed when it vanishes. timeout is how long a connection may take; 0: as long as the system
// lets it.
func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: limitUnanswered,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence, Interval: askedEvery, Count: askedTimes}}
}
