package harness

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// Through makes a browser connect from an address of this machine, such as 127.0.2.7 (Linux), over HTTP/2 where there is TLS.
func (b *Browser) Through(address string) *Browser {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1000, ForceAttemptHTTP2: true}
	if over, is := b.Console.Transport.(*http.Transport); is {
		transport.TLSClientConfig = over.TLSClientConfig.Clone()
	}
	b.Console.T.Cleanup(transport.CloseIdleConnections)
	b.HTTP.Transport = transport
	return b
}

// Strangers are visitors who send one form again and again.
type Strangers struct {
	Answers map[int]*atomic.Int64 // by status
	Major   atomic.Int64          // of the version of HTTP of the latest answer
	stop    context.CancelFunc
	all     sync.WaitGroup
}

// Flood has somebody post a form for each of the addresses, without pause until Stop: by a connection each or, over HTTP/2, by one for
// each address.
func (c *Console) Flood(path string, addresses []string, pairs ...string) *Strangers {
	c.T.Helper()
	ctx, stop := context.WithCancel(context.Background())
	crowd := &Strangers{Answers: map[int]*atomic.Int64{}, stop: stop}
	for _, status := range []int{http.StatusSeeOther, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable, 0} {
		crowd.Answers[status] = new(atomic.Int64)
	}
	c.T.Cleanup(crowd.Stop)
	first := c.Browser()
	form := url.Values{"csrf_token": {first.Token()}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	through := map[string]*Browser{}
	for _, address := range addresses {
		if through[address] == nil {
			through[address] = c.Browser().Through(address)
			through[address].HTTP.Jar = first.HTTP.Jar
		}
		b := through[address]
		crowd.all.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL.String()+path, strings.NewReader(form.Encode()))
				if err != nil {
					return
				}
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				answer, err := b.HTTP.Do(request)
				status := 0
				if err == nil {
					io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
					status = answer.StatusCode
					crowd.Major.Store(int64(answer.ProtoMajor))
				}
				if n := crowd.Answers[status]; n != nil {
					n.Add(1)
				}
			}
		})
	}
	return crowd
}

// Stop ends the crowd.
func (crowd *Strangers) Stop() {
	crowd.stop()
	crowd.all.Wait()
}

// String says how often which status was answered.
func (crowd *Strangers) String() string {
	said := ""
	for status, n := range crowd.Answers {
		said += fmt.Sprintf("%d: %d  ", status, n.Load())
	}
	return said
}

// Neighbours are n connections' addresses, of so many hosts of the network 127.0.1.0/24.
func Neighbours(n, hosts int) (addresses []string) {
	for i := range n {
		addresses = append(addresses, fmt.Sprintf("127.0.1.%d", 1+i%hosts))
	}
	return addresses
}

// Everyday is what people do who have a right to it: sign in, sign up, and type their password once more.
type Everyday struct {
	console                *Console
	signIns, ups, prompted []*Browser
	links                  []string
	people                 []store.User
}

const everydayPassword = "a long password of many people"

// Everyday prepares what people of the network 127.0.2.0/24 do: so many sign-ins, sign-ups and prompts.
func (c *Console) Everyday(admin *Browser, signIns, signUps, prompts int) *Everyday {
	c.T.Helper()
	e := &Everyday{console: c}
	hash := auth.HashPassword(everydayPassword)
	for i := range signIns + prompts {
		u := Active(permission.Analyst, "Some", "Body", fmt.Sprintf("everyday%d@example.com", i))
		u.PasswordHash = hash
		e.people = append(e.people, u)
	}
	e.people = c.Insert(e.people...)
	for i := range signIns {
		e.signIns = append(e.signIns, c.Browser().Through(fmt.Sprintf("127.0.2.%d", i+1)))
	}
	for i := range signUps {
		e.links = append(e.links, c.InviteByLink(admin, "analyst", fmt.Sprintf("new%d@example.com", i)))
		e.ups = append(e.ups, c.Browser().Through(fmt.Sprintf("127.0.2.%d", i+50)))
	}
	for i := range prompts {
		e.prompted = append(e.prompted, c.Browse(e.people[signIns+i]).Through(fmt.Sprintf("127.0.2.%d", i+100)))
	}
	for _, b := range append(append(append([]*Browser(nil), e.signIns...), e.ups...), e.prompted...) {
		b.Token()
	}
	return e
}

// Do does all of it at the same moment, and returns how long the slowest took. What fails fails the test.
func (e *Everyday) Do() time.Duration {
	var all sync.WaitGroup
	var slowest atomic.Int64
	one := func(what string, want int, do func() *Answer) {
		all.Go(func() {
			began := time.Now()
			if a := do(); a.StatusCode != want {
				e.console.T.Errorf("%s is answered %d:\n%s", what, a.StatusCode, a.Body)
			}
			for took := int64(time.Since(began)); ; {
				seen := slowest.Load()
				if took <= seen || slowest.CompareAndSwap(seen, took) {
					return
				}
			}
		})
	}
	for i, b := range e.signIns {
		one("a sign-in", http.StatusSeeOther, func() *Answer {
			return b.Post("/signin", "email", e.people[i].Email, "password", everydayPassword)
		})
	}
	for i, b := range e.ups {
		one("a sign-up", http.StatusSeeOther, func() *Answer {
			return b.Post(e.links[i], "first_name", "New", "last_name", "Comer", "password", everydayPassword)
		})
	}
	for _, b := range e.prompted {
		one("a prompt", http.StatusSeeOther, func() *Answer {
			const another = "another password of somebody"
			return b.Post("/settings/profile/password", "current_password", everydayPassword, "password", another, "again", another)
		})
	}
	all.Wait()
	return time.Duration(slowest.Load())
}
