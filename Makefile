# `make demo` colorizes the sample photographs; `make test` runs everything that continuous integration runs.
# Environments are made once and again only when pyproject.toml or constraints.txt changed. PYTHON=… chooses another
# Python (3.11 or newer); PYTEST_FLAGS=… goes to all tests. OPENCV_5 is the second OpenCV on which the core's tests run.

PYTHON ?= python3
OPENCV_5 := 5.0.0.93

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
unexport PYTHONPATH
export PIP_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHON

.PHONY: help demo test lint types unit opencv5 gimp distribution clean

help:
	@echo "make demo          colorize the photographs in samples/ into demo/"
	@echo "make test          everything below, in this order"
	@echo "make lint          ruff: rules and formatting"
	@echo "make types         mypy --strict"
	@echo "make unit          all tests but those in GIMP, on OpenCV 4.14"
	@echo "make opencv5       the core's tests on OpenCV $(OPENCV_5)"
	@echo "make gimp          the tests in real GIMPs, 3.0 and 3.2 at once; first it downloads them (root on Debian only)"
	@echo "make distribution  build wheel and sdist, install each in a clean environment, colorize a photograph there"
	@echo "make clean         remove the environments and everything that was made here"

demo: .venv/installed
	@.venv/bin/photochrom colorize samples -o demo --overwrite
	@.venv/bin/python benchmarks/before_after.py samples demo -o demo/before-after.jpg
	@echo "The colour photographs are in $(CURDIR)/demo;"
	@echo "all of them beside their originals: $(CURDIR)/demo/before-after.jpg"

test: lint types unit opencv5 gimp distribution
	@echo "All checks passed."

lint: .venv-test/installed
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .

types: .venv-test/installed
	.venv-test/bin/mypy

unit: .venv-test/installed
	.venv-test/bin/python -m pytest --ignore tests/gimp/real $(PYTEST_FLAGS)

opencv5: .venv-opencv5/installed
	.venv-opencv5/bin/python -m pytest tests/core

# Where a GIMP cannot be had, its tests are skipped with the reason, or fail with it (PYTEST_FLAGS=--require-gimp).
gimp: .venv-test/installed
	@.ci/gimp-root 3.0 .venv-test/bin/python >/dev/null || true
	@.ci/gimp-root 3.2 .venv-test/bin/python >/dev/null || true
	.venv-test/bin/python -m pytest tests/gimp/real --numprocesses 2 --dist loadgroup $(PYTEST_FLAGS)

distribution: .venv-test/installed
	.ci/check-distribution .venv-test

# $(call install,ENVIRONMENT,WHAT,NOTE,PREREQUISITES): a new environment unless a whole one is there; the stamp is written last, so
# that an interrupted installation starts over.
define install
@.ci/prerequisites $(4)
@echo "Setting up $(1): $(3)"
@test -e $(1)/installed || $(PYTHON) -m venv --clear $(1)
@$(1)/bin/python -m pip install -q -e "$(2)"
@touch $(1)/installed
endef

.venv/installed: pyproject.toml constraints.txt
	$(call install,.venv,.,numpy and OpenCV)

.venv-test/installed: pyproject.toml constraints.txt
	$(call install,.venv-test,.[dev],everything with PyTorch; this takes minutes,tests)

.venv-opencv5/installed: export PIP_CONSTRAINT := build/constraints-opencv5.txt
.venv-opencv5/installed: pyproject.toml constraints.txt
	@mkdir -p build
	@sed 's/^opencv-contrib-python==.*/opencv-contrib-python==$(OPENCV_5)/' constraints.txt > build/constraints-opencv5.txt
	$(call install,.venv-opencv5,.[test],the core with OpenCV $(OPENCV_5))

clean:
	rm -rf .venv .venv-test .venv-opencv5 build demo .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
