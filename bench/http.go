package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// The ports that servers are started on, one at a time each.
const (
	consolePort = 18470 + iota
	constantPort
	peerPort
)

// console serves an installation and signs in.
func (b *bench) console(data string) (*server, http.Header, error) {
	s, err := serve(consolePort, filepath.Join(b.data, "console.log"), filepath.Join(b.bin, "console"), "serve", "--data", data,
		"--listen", "127.0.0.1:"+strconv.Itoa(consolePort))
	if err != nil {
		return nil, nil, err
	}
	session, err := signIn(s.url)
	if err != nil {
		return nil, nil, errors.Join(err, s.stop())
	}
	return s, session, nil
}

// overHTTP measures the users page against a server that answers with the same bytes.
func (b *bench) overHTTP(_ context.Context, data [len(sizes)]string) error {
	fmt.Printf(
		"\n| users page over HTTP | requests/s | constant | share | processor time of the server, ms | constant |\n" +
			"| --- | --- | --- | --- | --- | --- |\n",
	)
	lowest := 100.0
	for i, n := range sizes {
		rates, err := b.share(data[i])
		if err != nil {
			return err
		}
		page, constant := rates[0], rates[1]
		share := 100 * page.perSecond / constant.perSecond
		lowest = min(lowest, share)
		fmt.Printf("| %d people, %d bytes | %.0f | %.0f | %.1f %% | %.2f | %.2f |\n", n, page.bytes, page.perSecond, constant.perSecond, share,
			ms(page.cpu), ms(constant.cpu))
	}
	b.demands = append(b.demands, demand{what: "users page over HTTP, share of a constant", got: lowest, must: 16, aim: 30, format: "%.1f %%"})
	return nil
}

func (b *bench) share(data string) ([]rate, error) {
	console, session, err := b.console(data)
	if err != nil {
		return nil, err
	}
	defer console.stop()
	page := &target{name: "console", server: console, urls: []string{console.url + "/settings/users"}, header: session, want: "</html>"}
	constant, err := b.constantLike(page)
	if err != nil {
		return nil, err
	}
	defer constant.server.stop()
	return inTurn(b.rounds, b.each, page, constant)
}

// constantLike serves what a target answers, for the same requests.
func (b *bench) constantLike(t *target) (*target, error) {
	body, err := t.body(http.DefaultClient, 0)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.data, "page.html")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		return nil, err
	}
	constant, err := serve(constantPort, filepath.Join(b.data, "constant.log"), filepath.Join(b.bin, "constant"), "--listen",
		"127.0.0.1:"+strconv.Itoa(constantPort), "--file", file)
	if err != nil {
		return nil, err
	}
	same := *t
	same.name, same.server, same.urls = "constant", constant, nil
	for _, url := range t.urls {
		same.urls = append(same.urls, constant.url+strings.TrimPrefix(url, t.server.url))
	}
	return &same, nil
}

