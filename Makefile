# Every target is one thing a person wants. `make help` lists them.
VENV ?= .venv
PY = $(VENV)/bin/python
SYSTEM = gnupg postfix dovecot-imapd sq rnp swaks nodejs npm postgresql faketime strace libical3

.PHONY: help system venv lock test check demo slow fuzz mutate faults bench fmt zones docs clean

help:            ## list the targets
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

system:          ## Debian packages that the tests use as real parts (needs root; says what is missing otherwise)
	@deploy/install-system-packages $(SYSTEM)

venv: $(VENV)/.ready  ## the virtual environment, from the locked versions

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

demo: system venv ## the daemon on loopback with sample mails: who got what
	$(VENV)/bin/coachgate demo --once

test: system venv tests/contracts/readers/node_modules ## all tests, real parts included
	$(PY) -m pytest -q

tests/contracts/readers/node_modules: tests/contracts/readers/package-lock.json
	cd tests/contracts/readers && npm ci --ignore-scripts --no-audit --no-fund --silent

check: venv      ## lint, types, direction of imports, coverage of the core
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -q tests/core tests/policies --cov=gateway.core --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

slow: system venv ## the long suites: 100 rounds of kill -9, tampering row by row, the whole corpus
	$(PY) -m pytest -q --timeout 3000 -m slow

fuzz: venv       ## property tests with many more examples
	COACHGATE_FUZZ=long $(PY) -m pytest -q --timeout 3000 tests/fuzz tests/core

mutate: venv     ## mutation run over the decision core; survivors are printed
	$(PY) tests/mutate.py

bench: venv      ## speed beside stock aiosmtpd, gpg alone, Postfix and zeyple: ratios
	$(PY) -m bench.receive
	$(PY) -m bench.sealing
	$(PY) -m bench.recogniser ../shared/corpus/coaching/en.dev.jsonl
	$(PY) -m bench.pipe

lock:                 ## renew the lock files from pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra speed pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra speed --group dev pyproject.toml -o requirements-dev.lock

fmt: venv        ## format
	$(VENV)/bin/ruff format gateway tests bench
	$(VENV)/bin/ruff check --fix gateway tests bench

zones: venv      ## renew the table of time zones from the installed tzdata; a test asks for it when a law has changed
	PYTHONPATH=. $(PY) tests/make_zone_table.py

docs: venv       ## regenerate docs/policies.md
	$(VENV)/bin/coachgate policies > docs/policies.md

clean:           ## remove what was built
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants
