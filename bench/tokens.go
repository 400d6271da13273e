package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// What a program asks for that shows a token: whether somebody may do something, of many people in turn.
const (
	asksPath  = "/api/v1/permissions/check?tenant=1&resource=attacks&action=view&user="
	asksWant  = `"allowed":`
	asksAbout = 3000 // people
)

// askingTokens is how many tokens ask in turn: a token is answered 50 times a second, so this many are for 15,000 requests a second,
// more than the constant answers.
const askingTokens = 300

// tokensEach is how many of them one person has, who cannot have more.
const tokensEach = 100

// tokens measures requests with API tokens, of 1,000,000 people and 10,000 groups, against a constant of as many bytes: permission checks,
// and the question whose token it is, which reads something in the database each time.
func (b *bench) tokens(ctx context.Context, data [len(sizes)]string) error {
	dir, err := copied(inMemory, data[large])
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	headers, people, err := issue(ctx, dir)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	console, err := serve(consolePort, filepath.Join(b.data, "console.log"), filepath.Join(b.bin, "console"), "serve", "--data", dir,
		"--listen", "127.0.0.1:"+strconv.Itoa(consolePort))
	if err != nil {
		return err
	}
	defer console.stop()
	program := &target{name: "console", server: console, headers: headers, want: asksWant}
	for _, id := range people {
		program.urls = append(program.urls, console.url+asksPath+strconv.FormatInt(id, 10))
	}
	fmt.Printf("\n| requests with %d API tokens | requests/s | constant | share | processor time of the server, ms | constant |\n"+
		"| --- | --- | --- | --- | --- | --- |\n", askingTokens)
	share, err := b.shareOfConstant("a permission check", program)
	if err != nil {
		return err
	}
	self := &target{name: "console", server: console, headers: headers, want: adminEmail, method: http.MethodPost,
		urls: []string{console.url + "/v1/user"}}
	if _, err := b.shareOfConstant("POST /v1/user", self); err != nil {
		return err
	}
	if err := b.personAgainstPeer(data[medium], program); err != nil {
		return err
	}
	b.demands = append(b.demands,
		demand{what: "a permission check with a token, share of a constant", got: share, must: 40, aim: 60, format: "%.1f %%"})
	return nil
}

// personAgainstPeer measures reading one person of many in turn beside PocketBase, which has no permissions to be asked for, with the
// people of an installation. program is who asks the console.
func (b *bench) personAgainstPeer(data string, program *target) error {
	peer, token, err := b.peer(data)
	if err != nil {
		return err
	}
	defer peer.stop()
	theirs := &target{name: "PocketBase", server: peer, header: token, want: `"email":"`}
	ids, err := peerIDs(peer.url, token)
	if err != nil {
		return err
	}
	for _, id := range ids {
		theirs.urls = append(theirs.urls, peer.url+"/api/collections/people/records/"+id)
	}
	ours := &target{name: "console", server: program.server, headers: program.headers, want: `"email":"`}
	for _, url := range program.urls {
		_, id, _ := strings.Cut(url, "user=")
		ours.urls = append(ours.urls, program.server.url+"/api/v1/users/"+id)
	}
	rates, err := inTurn(b.rounds, b.each, ours, theirs)
	if err != nil {
		return err
	}
	fmt.Printf("\n| a person by id, with a token | requests/s | bytes | processor time of the server, ms |\n| --- | --- | --- | --- |\n")
	for i, people := range []string{"console, 1,000,000 people", "PocketBase, 100,000 people"} {
		fmt.Printf("| %s | %.0f | %d | %.3f |\n", people, rates[i].perSecond, rates[i].bytes, ms(rates[i].cpu))
	}
	return nil
}

// peerIDs are the ids of the first 500 people of PocketBase.
func peerIDs(base string, token http.Header) (ids []string, err error) {
	request, err := http.NewRequest(http.MethodGet, base+"/api/collections/people/records?perPage=500&fields=id&skipTotal=1", nil)
	if err != nil {
		return nil, err
	}
	request.Header = token
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var list struct{ Items []struct{ ID string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		ids = append(ids, item.ID)
	}
	return ids, nil
}

// shareOfConstant says how a program is answered beside a constant of as many bytes, and returns the share of its requests in hundredths.
func (b *bench) shareOfConstant(what string, program *target) (float64, error) {
	constant, err := b.constantLike(program)
	if err != nil {
		return 0, err
	}
	defer constant.server.stop()
	rates, err := inTurn(b.rounds, b.each, program, constant)
	if err != nil {
		return 0, err
	}
	share := 100 * rates[0].perSecond / rates[1].perSecond
	fmt.Printf("| %s, %d bytes | %.0f | %.0f | %.1f %% | %.3f | %.3f |\n", what, rates[0].bytes, rates[0].perSecond, rates[1].perSecond, share,
		ms(rates[0].cpu), ms(rates[1].cpu))
	return share, nil
}

// issue adds the groups to an installation, and makes tokens of Global Administrators; it returns what requests show, and the people
// that they ask about.
func issue(ctx context.Context, dir string) (headers []http.Header, people []int64, err error) {
	o, err := open(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, o.db.Close()) }()
	c, err := o.furnish(ctx)
	if err != nil {
		return nil, nil, err
	}
	owner := adminEmail
	for i := range askingTokens {
		if i > 0 && i%tokensEach == 0 {
			owner = fmt.Sprintf("administrator.%d@added.example", i)
			if _, err := o.account.AddUser(ctx, o.actor, account.NewUser{Role: permission.GlobalAdmin, FirstName: "Ada", Email: owner,
				Password: "a long first password"}); err != nil {
				return nil, nil, err
			}
		}
		issued, err := o.account.CreateToken(ctx, o.actor, account.TokenInput{Name: fmt.Sprint("Program ", i), Kind: store.PersonalToken,
			Owner: owner, AsHeld: true})
		if err != nil {
			return nil, nil, err
		}
		headers = append(headers, http.Header{"X-Wallarmapi-Token": {issued.Value}})
	}
	return headers, c.ids[:asksAbout], nil
}
