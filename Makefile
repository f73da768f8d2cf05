# Mailback: what one can do here. "make" alone lists it.
SHELL := /bin/bash
GOLANGCI := v2.15.0
BIN := $(CURDIR)/.bin
RELEASE ?= development
# How long a fuzzer runs.
FUZZTIME ?= 30s
# How long the torture lasts at most; empty for all of it. The file that gets its tables.
TORTURETIME ?=
TORTURETABLE ?= $(CURDIR)/bin/torture.txt

.DEFAULT_GOAL := help
.PHONY: help play sandbox build check lint test test-short fuzz bench torture pictures tidy postgres chromium systemd shellcheck

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

play: ## Play the main job in the sandbox: a mailbox is asked for, approved, restored and proven
	go run ./cmd/mailback sandbox --play

sandbox: ## Start the sandbox with its page on http://127.0.0.1:8080
	go run ./cmd/mailback sandbox

build: ## Build the stripped binary into bin/mailback
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=$(RELEASE)" -o bin/mailback ./cmd/mailback

check: lint test ## All that must pass: linter, and tests with the race detector on both databases

lint: $(BIN)/golangci-lint-$(GOLANGCI) ## Run the linter
	$< run ./...
	cd deploy && $< run ./...

$(BIN)/golangci-lint-$(GOLANGCI):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv $(BIN)/golangci-lint $@

test: postgres chromium systemd shellcheck ## Run all tests with the race detector, and without it those that it makes too slow
	cd deploy && go test ./...
	go test -race -timeout 20m $$(go list ./... | grep -v -e /cmd/ -e /privacytest)
	go test -race -timeout 20m -p 1 ./internal/privacytest ./cmd/...
	go test -timeout 20m -p 1 ./recovery ./recovery/store ./commands ./cmd/mailback

test-short: ## Run the tests of the domain, the words and the Slack side alone: no SDK to build
	go test ./recovery ./commands ./bot

fuzz: ## Fuzz the parser for FUZZTIME (make fuzz FUZZTIME=10m)
	go test ./commands -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZTIME) -fuzzminimizetime 200x

bench: build ## Run the benchmarks behind docs/performance.md, print their figures as a table, and fail where one misses its goal
	@set -o pipefail; { go test -run '^$$' -bench . -benchtime 1x ./cmd/mailback; ok=$$?; \
		go test -timeout 30m -p 1 -run '^$$' -bench . ./recovery ./recovery/store ./recovery/graph ./bot && exit $$ok; } | tee /dev/stderr | awk ' \
		/^Benchmark/ {name = $$1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$$/, "", name); \
			for (i = 3; i < NF; i += 2) if ($$(i+1) ~ /-goal$$/) goal[$$(i+1)] = $$i; \
			for (i = 3; i < NF; i += 2) if ($$(i+1) !~ /-goal$$/) \
				rows[++n] = sprintf("%-42s %14s %-18s %s", name, $$i, $$(i+1), ($$(i+1) "-goal") in goal ? goal[$$(i+1) "-goal"] : ""); \
			delete goal} \
		END {printf "\n%-42s %14s %-18s %s\n", "benchmark", "figure", "unit", "at most"; for (i = 1; i <= n; i++) print rows[i]}'

torture: postgres ## Kill the bot and break its services at every place, in hours, or shuffled for TORTURETIME (make torture TORTURETIME=1h)
	mkdir -p bin
	MAILBACK_TORTURE=long MAILBACK_TORTURE_FOR=$(TORTURETIME) MAILBACK_TORTURE_TABLE=$(TORTURETABLE) \
		go test ./cmd/mailback -timeout 0 -count 1 -v -run 'TestKilledAtEveryPlace|TestFaults|TestRollingRestart|TestReplicasKeepSlacksPace'

pictures: chromium ## Take the pictures of docs/pictures anew from a sandbox that runs
	go test ./cmd/mailback -count 1 -run TestPictures -pictures $(CURDIR)/docs/pictures

tidy: ## Tidy go.mod and format the code
	go mod tidy
	cd deploy && go mod tidy
	$(BIN)/golangci-lint-$(GOLANGCI) fmt ./...

postgres: ## Install PostgreSQL's server, which the tests start for themselves, where it is missing
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends postgresql; \
		else \
			echo "The tests need PostgreSQL's initdb and pg_ctl. Install Debian's package postgresql and run this again."; exit 1; \
		fi; }

chromium: ## Install Chromium, in which the sandbox's page is tested, where it is missing
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends chromium fonts-noto-color-emoji; \
		else \
			echo "The tests need Chromium. Install Debian's package chromium and run this again."; exit 1; \
		fi; }

systemd: ## Install systemd's systemd-analyze, which reads the unit in the tests, where it is missing
	@command -v systemd-analyze >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends systemd; \
		else \
			echo "The tests need systemd-analyze. Install Debian's package systemd and run this again."; exit 1; \
		fi; }

shellcheck: ## Install shellcheck, which reads the scripts in the tests, and openssl and curl, which they use, where they are missing
	@command -v shellcheck >/dev/null && command -v openssl >/dev/null && command -v curl >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends shellcheck openssl curl; \
		else \
			echo "The tests need shellcheck, openssl and curl. Install Debian's packages of those names and run this again."; exit 1; \
		fi; }
