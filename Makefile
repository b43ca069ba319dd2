# SPDX-License-Identifier: Apache-2.0
# A fresh Debian 12 or 13 with make, git, python3 and python3-venv is enough. `make help` lists all.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test peers acceptance bench figures pictures cluster cuts eval kills losses proofs soak lint audit lock clean

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
WORKERS ?= 2
SPEED ?= 1
MINUTES ?= 10
RATE ?= 5000
KILLS ?= 200

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## a minute of trunk traffic, from the signed list to the hub's table; SPEED=10
	@echo "A minute of a regional trunk. Two peers call in: one from abroad, one from within the country."
	@echo "Listed numbers and Kazakh fixed numbers that call from abroad are blocked before it rings;"
	@echo "a trunk put in 'observe' only says what it would have blocked; 112 is always let through."
	@echo "At the end a switch asks about live calls, and the stop of one is heard on the wire."
	@$(VENV)/bin/python -m hil.demo --speed $(SPEED)

test: peers $(READY) ## what proves the appliance right; under fifteen minutes on two cores
	@echo "Running all tests, some minutes ..."
	@$(VENV)/bin/python -m pytest -q -n $(WORKERS)

peers: # before the environment is made: the compiler of the look-up kernel is one of them
	@if [ "$$(id -u)" = 0 ]; then tests/peers.sh || true; \
	else echo "Not root: tests marked 'root', and those whose peer is missing, are skipped by name."; fi

bench: peers $(READY) ## measure, beside the peers; writes build/bench.json
	@mkdir -p build
	@$(VENV)/bin/python -m pytest -q -s -m bench

figures: $(READY) ## put the last `make bench` into the table of README.md
	@$(VENV)/bin/python -m tests.bench.figures

pictures: peers $(READY) ## take the pictures of README.md anew, from the page as it is
	@$(VENV)/bin/python -m pytest -q tests/console/test_gallery.py -k taken
	@$(VENV)/bin/python -m tests.console.gallery

proofs: peers $(READY) ## what takes minutes: a simulated country, kills of every process
	@$(VENV)/bin/python -m pytest -q -n $(WORKERS) -m long

kills: peers $(READY) ## kill -9 of every process, KILLS=200 times under load: nothing lost, nothing twice
	@$(VENV)/bin/python -m tests.flows.kills $(KILLS)

cuts: peers $(READY) ## cut the power at every write of an update: which slot starts; needs root
	@$(VENV)/bin/python -m tests.update.cuts

losses: peers $(READY) ## what is acknowledged and lost: a plain MQTT loop beside the uplink
	@$(VENV)/bin/python -m tests.flows.losses

cluster: peers $(READY) ## the hub on three nodes of RabbitMQ 4, killed under load; needs root
	@$(VENV)/bin/python -m pytest -q -m cluster

eval: $(READY) ## how well campaigns are found on made-up regions; writes build/eval.json
	@nice $(VENV)/bin/python -m hil.eval --json build/eval.json

acceptance: peers $(READY) ## every promise, its command, and whether it holds; four hours; ONLY=word; needs root
	@$(VENV)/bin/python -m tests.acceptance $(if $(ONLY),$(ONLY),--go-on)

soak: $(READY) ## trunk traffic for MINUTES=10 at RATE=5000 into a real `core`; needs root
	@$(VENV)/bin/python -m tests.flows.soak $(MINUTES) $(RATE)

lint: $(READY) ## ruff, mypy, codespell, shellcheck, import contracts; half a minute
	@$(VENV)/bin/python -m pytest -q -n $(WORKERS) tests/test_lint.py tests/test_architecture.py

audit: $(READY) ## known faults of what requirements.lock names, by pip-audit; asks databases on the network
	@test -x build/audit/bin/pip || $(PYTHON) -m venv build/audit
	@build/audit/bin/pip install --quiet --disable-pip-version-check --upgrade pip-audit
	@build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

lock: $(READY) ## resolve pyproject.toml anew into requirements.lock, from the public index
	@CUSTOM_COMPILE_COMMAND="make lock" PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= \
	$(VENV)/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --generate-hashes \
	    --all-build-deps --extra hub --extra test \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	    --output-file requirements.lock pyproject.toml

