# image-trust-operator: everything that a developer, a user who tries it, and CI call.
# Needs Node >= 20 with npm, and make. The right Node (26) comes with the packages.
SHELL := /bin/sh
BIN := node_modules/.bin
NODE := $(BIN)/node
export PATH := $(CURDIR)/$(BIN):$(PATH)
VITEST := $(NODE) $(BIN)/vitest run --config test/vitest.config.ts

.DEFAULT_GOAL := help

.PHONY: help install build generate check test test-real bench fuzz demo clean
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: node_modules/.install ## Install the packages that package-lock.json pins (Node 26 among them)

node_modules/.install: package.json package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is needed (it comes with Node >= 20)" >&2; exit 64; }
	@echo "==> Installing packages (half a minute the first time)"
	@npm ci --no-fund --no-audit --loglevel=error
	@touch $@

build: install ## Emit dist/ (what npm pack ships)
	@rm -rf dist
	@$(NODE) .ci/build.ts

generate: install ## Write crds/, docs/reasons.md and the other generated files
	@$(NODE) .ci/generate.ts

check: install ## Format, lint, types, generated files in date, unit, golden and property tests
	@echo "==> Format, lint, types, generated files"
	@$(BIN)/biome format --config-path=.ci/format.json .
	@$(BIN)/oxlint -c .ci/oxlint.json --type-aware --tsconfig tsconfig.json src test .ci
	@$(BIN)/tsc -p .
	@$(NODE) .ci/generate.ts --check
	@echo "==> Unit, golden and property tests"
	@$(VITEST) --project unit

test: check ## All of check, the packed command line, and the demo
	@echo "==> The packed command line and the demo"
	@$(VITEST) --project packed

test-real: install ## Against the real cosign and notation (built with Go into a cache where they are missing)
	@$(VITEST) --project real

bench: install build ## Figures, as ratios within one run
	@$(NODE) test/bench/main.ts

fuzz: install ## 100,000 mutated inputs for every parser of hostile bytes
	@FUZZ_RUNS=100000 $(VITEST) --project fuzz

demo: install ## Scan sample manifests with signed images: no cluster, no registry, no network
	@$(NODE) test/demo/demo.ts

clean: ## Remove what make made in the checkout
	@rm -rf dist node_modules
