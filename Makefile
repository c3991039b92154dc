# The words of this house. `make help` lists them; each does all of its own set-up, and does it once.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := build/venv
PORT ?= 8300
ONCE ?=
SECONDS_PER_TARGET ?= 20

.PHONY: help setup build templates venv stock-kernel run test bench fuzz sizes clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup:  ## install the Debian packages that are missing (packages.txt)
	@scripts/setup

build: setup  ## release build; leaves bin/nestbox, -server, -spawner and -guest
	@echo "build: release"
	@swift build --configuration release
	@mkdir -p bin
	@cd .build/release && install --compare --mode=755 nestbox-spawner nestbox-guest $(CURDIR)/bin
	@install --compare --mode=755 .build/release/nestbox-run bin/nestbox  # small and quick; becomes the next for all but `run`
	@install --compare --mode=755 .build/release/nestbox bin/nestbox-server

templates: setup  ## build the templates of Templates/ into build/templates/
	@for template in Templates/*/; do scripts/build-template "$$(basename "$$template")"; done

venv: $(VENV)/.complete  ## Python environment with the official E2B client and pytest

$(VENV)/.complete: Tests/requirements.txt | setup
	@echo "venv: installing Tests/requirements.txt into $(VENV)"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	@touch $@

run: build templates venv  ## start the server and run examples/quickstart.py against it (ONCE=1 ends after that)
	@$(VENV)/bin/python scripts/run --port $(PORT) $(if $(ONCE),--once)

stock-kernel: setup  ## download the kernel that Debian has, for the tests that emulate a machine with it
	@scripts/stock-kernel

test: setup templates venv stock-kernel  ## every test
	@scripts/test

$(VENV)/.benchmarks: Benchmarks/requirements.txt $(VENV)/.complete
	@echo "venv: installing Benchmarks/requirements.txt into $(VENV)"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Benchmarks/requirements.txt && touch $@ || \
		echo "venv: not all of it could be installed; the lines that need it will say so"

bench: build templates venv $(VENV)/.benchmarks  ## print the benchmark table
	@scripts/setup Benchmarks/packages.txt
	@Benchmarks/run

fuzz: setup  ## throw generated input at the parsers, SECONDS_PER_TARGET=20 for each
	@scripts/fuzz $(SECONDS_PER_TARGET)

sizes:  ## the longest files and functions
	@python3 scripts/sizes

clean:  ## remove what was built
	@scripts/clean
