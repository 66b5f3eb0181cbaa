# make help lists what there is.

GO ?= go

# lambda.norpc: the function speaks only the Runtime API. buildspec.yaml builds
# with the same tags.
TAGS := lambda.norpc

# As buildspec.yaml compiles the function: so nothing is compiled twice, nor
# again for another folder.
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

# The first test of a fresh machine compiles Pulumi and builds its CLI.
TIMEOUT  ?= 75m
FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: help demo local soak suite-aws test test-project test-tools test-browser check lint vuln fuzz bench bench-build bench-lambda bench-peers bench-local thumbs test-long scale drawings screenshot cli browser clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: cli ## deploy to the in-process cloud, make thumbnails of sample pictures, destroy (KEEP=1: stay up as make local does; FAULTS="...": docs/faults.md)
	@$(GO) run -tags $(TAGS) ./local/demo

local: cli ## deploy to the in-process cloud and stay up: a page for pictures, settings and logs; deploys what you change (STATE=dir: and come back from there)
	@$(GO) run -tags $(TAGS) ./local/demo -keep -samples=false

soak: cli ## thousands of uploads while everything goes wrong, a proof at the end, docs/soak.png (3 minutes; HOURS=n; ARGS="-seed 2 -workers 8")
	@$(GO) run -tags $(TAGS) ./local/soak -hours $(or $(HOURS),0) -data out/soak.json $(ARGS)
	@cd tools && $(GO) run ./soakplot ../out/soak.json ../docs/soak.png

# The end-to-end tests and the one in a browser wait for builds and deployments: beside each other they take less time. What
# both compile is compiled before, as one go command does not wait for what another compiles.
test: cli browser ## all tests, end to end and in a browser included
	@$(GO) list -tags $(TAGS) -export -f '' ./local/demo >/dev/null
	@$(MAKE) --no-print-directory -j 3 test-project test-tools test-browser
	@.ci/missing >/dev/null

test-project:
	$(GO) test -tags $(TAGS) -timeout $(TIMEOUT) ./...

test-tools:
	cd tools && $(GO) test ./...

test-browser:
	cd tools/browser && $(GO) test -timeout $(TIMEOUT) ./...

test-long: cli ## what make test leaves out because it takes minutes: the AWS CLI's commands, a short soak
	$(GO) test -tags $(TAGS),long -timeout $(TIMEOUT) ./local/aws/clients ./local/soak

suite-aws: ## how AWS behaves, on your account (AWS_REGION, AWS_PROFILE; asks first, YES=1 does not; removes what it makes)
	@$(GO) run -tags $(TAGS) ./local/conformance/onaws

check: lint vuln test test-long fuzz ## what the repository's workflow runs: lint, vuln, test, test-long, and FUZZTIME of every fuzz target

lint: ## gofmt, vet, staticcheck, actionlint
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'ed: $$unformatted"; exit 1; fi
	$(GO) vet -tags $(TAGS) ./...
	cd tools && $(GO) vet ./...
	cd tools/browser && $(GO) vet ./...
	cd tools/lint && $(GO) build -o ../../.bin/ tool
	.bin/staticcheck -tags $(TAGS) ./...
	.bin/actionlint

vuln: ## known vulnerabilities that the code reaches (asks vuln.go.dev)
	cd tools/lint && $(GO) build -o ../../.bin/ tool
	.bin/govulncheck -tags $(TAGS) ./...

# A minute to make one input smaller, which is Go's default, leaves no time for others.
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@grep -rn --include='*_test.go' -oE '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file _ name; do \
		target=$${name#func }; echo "$$target in $$(dirname $$file)"; \
		$(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$(dirname $$file) || exit 1; \
	done

bench: ## benchmarks of every format and stage
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchmem -cpu 1 ./handler/... ./codec/...

bench-build: ## what CodeBuild compiles against the function alone, and the second build against the first
	@GO=$(GO) TAGS=$(TAGS) ./tools/bench-build.sh

bench-lambda: ## milliseconds, S3 requests and dollars a thumbnail by memory size (ARGS="-install -memory 256,512 -only jpeg12 -n 5")
	cd tools && $(GO) run ./lambdabench $(ARGS)

thumbs: ## build .bin/thumbs, the program that operates a deployed stack
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -ldflags "-s -w" -o .bin/thumbs ./cmd/thumbs

bench-peers: thumbs ## compare with Pillow, sharp, libvips and ImageMagick; installs them with apt-get and npm
	cd tools && $(GO) run ./peers -ours ../.bin/thumbs -dir ../.bin/peers $(ARGS)

scale: cli ## simulate 10 to a million uploads a minute and a billion objects, and write docs/scale.md (minutes)
	cd tools && $(GO) run ./scale

drawings: ## draw docs/*.svg of the texts docs/*.d2 (minutes the first time)
	cd tools/drawings && $(GO) build -o ../../.bin/ tool
	@for text in docs/*.d2; do drawing=$${text%.d2}.svg; \
		.bin/d2 --pad 20 $$text $$drawing && printf '<!-- %s -->\n' "$$(git hash-object $$text)" >>$$drawing || exit 1; \
	done

bench-local: ## how long make local takes until it is live, and a change in handler/
	@GO=$(GO) TAGS=$(TAGS) ./tools/bench-local.sh

screenshot: cli browser ## make docs/local.png anew, with the browser test
	cd tools/browser && $(GO) test -count 1 -run TestPage/looks . -args -screenshot $(CURDIR)/docs/local.png

# Before the tests, so that one that does not run for want of a browser is noticed.
browser:
	@[ "$$(id -u)" != 0 ] || .ci/install chromium
	@cd tools/browser && $(GO) run ./find

# The first command that compiles, so that what takes minutes is announced.
cli:
	@echo "Compiling (minutes the first time)"
	@$(GO) run -tags $(TAGS) ./local/cli/find

clean: ## remove what was built or written here (.bin, out)
	rm -rf .bin out
