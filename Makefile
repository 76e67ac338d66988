# Two commands matter: `make run` and `make test`. DEVELOPING.md tells of the others.

PYTHON ?= python3
PORT ?= 8000
export PORT
export UV_PYTHON_DOWNLOADS = never
export UV_SYSTEM_CERTS = 1

bin = .venv/bin
install = $(bin)/uv pip install --python $(bin)/python --require-hashes

.PHONY: run test check bench bench-large chaos attack kitchen reset requirements browser

run: .venv/.local
	@$(bin)/python -m opendialogue.local run

test: .venv/.dev browser
	$(bin)/pytest -n 2 --dist loadfile

check: .venv/.dev
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/lint-imports
	$(no_service) $(bin)/mypy .
	$(bin)/python manage.py makemigrations --check --dry-run
	$(bin)/python manage.py check

bench: .venv/.dev
	$(bin)/python -m bench

bench-large: .venv/.dev
	$(bin)/python -m bench.large

chaos: .venv/.dev
	$(bin)/python -m chaos --write docs/chaos.md

attack: .venv/.dev
	$(bin)/python -m attack --write docs/attack.md

kitchen: .venv/.dev browser
	$(bin)/python -m kitchen --write docs/kitchen.md

reset: .venv/.local
	@$(bin)/python -m opendialogue.local reset

# Types are checked without any server; the settings only have to be read.
no_service = SECRET_KEY=none SITE_URL=http://localhost DATABASE_URL=postgresql:///none REDIS_URL=memory://

# Browser tests want a Chromium. Root on Debian gets one; anybody else is told how.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	  else \
	    echo "The browser tests need Chromium: sudo apt-get install chromium"; exit 1; \
	  fi; }

# Pins with hashes and without addresses. Run it after a change in pyproject.toml.
requirements: .venv/.uv
	$(call pin,production)
	$(call pin,local,--group local)
	$(call pin,dev,--group local --group test --group tools)
	echo uv | $(compile) - --constraints requirements/dev.txt --output-file requirements/uv.txt

compile = $(bin)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
define pin
$(compile) pyproject.toml $(2) --output-file requirements/$(1).txt
endef

.venv/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This needs Python 3.11 or newer: make PYTHON=python3.11 run")'
	@echo "Making the tools in .venv …"
	@test -x $(bin)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python cannot make an environment here. On Debian: sudo apt-get install python3-venv"; exit 1; }
	@$(bin)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt || { \
	  echo "Cannot install. Is the network there? pip's own words stand above."; exit 1; }
	@touch $@

.venv/.local: .venv/.uv requirements/local.txt
	@echo "Installing the app and its local servers …"
	@$(install) -r requirements/local.txt || { echo "Cannot install. Is the network there?"; exit 1; }
	@touch $@

.venv/.dev: .venv/.local requirements/dev.txt
	@echo "Installing the tools for tests and checks …"
	@$(install) -r requirements/dev.txt || { echo "Cannot install. Is the network there?"; exit 1; }
	@touch $@
