# livesing: `make live` sets everything up and starts the show, `make test` runs the tests.
# All of Python goes into .venv; scripts/ says how. PYTHON=... chooses the interpreter.

PYTHON ?=
ARGS ?=
export PYTHON
# Compiled modules are kept, whatever the shell says: a run of the tests starts Python two hundred times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup live test check format gan tensorrt midi link figures coverage clean help

setup: ## set up .venv and the system libraries that are missing
	@scripts/system-libraries.sh live || true
	@scripts/setup.sh
	@echo "livesing is ready: \`make live\` starts the show, \`make help\` tells the rest"

live: ## the show; ARGS="--audio song.flac --windowed 1280x720" are its options
	@scripts/system-libraries.sh live || true
	@scripts/setup.sh
	@scripts/gpu-extras.sh
	@.venv/bin/python run_live.py $(ARGS)

# Two at a time; those that play a show come one after the other (tests/conftest.py).
test: ## the tests; ARGS="-k ring" picks some
	@scripts/system-libraries.sh test || true
	@scripts/setup.sh dev
	@.venv/bin/python -m pytest -n 2 --dist loadscope $(ARGS)

check: ## ruff and mypy
	@scripts/setup.sh dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

format: ## put the code into ruff's form
	@scripts/setup.sh dev
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

gan: ## add torch: BigGAN, and training
	@scripts/setup.sh gan train

tensorrt: ## add TensorRT's engines for an NVIDIA GPU
	@scripts/setup.sh gan tensorrt

midi: ## add the beat from a MIDI clock
	@scripts/setup.sh midi

link: ## add the beat from Ableton Link
	@scripts/setup.sh link

figures: ## add matplotlib, for `livesing story`
	@scripts/setup.sh figures

coverage: ## does TensorRT take each generator whole? Its partitioner says so, without a GPU
	@scripts/setup.sh gan train
	@scripts/trt-packages.sh
	@.venv/bin/python scripts/trt_coverage.py

clean: ## remove .venv and everything that was built
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ': ## ' '/^[a-z]+: ## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
