# image-trust-operator: everything that a developer, a user who tries it, and CI call.
# Needs Node >= 20 with npm, and make. The right Node (26) comes with the packages.
#   IMG        image of the operator: deploy, manifests, docker-build
#   KUBECONFIG cluster of install, install-crds, uninstall, deploy, undeploy, run
#   ARGS       further flags of `make run`
SHELL := /bin/sh
BIN := node_modules/.bin
NODE := $(BIN)/node
export PATH := $(CURDIR)/$(BIN):$(PATH)
VITEST := $(NODE) $(BIN)/vitest run --config test/vitest.config.ts
# The machine's own kubectl, else the one that the tests build.
KUBECTL ?= .ci/kubectl
CONTAINER_TOOL ?= docker
PLATFORMS ?= linux/amd64,linux/arm64
# What config/manager names; nobody publishes under example.com, so a real cluster needs IMG=….
IMG_IN_CONFIG := $(shell awk '$$1 == "image:" {print $$2}' config/manager/manager.yaml)
IMG ?= $(IMG_IN_CONFIG)

.DEFAULT_GOAL := help

.PHONY: help install packages build generate check test test-real conformance bench fuzz demo clean
.PHONY: manifests install-crds uninstall deploy undeploy run docker-build docker-buildx
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

install: packages ## Install the packages; with KUBECONFIG=FILE after `make install`, the CRDs into that cluster too
# An exported KUBECONFIG is not enough: nobody wants CRDs in production for having run the tests.
ifeq ($(origin KUBECONFIG),command line)
install: install-crds
endif

packages: node_modules/.install

node_modules/.install: package.json package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is needed (it comes with Node >= 20)" >&2; exit 64; }
	@echo "==> Installing packages (half a minute the first time)"
	@npm ci --no-fund --no-audit --loglevel=error
	@touch $@

build: packages ## Emit dist/ (what npm pack ships)
	@rm -rf dist
	@$(NODE) .ci/build.ts

generate: packages ## Write crds/, docs/reasons.md and the other generated files
	@$(NODE) .ci/generate.ts

check: packages ## Format, lint, types, generated files in date, unit, golden and property tests
	@echo "==> Format, lint, types, generated files"
	@$(BIN)/biome format --config-path=.ci/format.json .
	@$(BIN)/oxlint -c .ci/oxlint.json --type-aware --tsconfig tsconfig.json src test .ci
	@$(BIN)/tsc -p .
	@$(NODE) .ci/generate.ts --check
	@echo "==> Unit, golden and property tests"
	@$(VITEST) --project unit

# The real control plane is built, where it is missing, while everything else runs; its suites wait for it.
test: ## All of check, the packed command line and the demo, the operator on an API server in memory and on a real one
	@$(MAKE) --no-print-directory packages
	@$(NODE) test/toolbox/prepare.ts kube-apiserver etcd kubectl kube-controller-manager & \
	  $(MAKE) --no-print-directory check && \
	  echo "==> The packed command line and the demo" && \
	  $(VITEST) --project packed && \
	  echo "==> The operator on the API servers" && \
	  $(VITEST) --project cluster

# Kyverno is built, where it is missing, while the others run; its suites wait for it.
test-real: packages ## Against the real cosign, notation, Prometheus and Kyverno; rights one by one; what the pages tell to type
	@$(NODE) test/toolbox/prepare.ts kyverno kyverno-install.yaml reports-controller & \
	  $(VITEST) --project real && \
	  echo "==> Each right of the operator taken away, and every page typed in" && \
	  $(VITEST) --project rights --project commands && \
	  echo "==> Generated policies on the real Kyverno" && \
	  $(VITEST) --project kyverno

conformance: packages ## The bundles of sigstore-conformance, fetched into a cache; SIGSTORE_CONFORMANCE=DIR for a checkout of it
	@$(NODE) test/conformance/main.ts

bench: packages build ## Figures, as ratios within one run
	@$(NODE) test/bench/main.ts

fuzz: packages ## 100,000 mutated inputs for every parser of hostile bytes
	@FUZZ_RUNS=100000 $(VITEST) --project fuzz

demo: packages ## The operator on signed images, a key revoked and brought back; CLUSTER=real on a real API server
	@$(NODE) test/demo/demo.ts

manifests: ## Write dist/install.yaml: the whole installation in one file
	@mkdir -p dist
	@$(KUBECTL) kustomize config/default > dist/install.yaml.part
	@sed 's|image: $(IMG_IN_CONFIG)$$|image: $(IMG)|' dist/install.yaml.part > dist/install.yaml
	@rm dist/install.yaml.part
	@echo "==> dist/install.yaml installs $(IMG)"

install-crds: ## Install the CRDs into the cluster
	@$(KUBECTL) apply -k crds

uninstall: ## Remove the CRDs from the cluster, and with them every TrustedKey and ImageTrustPolicy
	@$(KUBECTL) delete -k crds --ignore-not-found --timeout=5m

deploy: manifests ## Install everything into the cluster; IMG=… is the image that you built
	@$(KUBECTL) apply -f dist/install.yaml

undeploy: ## Remove the operator from the cluster; CRDs, keys, policies and reports stay
	@for part in manager network-policy rbac; do $(KUBECTL) delete -k config/$$part --ignore-not-found --timeout=5m || exit 1; done

run: packages ## Run the operator from the sources against the cluster
	@$(NODE) src/main.ts operator $(ARGS)

docker-build: ## Build the image IMG for this machine
	@$(CONTAINER_TOOL) build --tag $(IMG) .

docker-buildx: ## Build the image IMG for linux/amd64 and linux/arm64, and push it
	@$(CONTAINER_TOOL) buildx build --platform $(PLATFORMS) --tag $(IMG) --push .

clean: ## Remove what make made in the checkout
	@rm -rf dist node_modules
