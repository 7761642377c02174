# make run    set up, then run the main job: data, networks, training, sampling, evaluation
# make test   set up, then check style, types and import rules, and run the fast tests (docs/testing.md)
# make test-all      the same, then the longer tests
# make test-pythons  the unit tests and a main job on the other supported Pythons that are here
# make coverage      the fast tests, and which lines and branches of src/ganflow they run
# make check  style, types and import rules alone
# make viz    set up, then open the picture of the pipeline, with what the last run made
# make viz-static    write that picture as a site to build/
# make notebook      set up, then open notebooks/explore.ipynb
# make bench  set up, then measure training speed beside the loops that tutorials teach
# make airflow-dag  write the Airflow DAG that conf/base/airflow.yml describes to airflow_dags/ (docs/airflow.md)
# make airflow      an environment for the tests of that DAG: build/airflow
# make axe          the accessibility check for the tests in a browser: build/axe
# make lock   renew requirements.lock after a change of the dependencies in pyproject.toml

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MARK := $(VENV)/.installed-dev
INSTALL := -m pip install --disable-pip-version-check
# what comes of pip in a pipe is pip's own status
SHELL := bash
.SHELLFLAGS := -o pipefail -c
# $(call locked,FILE): install what a lock file names, and say how far it is
locked = $(BIN)/python $(INSTALL) --require-hashes --no-deps -r $(1) \
    | awk -v total="$$(grep -c == $(1))" '/^(Collecting|Requirement already|Ignoring)/ { printf "\r%d of %d packages ", ++n, total; fflush() } /^Installing/ { printf "looked up; they are installed" } END { print "" }'
FAST := -n 2 --dist worksteal -m "not longer"
LONGER := -n 2 --dist loadgroup -m longer
OTHER_PYTHONS := 3.12 3.13
# names, versions and hashes for every platform; nothing of where they came from
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

# $(call environment,FOLDER): make it, unless it is there. One whose making was cut off has no pip, and is made anew; no other folder is cleared.
environment = { test -x $(1)/bin/pip && $(1)/bin/python -m pip --version >/dev/null 2>&1; } \
    || $(PYTHON) -m venv $(if $(wildcard $(1)/pyvenv.cfg),--clear )$(1)

.PHONY: run setup test test-all test-pythons $(OTHER_PYTHONS:%=test-python%) coverage check viz viz-static notebook bench airflow axe airflow-dag lock clean
.DELETE_ON_ERROR:

run: $(STAMP)
	$(BIN)/kedro run $(ARGS)

setup: $(MARK)

test: check
	$(BIN)/pytest $(FAST) $(ARGS)

test-all: test
	$(BIN)/pytest $(LONGER) $(ARGS)

test-pythons: $(OTHER_PYTHONS:%=test-python%)

# pyenv puts a command python3.12 into PATH that fails unless PYENV_VERSION selects that version
$(OTHER_PYTHONS:%=test-python%): test-python%:
	@python=$$(PYENV_VERSION=$* python$* -c 'import sys; print(sys.executable)' 2>/dev/null) \
	    || { echo "Python $* is not here: nothing is tested on it."; exit 0; }; \
	$(MAKE) setup PYTHON="$$python" VENV=build/python$*
	@test ! -x build/python$*/bin/pytest || \
	    build/python$*/bin/pytest $(FAST) $(ARGS) tests/unit tests/end_to_end/test_main_job.py

# left out: a test that lets its command write small files only, which the record of coverage is not
coverage: $(MARK)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(FAST) --deselect tests/end_to_end/test_bad_input.py::test_a_full_disk_leaves_the_last_good_files $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(MARK)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# opens in the browser, and is seen on this machine only
viz: $(STAMP)
	$(BIN)/kedro viz run --host 127.0.0.1 $(ARGS)

viz-static: $(STAMP)
	$(BIN)/kedro viz build --include-previews
	@echo "The site is in build/; any web server can show it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build"

notebook: $(MARK)
	$(BIN)/jupyter lab --ip 127.0.0.1 $(ARGS) notebooks/explore.ipynb

bench: $(MARK)
	$(BIN)/python benchmarks/speed.py $(ARGS)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed (TensorFlow has no newer); choose one with make PYTHON=…")'
	@echo "Setting up $(VENV); this takes some minutes the first time."
	$(call environment,$(VENV))
	@$(call locked,requirements.lock)
	@$(BIN)/python $(INSTALL) --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(MARK): $(STAMP) requirements-dev.lock
	@$(call locked,requirements-dev.lock)
	touch $@

# Airflow pins much of what the project uses too, so it has an environment of its own
airflow: build/airflow/.installed

build/airflow/.installed: .ci/airflow-constraints.txt
	$(call environment,build/airflow)
	build/airflow/bin/python $(INSTALL) --quiet --constraint .ci/airflow-constraints.txt apache-airflow
	touch $@

# the accessibility check that the browser's tests run
axe: build/axe/package/axe.min.js

build/axe/package/axe.min.js:
	mkdir -p build/axe
	cd build/axe && npm pack --silent axe-core@4.14.1 && tar xzf axe-core-4.14.1.tgz package/axe.min.js
	touch $@

# written beside and moved: an error must not leave half a file where Airflow looks
airflow-dag: $(STAMP)
	rm -rf airflow_dags/.new
	$(BIN)/kedro airflow create --jinja-file conf/airflow_dag.py.j2 --target-dir airflow_dags/.new $(ARGS)
	mv airflow_dags/.new/*.py airflow_dags/
	rmdir airflow_dags/.new

lock:
	$(call environment,$(VENV))
	test -x $(BIN)/uv || $(BIN)/python $(INSTALL) --quiet uv
	printf 'hatchling\neditables\n' | $(COMPILE) pyproject.toml - --output-file requirements.lock
	printf 'hatchling\neditables\n' | $(COMPILE) pyproject.toml - --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
