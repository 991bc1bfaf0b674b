# `make demo` and `make test` on a machine with python3 (3.10 to 3.13) and make. Everything lands in .venv, out/ and build/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
SAMPLE := src/lifecast/samples/person.jpg
# Test processes beside each other, each with one thread: two fit the smallest machines.
WORKERS ?= 2

.PHONY: demo test lint typecheck docs unit slow house weights clean

demo: $(VENV)/.run
	$(BIN)/lifecast reconstruct $(SAMPLE) --output out/demo --preview --turntable --normals

test: lint typecheck docs unit

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks

typecheck: $(VENV)/.dev
	$(BIN)/mypy

# The documentation site, into build/site. A broken link, a page that the nav lacks or a docstring that is gone is an error.
# The variable silences the theme's advertisement of its successor.
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=src $(BIN)/python -m mkdocs build --strict --site-dir build/site

# Weights of preset compact from nothing, into out/weights/weights: some hours. Killed, the same command goes on.
#     make weights ASSETS=MAKEHUMAN_ASSETS POSES=POSES LIGHTING=LIGHTING HOURS=10
RUNS ?= out/weights
weights: $(VENV)/.dev
	$(BIN)/lifecast train all --recipe compact --out $(RUNS) $(if $(ASSETS),--assets $(ASSETS)) \
		$(if $(POSES),--poses $(POSES)) $(if $(LIGHTING),--lighting $(LIGHTING)) $(if $(HOURS),--hours $(HOURS))

# The picture in ARCHITECTURE.md, and the rules of the house that are broken, if any.
house: $(VENV)/.dev
	$(BIN)/python lab/house.py

unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Those that CI leaves out: an overfitted network, weights against the dense grid, the full-size records. Half an hour.
slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow --override-ini="addopts=-q --import-mode=importlib"

# What running needs. mediapipe is taken for the networks in its wheel alone, so without its dependencies; its program is
# never imported, so the wheel of any Python serves (there is none of this release for 3.13). Where a platform has no
# such wheel at all, lifecast still runs, and says that people are not looked for.
$(VENV)/.run: requirements.txt requirements-mediapipe.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else "lifecast needs Python 3.10 to 3.13, and this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --upgrade --only-binary=:all: --python-version 3.12 --implementation cp \
		--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		-r requirements-mediapipe.txt || echo "mediapipe has no wheel for this machine: people will not be looked for"
	$(PIP) --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt requirements-perceptual.txt
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-perceptual.txt
	touch $@

clean:
	rm -rf $(VENV) out build
