# Every target sets up what it needs. PYTHON makes the virtual environments, and says how many processors there are.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# Three tests at once on two cores, since half of a test's time is waiting; those of one file stay together, because they share what
# they made. The files come in the order of tests/conftest.py, longest first: xdist's own would leave files of one long test to the end.
PARALLEL = -n $(shell $(PYTHON) -c "import os; print(3 * (os.cpu_count() or 1) // 2)") --dist loadfile --no-loadscope-reorder
KAGGLE := .venv-kaggle
KAGGLE_PIP := $(KAGGLE)/bin/python -m pip --disable-pip-version-check

.PHONY: dry-run fast test test-kaggle check bench clean

dry-run: $(VENV)/.runs
	$(BIN)/kit dry-run patent
	$(BIN)/kit rehearse patent
	$(BIN)/kit report build/dry-run/run/patent

# Unit tests and laws, for the loop while one works.
fast: $(VENV)/.tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

test: $(VENV)/.tests
	$(BIN)/python -m pytest $(PARALLEL)

# With the versions of Kaggle's image, so that a kernel is not the first to meet them.
test-kaggle: $(KAGGLE)/.tests
	$(KAGGLE)/bin/python -m pytest $(PARALLEL)

check: $(VENV)/.tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest $(PARALLEL)

bench: $(VENV)/.tests
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) $(KAGGLE) build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Make a virtual environment, or replace one of another Python: $(1) where, $(2) how much disk it takes.
VERSION := import sys; print(sys.version_info[:2])
define environment
$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	{ echo "the kit needs Python 3.11 or newer, and $(PYTHON) is older: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.11"; exit 1; }; \
[ "$$($(1)/bin/python -c '$(VERSION)' 2>/dev/null)" = "$$($(PYTHON) -c '$(VERSION)')" ] || $(PYTHON) -m venv --clear $(1); \
echo "installing into $(1): some minutes, $(2)"
endef

# The stamps say what is installed; a change of the lists installs again.
$(VENV)/.runs: requirements.txt pyproject.toml
	@$(call environment,$(VENV),6.6 GB)
	$(PIP) install --quiet -r requirements.txt
	$(PIP) install --quiet --no-deps --editable .
	@echo "installed."
	touch $@

$(VENV)/.tests: $(VENV)/.runs requirements-dev.txt
	$(PIP) install --quiet -r requirements-dev.txt
	touch $@

# torch comes first: pip keeps all that it downloads in one call until all of it is installed, here 4 GB.
$(KAGGLE)/.tests: requirements.txt requirements-dev.txt pyproject.toml common/kaggle/image.txt
	@$(call environment,$(KAGGLE),8 GB)
	$(KAGGLE_PIP) install --quiet --constraint common/kaggle/image.txt torch
	$(KAGGLE_PIP) install --quiet --constraint common/kaggle/image.txt -r requirements-dev.txt
	$(KAGGLE_PIP) install --quiet --no-deps --editable .
	touch $@
