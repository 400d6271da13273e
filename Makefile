# make run · make test — everything else is described by "make help".

GO      ?= go
CRASHES ?= 50

.PHONY: help run build test tools generate check bench test-crash test-burst screenshots release

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## build and serve on http://localhost:8080
	./bin/console serve

build: ## build bin/console
	CGO_ENABLED=0 $(GO) build -o bin/console .

test: tools check ## everything that must hold, with the race detector
	$(GO) test -race -timeout 25m ./...
	$(GO) test -run 'TestRandom|TestPreview' ./internal/account # SQLite is too slow for these under the race detector
	$(GO) test -timeout 20m -run 'TestFC6|TestLook|TestCrawl|TestBrowser[A-Z]' ./e2e # these change the time zone of the process, or look at pages as people do
	$(GO) test -run TestLighthouse -count=1 ./e2e # measures speed, so nothing else runs beside it

tools: ## install what the tests need (once; needs the network)
	@.ci/tools

generate: ## write the Go code of the templ pages
	$(GO) tool templ generate -log-level error

check: ## formatting, vet, staticcheck, generated code is fresh
	@.ci/check

bench: ## measure with 1,000, 100,000 and 1,000,000 people (bench/README.md)
	CGO_ENABLED=0 $(GO) build -o bench/data/bin/console .
	CGO_ENABLED=0 $(GO) build -o bench/data/bin/constant ./bench/constant
	cd bench/peer && CGO_ENABLED=0 $(GO) build -o ../data/bin/peer .
	$(GO) run ./bench

test-crash: ## kill the server 50 times and see that nothing acknowledged is lost
	CRASHES=$(CRASHES) $(GO) test -count=1 -timeout 60m -run TestCrash -v ./e2e

test-burst: ## 1,000 sign-ins, and 1,000 events, at the same moment: times and memory
	BURST=1000 $(GO) test -count=1 -timeout 20m -run TestBurst -v ./e2e

screenshots: ## pictures of every page, for the README and for looking at
	SCREENSHOTS=$(CURDIR)/docs/screenshots $(GO) test -count=1 -run 'TestScreenshots|TestLook_Mails' -v ./e2e

release: ## build dist/: archives of the last commit for Linux, macOS and Windows, checksums, lists of their modules
	cd tools && $(GO) run ./release -repository .. -dist ../dist $(if $(VERSION),-version $(VERSION))
