# `make demo` and `make test` need Python 3.11 or newer, git and make; all else goes into .venv.
# Another interpreter than the first that fits: make demo PYTHON=/usr/bin/python3.12

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test soak search editor lint format reference shape bench clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## show what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1 ## /p' Makefile | awk -F ' ## ' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(BIN)/.installed-server ## run practice EHRs, the sample sites and a few studies on this machine
	@$(BIN)/bgo demo

test: lint ## check everything that must hold before a change lands
	$(BIN)/bgo schema --check
	$(BIN)/bgo fmt --check
	$(BIN)/pytest -q -n 2 --dist worksteal

soak: $(BIN)/.installed-dev ## check what takes longer: traffic, faults, memory, laws on many examples
	$(BIN)/pytest -q -n 2 --dist worksteal -m "soak or hypothesis" --hypothesis-profile=same-examples

search: $(BIN)/.installed-dev ## look for examples that break a law of the tests, other ones each time
	$(BIN)/pytest -q -n 2 -m "hypothesis and not soak" --hypothesis-profile=other-examples

editor: tests/editors/node_modules/.package-lock.json ## install the language server that tests/editors asks (needs npm)

lint: $(BIN)/.installed-dev ## check style, types and imports only
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo

format: $(BIN)/.installed-dev ## lay the code out, and fix what a tool can fix
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

reference: $(BIN)/.installed-dev ## write what docs/ draws from models, rules, layouts and states
	$(BIN)/python -m tests.config.reference_file
	$(BIN)/python -m tests.hl7.conformance_file
	$(BIN)/python -m tools.states

shape: ## measure functions and modules, the longest first
	@$(python) -m tests.rules.shape

# Once there is something to run.
ifneq ($(wildcard benchmarks/__main__.py),)
bench: $(BIN)/.installed-dev ## measure speed
	$(BIN)/python -m benchmarks
endif

# The state of a run (.butterfly-gitops/) stays: it holds results.
clean: ## remove what make and the tools have written
	rm -rf .venv tests/editors/node_modules build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find butterfly_gitops tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/.installed-server: pyproject.toml
	$(call install,server)

# The tests' packages bring the server's.
$(BIN)/.installed-dev: pyproject.toml
	$(call install,dev)
	@touch $(BIN)/.installed-server

# The versions are those of package-lock.json, whatever is new.
tests/editors/node_modules/.package-lock.json: tests/editors/package-lock.json
	npm ci --prefix tests/editors --no-audit --no-fund --loglevel=error
	@touch $@

# $(call install,EXTRA): says one line, and what went wrong only if something did.
define install
	@printf 'Installing into .venv (%s) ... ' "$$(test -e $@ && echo pyproject.toml changed || echo first time only)"; \
	start=$$(date +%s); log=$$(mktemp); \
	if { $(has_venv) || { rm -rf .venv && $(make_venv); }; } >"$$log" 2>&1 && $(add) '.[$(1)]' >>"$$log" 2>&1; \
	then rm "$$log"; touch $@; echo "$$(($$(date +%s) - start)) s"; \
	else echo failed; cat "$$log" >&2; rm "$$log"; exit 1; \
	fi
endef

has_venv = $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'
make_venv = $(if $(uv),uv venv --quiet --python $(python) .venv,$(python) -m venv .venv)
add = $(if $(uv),uv pip install --quiet --python $(BIN)/python -e,$(BIN)/python -m pip install --quiet -e)
uv = $(shell command -v uv)

# The first that is new enough.
candidates := $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python3.14)
fits = $(shell for each in $(candidates); do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && break; done)
python = $(or $(fits),$(error Python 3.11 or newer is needed, and none of these is: $(candidates). \
	Name yours: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3))
