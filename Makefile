# make run · make test — everything else is described by "make help".

GO      ?= go
CRASHES ?= 50
BURST   ?= 1000
FUZZ    ?= 1m

# What the race detector would slow down beyond use, or would change the times of, has folders of its own.
every    = $(shell $(GO) list ./...)
apart    = $(filter console/e2e/browser% console/e2e/look% console/e2e/load%,$(every))
quickly  = $(filter-out $(apart),$(every))
measured = console/e2e/load
scored   = console/e2e/look/lighthouse
looks    = $(filter-out $(measured) $(scored),$(apart))

# These start whole programs, again and again: the race detector watches them in test-long. The rules of the source need none.
whole    = console/e2e console/internal/cli
rules    = console

# Tests of the whole program wait for disks, mails and clocks more than they compute.
waiting  = -parallel 6

# SQLite, translated from C, and the hashing of passwords are not ours to watch, and watched they take three quarters of the time.
# Only packages without sync.Map are left out: what they make of it would stand in for everybody's, and be taken for races.
race     = -race $(foreach library,modernc.org/sqlite/lib modernc.org/libc/... golang.org/x/crypto/argon2 golang.org/x/crypto/blake2b,\
             -gcflags=$(library)=-race=false)

# A fourth of the garbage collections leaves programs that live for minutes a quarter more of the processor.
test quick test-long: export GOGC = 400

.PHONY: help run build test quick tools generate check bench bench-large test-long test-crash screenshots fuzz release release-check

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## build and serve on http://localhost:8080
	./bin/console serve

build: ## build bin/console
	CGO_ENABLED=0 $(GO) build -o bin/console .

test: tools check ## everything that must hold, with the race detector where it can watch in time
	$(GO) test $(race) -timeout 25m $(filter-out $(whole) $(rules),$(quickly))
	$(GO) test $(waiting) -timeout 25m $(whole) $(rules)
	$(GO) test -short -timeout 25m $(looks)
	CONSOLE_TEST_ENGINE=postgres $(GO) test -short $(waiting) -timeout 25m ./store ./internal/notify ./internal/account ./internal/cli
	CONSOLE_TEST_ENGINE=postgres $(GO) test -short $(waiting) -timeout 25m ./e2e # one path through each section
	GOGC= $(GO) test -count=1 -timeout 25m $(measured) # measures times and memory, so nothing else runs beside it

quick: ## vet, and the tests that take no browser and no patience: about two minutes on two processors, seconds where little has changed
	$(GO) vet ./...
	$(GO) test -short $(waiting) $(quickly)

tools: ## install what the tests need (once; needs the network)
	@.ci/tools

generate: ## write the Go code of the templ pages, the document of the API, and the client that tests have of it
	$(GO) tool templ generate -log-level error
	cd handlers/api && $(GO) run ./describe
	cd tools && $(GO) tool oapi-codegen -config ../e2e/apiclient/generate.yaml ../handlers/api/openapi.json

check: ## formatting, vet, staticcheck, generated code is fresh
	@.ci/check

bench: ## measure with 1,000, 100,000 and 1,000,000 people (bench/README.md)
	CGO_ENABLED=0 $(GO) build -o bench/data/bin/console .
	CGO_ENABLED=0 $(GO) build -o bench/data/bin/constant ./bench/constant
	cd bench/peer && CGO_ENABLED=0 $(GO) build -o ../data/bin/peer .
	$(GO) run ./bench

bench-large: ## measure the activity log with 10,000,000 entries (4.3 GB in bench/data)
	$(GO) run ./bench -large

test-long: tools ## all random operations, tasks, roles and widths, 50 crashes, 1,000 sign-ins and events at the same moment; races of the whole; scores; PostgreSQL
	CONSOLE_TEST_BROWSER=chromium GUESSING_ROUNDS=50 $(GO) test -count=1 -timeout 60m ./internal/account $(looks) # in the whole browser
	SERVING=all ROTATION_KILLS=30 $(GO) test $(race) -count=1 $(waiting) -timeout 60m $(whole) # also behind HAProxy and Caddy, in an empty root
	UPGRADES=all MIGRATION_KILLS=30 $(GO) test -count=1 -timeout 60m -run 'FC148' ./store ./internal/cli
	SERVING=all COMMITS=1000 HANGS=1 STARTS=10 MOVED_PEOPLE=100000 MIGRATION_KILLS=30 GUESSING_ROUNDS=50 CONSOLE_TEST_ENGINE=postgres $(GO) test -count=1 -timeout 60m ./store ./internal/notify ./internal/account ./internal/cli
	SERVING=all ROTATION_KILLS=30 CONSOLE_TEST_ENGINE=postgres $(GO) test -count=1 $(waiting) -timeout 60m ./e2e
	REPLICA_CHANGES=1000 CONSOLE_TEST_ENGINE=postgres $(GO) test -count=1 -timeout 60m -v ./e2e/replicas
	GOGC= CRASHES=$(CRASHES) BURST=$(BURST) $(GO) test -count=1 -timeout 60m -v ./e2e/load
	GOGC= $(GO) test -count=1 -timeout 25m -v $(scored) # loads pages as slow phones do, several times each
	$(MAKE) release-check

test-crash: test-long ## the same: kills the server 50 times and sees that nothing acknowledged is lost

screenshots: ## pictures of every page, for the README and for looking at
	SCREENSHOTS=$(CURDIR)/docs/screenshots $(GO) test -count=1 -run 'TestScreenshots|TestLook_Mails' -v ./e2e/look

fuzz: ## feed every parser of outside input with what nobody has thought of, each for FUZZ (1m), in the packages PACKAGES (all that have such tests)
	@.ci/fuzz $(FUZZ) $(PACKAGES)

release: ## build dist/: archives of the last commit for Linux, macOS and Windows, checksums, lists of their modules
	cd tools && $(GO) run ./release -repository .. -dist ../dist $(if $(VERSION),-version $(VERSION))

release-check: ## build twice, the second time from nothing, and compare byte for byte
	cd tools && RELEASE_CHECK=1 $(GO) test -count=1 -timeout 60m -run TestTwoBuildsAreEqual ./release
