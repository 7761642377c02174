# make run    set up, then run the main job: data, models, training, sampling, evaluation
# make test   set up, then check style, types and import rules, and run every test
# make check  style, types and import rules alone
# make bench  set up, then measure training speed beside the loops that tutorials teach
# make airflow-dag  write the Airflow DAG that conf/base/airflow.yml describes to airflow_dags/ (docs/airflow.md)
# make lock   renew requirements.lock after a change of the dependencies in pyproject.toml

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MARK := $(VENV)/.installed-dev
# names, versions and hashes for every platform; nothing of where they came from
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.PHONY: run test check bench airflow-dag lock setup clean
.DELETE_ON_ERROR:

run: $(STAMP)
	$(BIN)/kedro run $(ARGS)

setup: $(MARK)

test: check
	$(BIN)/pytest -n 2 --dist worksteal

check: $(MARK)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(MARK)
	$(BIN)/python benchmarks/speed.py $(ARGS)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed (TensorFlow has no newer); choose one with make PYTHON=…")'
	@echo "Setting up $(VENV); this takes some minutes the first time."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(MARK): $(STAMP) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	touch $@

# written beside and moved: an error must not leave half a file where Airflow looks
airflow-dag: $(STAMP)
	rm -rf airflow_dags/.new
	$(BIN)/kedro airflow create --jinja-file conf/airflow_dag.py.j2 --target-dir airflow_dags/.new $(ARGS)
	mv airflow_dags/.new/*.py airflow_dags/
	rmdir airflow_dags/.new

lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	printf 'hatchling\neditables\n' | $(COMPILE) pyproject.toml - --output-file requirements.lock
	printf 'hatchling\neditables\n' | $(COMPILE) pyproject.toml - --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