clean: ## remove all that was made, the environment included
	rm -rf $(VENV) .venv-hil build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(wildcard edge drivers tests hil) \( -name __pycache__ -o -name '*.so' \) -exec rm -rf {} +
	rm -f edge/*/*.c

$(READY): requirements.lock pyproject.toml $(wildcard edge/*/*.pyx edge/*/*/*.pyx)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	{ echo "Python 3.11, 3.12 or 3.13 is needed; '$(PYTHON)' is $$($(PYTHON) -V 2>&1 || true)."; \
	echo "Install one, or name it: make $(or $(MAKECMDGOALS),test) PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@echo "Preparing $(VENV) from requirements.lock, about a minute ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@

# The image -------------------------------------------------------------------

.PHONY: image bundle image-lock image-test image-run cycle
ARCH ?= x86_64
PROFILE ?= production
BUILD = $(VENV)/bin/python -m image.build --arch $(ARCH) --profile $(PROFILE)

image: $(READY) ## the image that is flashed, and its update; ARCH=arm64 PROFILE=hil; needs root
	@image/tools.sh $(if $(filter arm64,$(ARCH)),--arm64)
	@$(BUILD)

bundle: $(READY) ## the update alone
	@image/tools.sh $(if $(filter arm64,$(ARCH)),--arm64)
	@$(BUILD) --only bundle

image-lock: $(READY) ## take Debian's packages of today into image/packages.lock
	@$(VENV)/bin/python -m image.relock

image-test: peers $(READY) ## build the image twice and boot it in QEMU; a quarter of an hour, needs root; ARCH=arm64
	@image/tools.sh $(if $(filter arm64,$(ARCH)),--arm64)
	@$(VENV)/bin/python -m pytest -q -s -m $(if $(filter arm64,$(ARCH)),arm64,image)

cycle: peers $(READY) ## flash, update over MQTT, cut the power, come back from bad versions; needs root
	@image/tools.sh
	@$(VENV)/bin/python -m tests.image.cycle --build build/image/cycle
	@unshare --net sh -c 'ip link set lo up && exec "$$@"' alone \
	    $(VENV)/bin/python -m tests.image.cycle --built build/image/cycle

image-run: $(READY) ## start the newest image in QEMU, its serial console here
	@$(VENV)/bin/python -m image.run --arch $(ARCH)

# The rig ---------------------------------------------------------------------

.PHONY: hil hil-lock region
PLACE ?= virtual
SCENARIO ?=
HIL := .venv-hil
HIL_READY := $(HIL)/.ready
# A virtual place has a network of its own: its brokers take the ports that boxes look for.
ALONE = $(if $(filter virtual,$(PLACE)),unshare --net sh -c 'ip link set lo up && exec "$$@"' alone)

HIL_LATER := 9.0.0
HIL_ARCH = $(if $(filter real,$(PLACE)),arm64,x86_64)
HIL_DISK = build/image/.hil-$(HIL_ARCH)
HIL_PBX = build/asterisk-root
HIL_BUILD = $(VENV)/bin/python -m image.build --arch $(HIL_ARCH) --profile hil
IN_IMAGE = $(shell find edge drivers image systemd requirements.lock -type f \
    -not -path '*/__pycache__/*' -not -name '*.so' -not -name '*.c')

hil: peers $(READY) $(HIL_READY) $(HIL_DISK) $(HIL_PBX) ## the box beside a trunk, all scenarios; SCENARIO=name PLACE=real; needs root
	@$(ALONE) $(HIL)/bin/python -m pytest -v --no-header -m hil -k '$(SCENARIO)' \
	    --lg-env hil/places/$(PLACE).yaml hil/scenarios \
	    --update build/image/$(HIL_ARCH)-hil-$(HIL_LATER)/qalqan-edge-$(HIL_ARCH)-$(HIL_LATER).raucb

region: peers $(READY) ## a region with traffic beside `core`, to watch until Ctrl-C; needs root
	@$(VENV)/bin/python -m hil.region --core

hil-lock: $(READY) ## resolve hil/requirements.in anew, in the versions of requirements.lock
	@CUSTOM_COMPILE_COMMAND="make hil-lock" PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= \
	$(VENV)/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	    --output-file hil/requirements.lock hil/requirements.in

$(HIL_DISK): $(IN_IMAGE) | $(READY)
	@image/tools.sh $(if $(filter arm64,$(HIL_ARCH)),--arm64)
	@$(HIL_BUILD) --only disk
	@$(HIL_BUILD) --only bundle --version $(HIL_LATER)
	@touch $@

$(HIL_PBX): | $(READY) # before the rig: the network of a virtual place leads nowhere
	@$(VENV)/bin/python -m hil.region.pbx

$(HIL_READY): hil/requirements.lock
	@echo "Preparing $(HIL) from hil/requirements.lock, about a minute ..."
	@$(PYTHON) -m venv $(HIL)
	@$(HIL)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement hil/requirements.lock
	@touch $@

.PHONY: hour
HOUR ?= 60
CALLS ?= 1000

hour: peers $(READY) ## HOUR=60 minutes at CALLS=1000 a second with all faults in turn, judged; needs root
	@$(VENV)/bin/python -m hil.hour --minutes $(HOUR) --rate $(CALLS)
