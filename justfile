# Commands for developers of Lampstand. `just --list` shows them.

set positional-arguments

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")
export PYTHONPATH := justfile_directory()
# Compiled modules are kept: without them, each process compiles the program again.
export PYTHONDONTWRITEBYTECODE := ""

# Unit tests do not use these plugins of installed packages. Each would be loaded by three processes.
unit_tests := "python -m pytest tests/unit --numprocesses 2 --quiet -p no:schemathesis -p no:faker -p no:anyio"

# Check a change in a minute: lint, format, types, import contracts, unit tests. Needs Python packages only.
check: lint
    {{unit_tests}}

# Lint, format, types of source and tests, import contracts.
lint:
    ruff check .
    ruff format --check .
    mypy
    lint-imports

# Run every check and test, with coverage of the unit tests. `packaging/test.sh` installs what the other tests need, then runs this.
test *arguments: lint
    #!/usr/bin/env bash
    set -euo pipefail
    case "$*" in
    "" | --soak)
      failed=
      {{unit_tests}} --cov "$@" || failed=yes
      python -m pytest tests/integration tests/e2e --numprocesses 2 --dist loadfile "$@" || failed=yes
      [ -z "$failed" ]
      ;;
    *) python -m pytest "$@" ;;
    esac

# Run the tests in Debian's chromium.
e2e *arguments:
    python -m pytest tests/e2e "$@"

# Serve a data folder from this work tree: http://127.0.0.1:8316.
serve home="/tmp/lampstand":
    lampstand --home {{home}} up

# Format Python files, and fix what the linter can fix.
fmt:
    ruff check --fix .
    ruff format .

# Resolve the versions of all packages for Python 3.11 to 3.13. `just lock --upgrade` also updates versions in constraints.txt.
lock *arguments:
    uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate --quiet \
      --custom-compile-command "just lock" --output-file packaging/constraints.txt "$@"

# Check that search returns the same verses, scores and features as an earlier commit, on a data folder with the full library.
rank-check base home=env("LAMPSTAND_HOME", home_directory() / ".local/share/lampstand"):
    PYTHONPATH=tests python -m rank_check {{base}} --home {{home}}
