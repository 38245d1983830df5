# Lamda. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS_PARALLEL ?= $(shell nproc)
# Tests mostly wait for servers.
TESTS_PARALLEL ?= $(shell expr $$(nproc) + 1)
BUILD := build
SUDO := $(if $(filter 0,$(shell id -u)),,sudo -E)
DEVNET := $(SUDO) $(BUILD)/bin/lamda-devnet
EXECUTABLES := lamda lamda-node-registry lamda-job-dispatcher lamda-reputation lamda-api-gateway lamda-node-agent lamda-devnet

.PHONY: help deps configure build sdk test flaky sanitize demo up down status start start-node-registry start-job-dispatcher \
        start-reputation-service start-api-gateway release bench bench-build lint clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## Install missing packages (Debian, locked npm)
	@deploy/deps/install.sh

configure: deps
	@test -f $(BUILD)/build.ninja || cmake --preset dev >/dev/null

build: configure ## Build the executables into build/bin
	@ninja -C $(BUILD) -j $(JOBS_PARALLEL) $(EXECUTABLES)

sdk: deps ## Build the TypeScript client into sdk/typescript/dist
	@node sdk/typescript/build.mjs

test: configure ## Build and run all tests
	@ninja -C $(BUILD) -j $(JOBS_PARALLEL)
	@$(SUDO) env LAMDA_TEST_PATIENCE=3 ctest --test-dir $(BUILD) --output-on-failure -j $(TESTS_PARALLEL) $(CTEST_ARGS)

flaky: configure ## Repeat every test on a busy CPU and disk (REPEAT=n TESTS=regex BUDGET=30m)
	@ninja -C $(BUILD) -j $(JOBS_PARALLEL)
	@$(SUDO) env LAMDA_TEST_PATIENCE=3 python3 tests/flaky.py $(if $(REPEAT),--repeat $(REPEAT)) \
		$(if $(TESTS),--tests '$(TESTS)') $(if $(BUDGET),--budget $(BUDGET)) $(BUILD)

sanitize: deps ## Run the tests of cmake/Sanitized.cmake under address and undefined-behaviour sanitizers
	@test -f $(BUILD)/asan/build.ninja || cmake --preset asan >/dev/null
	@ninja -C $(BUILD)/asan -j $(JOBS_PARALLEL) sanitized_tests
	@$(SUDO) env LAMDA_TEST_PATIENCE=6 ctest --test-dir $(BUILD)/asan -L sanitize --output-on-failure -j $(TESTS_PARALLEL) $(CTEST_ARGS)

demo: build ## Run jobs to their reward on a private network (JOBS=n KILL=service|all REORG=depth)
	@$(DEVNET) demo $(if $(JOBS),--jobs $(JOBS)) $(if $(KILL),--kill $(KILL)) $(if $(REORG),--reorg $(REORG))

up: build ## Start the same network in the background
	@$(DEVNET) up

down: ## Stop the network of `make up`
	@$(DEVNET) down

status: ## Show the parts of the network, their state and addresses
	@$(DEVNET) status

# `make start…` run the services with the settings in .env, and start no servers. Settings of one service (its
# DATABASE_URL) are in .env.<service>, which overrides .env.
define run_service
	@test -f .env || { echo "no .env here: cp env.example .env, then edit it" >&2; exit 78; }
	@exec $(BUILD)/bin/lamda-$(1) --env-file .env $(if $(wildcard .env.$(1)),--env-file .env.$(1))
endef

start: build ## Start all four services from .env
	@test -f .env || { echo "no .env here: cp env.example .env, then edit it" >&2; exit 78; }
	@trap 'kill 0' EXIT INT TERM; \
	for s in node-registry job-dispatcher reputation api-gateway; do \
	    own=(); if [ -f .env.$$s ]; then own=(--env-file .env.$$s); fi; \
	    $(BUILD)/bin/lamda-$$s --env-file .env "$${own[@]}" & \
	done; wait

start-node-registry: build ## Start the node registry from .env
	$(call run_service,node-registry)

start-job-dispatcher: build ## Start the job dispatcher from .env
	$(call run_service,job-dispatcher)

start-reputation-service: build ## Start the reputation service from .env
	$(call run_service,reputation)

start-api-gateway: build ## Start the API gateway from .env
	$(call run_service,api-gateway)

release: deps ## Build the executables that are shipped into build/release/bin
	@test -f $(BUILD)/release/build.ninja || cmake --preset release >/dev/null
	@ninja -C $(BUILD)/release -j $(JOBS_PARALLEL)

bench: configure ## Measure; prints one line per figure: name value unit (target)
	@test -f $(BUILD)/release/build.ninja || cmake --preset release >/dev/null
	@ninja -C $(BUILD) -j $(JOBS_PARALLEL) $(EXECUTABLES) lamda-bench-start lamda-bench-failover lamda-bench-apply \
		lamda-bench-ingest lamda-bench-send lamda-bench-clients lamda-bench-dispatch \
		lamda-bench-agent lamda-bench-feed
	@ninja -C $(BUILD)/release -j $(JOBS_PARALLEL) lamda-job-dispatcher lamda-node-agent lamda-api-gateway
	@tests/bench/ponder/install.sh
	@$(SUDO) $(BUILD)/bin/lamda-bench-start
	@$(SUDO) $(BUILD)/bin/lamda-bench-failover
	@$(SUDO) $(BUILD)/bin/lamda-bench-clients
	@$(SUDO) $(BUILD)/bin/lamda-bench-apply
	@$(SUDO) $(BUILD)/bin/lamda-bench-send
	@$(SUDO) $(BUILD)/bin/lamda-bench-ingest --executables $(BUILD)/release/bin --build release --peer
	@$(SUDO) $(BUILD)/bin/lamda-bench-dispatch --executables $(BUILD)/release/bin --build release
	@$(SUDO) $(BUILD)/bin/lamda-bench-agent --executables $(BUILD)/release/bin --build release
	@$(SUDO) $(BUILD)/bin/lamda-bench-feed --executables $(BUILD)/release/bin
	@$(MAKE) --no-print-directory bench-build

bench-build: deps ## Measure the processor time of a build: cold, and after a change (slow)
	@tests/bench/build_seconds.py --jobs $(JOBS_PARALLEL) $(EXECUTABLES)

lint: configure ## Format, layers, migrations, sizes, comments, words, SQL, clang-tidy
	@tests/lint/run.sh

clean: ## Remove build and .lamda (not node_modules)
	@$(SUDO) rm -rf $(BUILD) .lamda