// againstPeer measures list and search against PocketBase with the same people.
func (b *bench) againstPeer(ctx context.Context, data [len(sizes)]string) error {
	console, session, err := b.console(data[medium])
	if err != nil {
		return err
	}
	defer console.stop()
	peer, token, err := b.peer(data[medium])
	if err != nil {
		return err
	}
	defer peer.stop()
	o, err := open(ctx, data[medium])
	if err != nil {
		return err
	}
	rare, err := o.rare(ctx)
	if err = errors.Join(err, o.db.Close()); err != nil {
		return err
	}
	fmt.Printf(
		"\n| 100,000 people, 50 a page | console, requests/s | PocketBase | ratio | processor time, ms | PocketBase |\n" +
			"| --- | --- | --- | --- | --- | --- |\n",
	)
	ours := &target{name: "console", server: console, header: session}
	theirs := &target{name: "PocketBase", server: peer, header: token}
	compare := func(name, row, item string, terms ...string) (float64, error) {
		ours.urls, theirs.urls, ours.want, theirs.want = nil, nil, row, item
		for _, term := range terms {
			ours.urls = append(ours.urls, console.url+"/settings/users?"+url.Values{"q": {term}}.Encode())
			theirs.urls = append(theirs.urls, peer.url+peerList(term))
		}
		rates, err := inTurn(b.rounds, b.each, ours, theirs)
		if err != nil {
			return 0, err
		}
		ratio := rates[0].perSecond / rates[1].perSecond
		fmt.Printf(
			"| %s | %.0f | %.0f | %.1f × | %.2f | %.2f |\n",
			name,
			rates[0].perSecond,
			rates[1].perSecond,
			ratio,
			ms(rates[0].cpu),
			ms(rates[1].cpu),
		)
		return ratio, nil
	}
	const row, item, noRow, noItem = `<td class="col-email"`, `"email":"`, `class="empty"`, `"items":[]`
	list, err := compare("list", row, item, "")
	if err != nil {
		return err
	}
	lowest := math.Inf(1)
	var terms []string
	for _, c := range []struct{ name, row, item, term string }{
		{"one person", row, item, rare}, {"nobody", noRow, noItem, "qqqxyz"}, {"a first name", row, item, "jennifer"},
		{"half of a common name", row, item, "son"}, {"everybody", row, item, "example"},
	} {
		ratio, err := compare("search: "+c.name, c.row, c.item, c.term)
		if err != nil {
			return err
		}
		lowest = min(lowest, ratio)
		terms = append(terms, c.term)
	}
	search, err := compare("search: these five in turn", "", "", terms...)
	if err != nil {
		return err
	}
	b.demands = append(b.demands,
		demand{what: "list against PocketBase", got: list, must: 3, aim: 5, format: "%.1f ×"},
		demand{what: "search against PocketBase, five terms in turn", got: search, must: 4, aim: 15, format: "%.1f ×"},
		demand{what: "search against PocketBase, the one of them with the lowest ratio", got: lowest, must: 4, aim: 15, format: "%.1f ×"},
	)
	return nil
}

// peerList is the request that PocketBase answers fastest: sorted by a column with an index, without counting, with no
// more fields than a row of the list shows.
func peerList(term string) string {
	q := url.Values{
		"page":      {"1"},
		"perPage":   {"50"},
		"skipTotal": {"1"},
		"sort":      {"name_key"},
		"fields":    {"id,name,email,role,status,last_auth"},
	}
	if term != "" {
		quoted := strconv.Quote(term)
		q.Set("filter", "name~"+quoted+"||email~"+quoted+"||role~"+quoted)
	}
	return "/api/collections/people/records?" + q.Encode()
}

// peer serves PocketBase with the people of an installation and signs in as somebody who may list them.
func (b *bench) peer(data string) (*server, http.Header, error) {
	dir, program := filepath.Join(b.data, "peer"), filepath.Join(b.bin, "peer")
	whole := filepath.Join(dir, "loaded") // written last
	if _, err := os.Stat(whole); err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return nil, nil, err
		}
		load := exec.Command(program, "load", filepath.Join(data, "console.db"), "--dir", dir, "--email", adminEmail, "--password", adminPassword)
		if output, err := load.CombinedOutput(); err != nil {
			return nil, nil, fmt.Errorf("load the peer: %w: %.500s", err, output)
		}
		if err := os.WriteFile(whole, nil, 0o600); err != nil {
			return nil, nil, err
		}
	}
	s, err := serve(peerPort, filepath.Join(b.data, "peer.log"), program, "serve", "--dir", dir, "--http", "127.0.0.1:"+strconv.Itoa(peerPort))
	if err != nil {
		return nil, nil, err
	}
	token, err := peerToken(s.url)
	if err != nil {
		return nil, nil, errors.Join(err, s.stop())
	}
	return s, http.Header{"Authorization": {token}}, nil
}

func peerToken(base string) (string, error) {
	credentials, err := json.Marshal(map[string]string{"identity": adminEmail, "password": adminPassword})
	if err != nil {
		return "", err
	}
	answer, err := http.Post(base+"/api/collections/users/auth-with-password", "application/json", bytes.NewReader(credentials))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var signedIn struct{ Token string }
	if err := json.NewDecoder(answer.Body).Decode(&signedIn); err != nil || signedIn.Token == "" {
		return "", errors.Join(fmt.Errorf("signing in to PocketBase answered %s", answer.Status), err)
	}
	return signedIn.Token, nil
}
