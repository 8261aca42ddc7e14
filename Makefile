# Everything runs in .venv, which the first command makes. `make` alone lists the commands.
.DEFAULT_GOAL := help
.PHONY: help setup serve play vllm test check slow soak bench results quick-checks

ARGS ?=
PYTHON ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
PINS := pyproject.toml constraints.txt

# The libraries report their use to their makers unless told not to.
export HF_HUB_DISABLE_TELEMETRY = 1
export DO_NOT_TRACK = 1

help: ## List the commands (the default)
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' Makefile | while IFS='	' read -r name line; do \
		printf '  make %-8s %s\n' "$$name" "$$line"; done
	@echo '  More options for serve, play and test: make serve ARGS="--port 9000"'

setup: .venv/.ready ## Make .venv with everything that a game needs; nothing to do when nothing changed
	@:

serve: .venv/.ready ## Start the server: self-play, and rooms for people
	@$(BIN)/arena serve $(ARGS)

play: .venv/.ready ## Sit down at a table, in a second terminal
	@$(BIN)/arena play $(ARGS)

vllm: .venv/.ready ## Make .venv-vllm, for: arena engine vllm
	@tools/make_vllm.sh

test: export HF_HUB_OFFLINE = 1
test: quick-checks ## Run the linters, the import contracts, the type checker and all tests
	@if [ -z "$$ARENA_TEST_WITHOUT_VLLM" ]; then tools/make_vllm.sh; fi
	@echo 'Tests …'
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --durations=10 $(ARGS)

check: quick-checks ## The same without the tests

slow: export HF_HUB_OFFLINE = 1
slow: export ARENA_SLOW = 1
slow: .venv/.ready-dev ## Run the tests that have a slow size at that size (half an hour)
	@$(BIN)/python -m pytest -n 2 $$(grep -rl --include='test_*.py' 'count(.*slow=' tests) $(ARGS)

soak: export HF_HUB_OFFLINE = 1
soak: export ARENA_SOAK = 1
soak: .venv/.ready-dev ## Run the tests that have a full size at that size (hours)
	@$(BIN)/python -m pytest -n 2 $$(grep -rl --include='*.py' 'tests.soak import' tests) $(ARGS)

bench: .venv/.ready ## Run the benchmarks, the short way
	@for file in $$(grep -l __main__ benchmarks/*.py); do \
		$(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" --quick || exit 1; done

results: .venv/.ready ## Measure the figures in the documentation again, some on a small scale (about an hour)
	@$(BIN)/python -m agents.scripted.measure --games 500
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(BIN)/arena evaluate shipped scripted:careful --games 200 --db "sqlite:///$$folder/results.db" --json
	@$(BIN)/python -m training.claim --recipe league --seeds 1 --iterations 3 --games 100 --json
	@$(BIN)/python -m training.small_games --json
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(BIN)/arena compare social scripted:fair --deals 100 --db "sqlite:///$$folder/results.db" --json

quick-checks: .venv/.ready-dev
	@echo 'Linters …'
	@$(BIN)/python -m ruff check --quiet .
	@$(BIN)/python -m ruff format --check --quiet . || { $(BIN)/python -m ruff format --check .; exit 1; }
	@echo 'Import contracts …'
	@$(BIN)/lint-imports --no-cache > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }
	@echo 'Types …'
	@$(BIN)/basedpyright --level error

.venv/.ready: $(PINS) tools/make_venv.sh
	@echo 'Setting up .venv (about 2 minutes, once) …'
	@tools/make_venv.sh "$(PYTHON)"
	@if [ "$$(uname)" = Linux ] && [ -z "$$PIP_EXTRA_INDEX_URL$$PIP_FIND_LINKS" ] && ! command -v nvidia-smi >/dev/null; then \
		echo '  This machine seems to have no NVIDIA GPU. To save a download of some GB, stop and run:'; \
		echo '    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make setup'; fi
	@echo "  Installing PyTorch, Transformers, Textual and the rest for $$($(BIN)/python --version) …"
	@$(PIP) --editable . || { echo 'The setup failed; run it again with: make setup' >&2; exit 1; }
	@touch $@
	@echo '  Done.'

.venv/.ready-dev: .venv/.ready
	@echo 'Adding the tools for tests and checks to .venv (once) …'
	@$(PIP) --editable '.[dev]'
	@touch $@
