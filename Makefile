# Every target works on a fresh machine: what it needs, it installs first. Node 24 comes with the npm packages.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Written last by npm: it is missing where an installation was killed.
installed := node_modules/.package-lock.json
.PHONY: help run test check unit integration bench build clean stop

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## a real Consul, three demo servers and the agent in the foreground
	@npm run --silent demo

test: $(installed) ## everything: check, unit and integration tests
	@# Beside the checks, so that nobody waits for it later. What fails here is tried again then, and told.
	@scripts/with-engine true >/dev/null 2>&1 & $(MAKE) --no-print-directory check && $(MAKE) --no-print-directory unit && $(MAKE) --no-print-directory integration

check: $(installed) ## format, type-aware lint, import directions, dead code, types
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-lint check-types check-dead check-imports check-format

check-%:
	@npm run --silent check:$*

unit: $(installed) ## unit, property and contract tests: loopback only, no container
	@npm run --silent unit

integration: build ## the agent against a real Consul in containers
	@npm run --silent integration

bench: build ## figures: medians, and ratios against peers measured in the same run
	@npm run --silent bench

build: $(installed) ## make dist of src, if something in it is newer
	@npm run --silent build

clean: ## remove what install and build made
	@rm -rf node_modules dist .next-dist coverage

stop: ## end the container engine and containers that these scripts started, and nothing else
	@scripts/engine stop

$(installed): package.json package-lock.json
	@scripts/install
