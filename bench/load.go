package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// connections is how many requests the client has under way, each on a connection of its own that is kept.
const connections = 8

// target is a server process with the requests it is to answer.
type target struct {
	name    string
	server  *server
	method  string   // empty: GET
	urls    []string // asked for in turn
	header  http.Header
	headers []http.Header // shown in turn, in place of header
	want    string        // every answer contains it
}

// rate is what one round of load gave.
type rate struct {
	perSecond float64
	cpu       time.Duration // that the server used for each request
	bytes     int64         // of the last answer
}

// load asks a target for at most d and returns its rate. It fails on any answer but 200 with what is wanted.
func (t *target) load(d time.Duration) (rate, error) {
	// No compression: the client asks for none, so that all targets send their bytes as they are.
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := t.check(client); err != nil {
		return rate{}, err
	}
	var done, bytes atomic.Int64
	failures := make(chan error, connections)
	usedBefore, began := t.server.cpu(), time.Now()
	var clients sync.WaitGroup
	for c := range connections {
		clients.Go(func() {
			for i := c; time.Since(began) < d; i++ {
				n, err := t.ask(client, i)
				if err != nil {
					failures <- err
					return
				}
				done.Add(1)
				bytes.Store(n)
			}
		})
	}
	clients.Wait()
	took, used := time.Since(began), t.server.cpu()-usedBefore
	close(failures)
	if err := <-failures; err != nil {
		return rate{}, err
	}
	n := done.Load()
	return rate{perSecond: float64(n) / took.Seconds(), cpu: used / time.Duration(max(n, 1)), bytes: bytes.Load()}, nil
}

// check reads one answer of each address and looks into it.
func (t *target) check(client *http.Client) error {
	for i := range t.urls {
		body, err := t.body(client, i)
		if err != nil {
			return err
		}
		if !strings.Contains(body, t.want) {
			return fmt.Errorf("%s: the answer of %s lacks %q: %.300s", t.name, t.urls[i], t.want, body)
		}
	}
	return nil
}

// body is the answer to the request with a number: they take the addresses, and the headers, in turn.
func (t *target) body(client *http.Client, i int) (string, error) {
	response, err := t.get(client, i)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func (t *target) ask(client *http.Client, i int) (int64, error) {
	response, err := t.get(client, i)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return io.Copy(io.Discard, response.Body)
}

func (t *target) get(client *http.Client, i int) (*http.Response, error) {
	url := t.urls[i%len(t.urls)]
	request, err := http.NewRequest(t.method, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header = t.header
	if len(t.headers) > 0 {
		request.Header = t.headers[i%len(t.headers)]
	}
	response, err := client.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		response.Body.Close()
		err = fmt.Errorf("%s: %s answered %s", t.name, url, response.Status)
	}
	return response, err
}

// inTurn loads targets one after the other, rounds times, and returns the median rate of each: what disturbs the machine
// for a while disturbs all of them.
func inTurn(rounds int, d time.Duration, targets ...*target) ([]rate, error) {
	rates := make([][]rate, len(targets))
	for range rounds {
		for i, t := range targets {
			r, err := t.load(d)
			if err != nil {
				return nil, err
			}
			rates[i] = append(rates[i], r)
		}
	}
	medians := make([]rate, len(targets))
	for i, of := range rates {
		medians[i] = rate{
			perSecond: median(of, func(r rate) float64 { return r.perSecond }),
			cpu:       time.Duration(median(of, func(r rate) float64 { return float64(r.cpu) })),
			bytes:     of[len(of)-1].bytes,
		}
	}
	return medians, nil
}

// server is a process on this machine.
type server struct {
	command *exec.Cmd
	url     string
}

// serve starts a program that answers at 127.0.0.1 and port, and waits until it does. What it prints goes to a file.
func serve(port int, log string, program string, arguments ...string) (*server, error) {
	s := &server{command: exec.Command(program, arguments...), url: "http://127.0.0.1:" + strconv.Itoa(port)}
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	s.command.Stdout, s.command.Stderr = output, output
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for range 300 {
		if response, err := http.Get(s.url + "/"); err == nil {
			response.Body.Close()
			return s, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s does not answer, see %s", program, log), s.stop())
}

func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.command.Wait()
}

// cpu is the time that the process has used so far (proc(5), hundredths of a second).
func (s *server) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
