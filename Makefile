# Each target does its own set-up. The README has the same steps as plain commands, for use without make.
BIN := .venv/bin

run: setup ## Start the shop on http://localhost:8000 and the simulator on http://localhost:8001
	$(BIN)/python wsgi.py

setup: $(BIN)/ready ## Make the virtual environment, the database and the demo data
	$(BIN)/flask --app wsgi setup --demo

# For a class without a network, or with a slow network: make wheelhouse WHEELS="windows-3.13 macos-3.13"
WHEELS ?= linux-3.11 windows-3.12 windows-3.13 macos-3.12 macos-3.13
wheelhouse: $(BIN)/ready ## Download the packages for other computers into wheelhouse/, for set-up without a network
	$(BIN)/python tools/wheelhouse.py $(WHEELS)

test: $(BIN)/ready-dev style ## Lint, then run every test, in Chromium as well
	tools/programs.sh
	# Three workers on two cores: each worker sometimes waits for Chromium, for PostgreSQL or for a clock.
	# mypy runs meanwhile, because a core is free until the tests are loaded. Its errors are printed last.
	$(BIN)/mypy >.venv/types.txt 2>&1 & \
	$(BIN)/pytest -n 3 --dist worksteal; failed=$$?; \
	wait $$! || { failed=1; cat .venv/types.txt; }; exit $$failed

test-delivery: $(BIN)/ready-dev ## Set up without a network; serve the demo with compose in a container engine (root on Debian)
	tools/programs.sh
	deploy/rehearsal/run.sh

lint: $(BIN)/ready-dev style ## Check style, types, templates and the imports between the parts
	$(BIN)/mypy

style: $(BIN)/ready-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/djlint $(wildcard templates simulator/templates demo/templates) --lint --quiet
	$(BIN)/lint-imports --no-cache

lock: ## Write uv.lock, and from it the requirements for pip
	uv lock
	uv export --quiet --no-annotate --no-dev --format requirements-txt --output-file requirements.txt
	uv export --quiet --no-annotate --format requirements-txt --output-file requirements-dev.txt

# demo-only: begin
bench: $(BIN)/ready-dev ## Measure the figures of docs/performance.md
	$(BIN)/python -m bench

check-merchants: $(BIN)/ready-dev ## Check this shop and apps on other libraries; write the guide's table
	$(BIN)/python -m bench.merchants

test-build-track: $(BIN)/ready-dev ## Run every solution of the Build track, in Flask and Express, through every stage up to its own
	BUILD_TRACK=whole $(BIN)/pytest -n 3 tests/demo/test_build_track.py tests/demo/test_build_track_express.py

# demo-only: end
$(BIN)/ready: requirements.txt
	tools/venv.sh requirements.txt $@

$(BIN)/ready-dev: requirements-dev.txt
	tools/venv.sh requirements-dev.txt $@

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.PHONY: run setup wheelhouse test test-delivery lint style lock help
# demo-only: begin
.PHONY: bench check-merchants test-build-track
# demo-only: end
