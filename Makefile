# The only door: people, hooks and CI run these targets.
.DEFAULT_GOAL := help
.PHONY: help setup serve test test-oldest test-clients packages test-models test-templates test-constraints llguidance llguidance-check fuzz chaos check format-check gen docs format lint types size bench bench-peers soak nightly tools clean
MAKEFLAGS += --no-print-directory --no-builtin-rules

# Flags for the command behind a target, as in: make serve ARGS="--port 0"
ARGS ?=
# What `make test-oldest` runs: all units, the command line, a real server, a generation and an embedding.
PARTS ?= test/unit test/cli/client.test.ts test/cli/serve.test.ts test/models/demo.test.ts test/models/embedding.test.ts

node := tools/with-node
installed := node_modules/.package-lock.json
# What was promised so far: proto/ may add to it, and `make gen` then does so here.
contract := proto/v1.binpb
go_tools := .tools/bin/.installed

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: $(installed) ## Install packages, and a newer Node.js next to them where the machine's is too old
	@# The machine's Node.js may have been another one when packages were installed.
	@tools/with-node true 2>/dev/null || tools/setup

$(installed): package-lock.json tools/node/package-lock.json
	@tools/setup
	@touch $@

serve: $(installed) ## Serve the models that come with inferd on port 50051
	@bin/inferd serve $(ARGS)

test: $(installed) ## Test the server; ARGS picks some, as in ARGS=test/unit
	@$(node) vitest run --project units --project server $(ARGS)

test-oldest: $(installed) ## Test a part on the oldest Node.js, which it brings; PARTS=test takes all (needs Linux)
	@tools/with-oldest-node node --version
	@tools/with-oldest-node vitest run --project units --project server $(PARTS) $(ARGS)

test-clients: $(installed) $(go_tools) ## Test the commands in documents, and clients in each language (needs Go and Python)
	@$(node) vitest run --project clients $(ARGS)

test-models: $(installed) ## Compare published models with other libraries; fetches 600 MB once (needs Python and Maven)
	@$(node) vitest run --project models $(ARGS)

test-templates: $(installed) ## Test llama.cpp's chat templates against transformers; fetches them once
	@$(node) vitest run --project templates $(ARGS)

fuzz: $(installed) ## Send a million hostile calls; INFERD_FUZZ_CALLS and INFERD_FUZZ_SEED choose others
	@INFERD_KEEP_RESULTS=1 INFERD_FUZZ_CALLS=$${INFERD_FUZZ_CALLS:-1000000} INFERD_FUZZ_KEYED_CALLS=$${INFERD_FUZZ_KEYED_CALLS:-200000} INFERD_FUZZ_REAL_CALLS=$${INFERD_FUZZ_REAL_CALLS:-50000} INFERD_FUZZ_CONNECTIONS=$${INFERD_FUZZ_CONNECTIONS:-50000} $(node) vitest run --project server test/fuzz
	@$(node) node bench/page.ts

chaos: $(installed) ## Do everything at once to a real server for half an hour; INFERD_CHAOS_S and INFERD_CHAOS_SEED choose
	@INFERD_KEEP_RESULTS=1 INFERD_CHAOS_S=$${INFERD_CHAOS_S:-1800} $(node) vitest run --project server test/chaos
	@$(node) node bench/page.ts

check: format-check lint types test ## Check format, lint, types and the server's tests

format-check: $(installed)
	@$(node) buf format --diff --exit-code --path proto/inferd
	@$(node) prettier --check --log-level warn .

lint: $(installed) ## Lint the contract and the code, and look for unused code; the contract may only grow
	@$(node) buf lint
	@$(node) buf breaking proto --against $(contract)
	@$(node) eslint .
	@$(node) knip

types: $(installed) ## Check types
	@$(node) tsc

size: $(installed) ## Print the size of the code, next to the commit before; ARGS=--coverage adds what units cover
	@$(node) node tools/size.ts $(ARGS)

format: $(installed) ## Format everything
	@$(node) buf format --write --path proto/inferd
	@$(node) prettier --write --log-level warn .

gen: $(installed) ## Generate stubs, descriptors and reference pages from proto/ and the tables in src/
	@$(node) buf format --diff --exit-code --path proto/inferd
	@$(node) buf lint
	@$(node) buf breaking proto --against $(contract)
	@$(node) buf generate
	@tools/packages go
	@$(node) buf build --as-file-descriptor-set --output gen/fds.binpb
	@$(node) buf build --path proto/inferd --exclude-source-info --output $(contract)
	@$(MAKE) docs

docs: $(installed) ## Generate docs/reference
	@for page in tools/docs-*.ts; do $(node) node $$page || exit 1; done

bench: $(installed) $(go_tools) ## Measure this machine; results land in bench/results, docs/benchmarks.md and docs/benchmarks/
	@$(node) node bench/run.ts $(ARGS)

bench-peers: $(installed) $(go_tools) ## Measure side by side with llama.cpp and sentence-transformers, which it builds
	@$(node) node bench/peers/run.ts $(ARGS)

soak: $(installed) ## See for half an hour whether memory grows under load; INFERD_SOAK_MIN chooses how long
	@$(node) node bench/soak.ts $(ARGS)

nightly: check test-clients test-models test-templates test-constraints fuzz chaos bench bench-peers soak ## Run everything, slow things included
	@$(MAKE) test-oldest PARTS=test
	@$(MAKE) size ARGS=--coverage

test-constraints: $(installed) ## Hold 1,000 texts to their schemas
	@INFERD_SCHEMA_SEEDS=50 $(node) vitest run --project server test/models/constraint.test.ts

llguidance: ## Rebuild third_party/llguidance/llguidance.wasm (needs Debian's Rust; see its README)
	@third_party/llguidance/build.sh
	@cd third_party/llguidance && sha256sum llguidance.wasm > llguidance.wasm.sha256

llguidance-check: ## See that it can be rebuilt bit for bit
	@made=$$(mktemp -d) && third_party/llguidance/build.sh $$made/llguidance.wasm && cmp $$made/llguidance.wasm third_party/llguidance/llguidance.wasm

packages: $(installed) ## Build the client packages, those whose tools are here; PACKAGES picks some, as in PACKAGES="client python"
	@tools/packages $(PACKAGES)

tools: $(go_tools) ## Build ghz, grpcurl and grpc-health-probe into .tools/bin (needs Go)

$(go_tools): tools/install-go-tools
	@tools/install-go-tools
	@touch $@

clean: ## Remove all that the targets made
	rm -rf node_modules tools/node/node_modules tools/node-oldest/node_modules .tools .cache coverage
