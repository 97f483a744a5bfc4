#!/usr/bin/env bash
# Install the requirements of the tests, then run all checks and tests: `just test`.
# --soak also runs the long tests. Other arguments are passed to pytest.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
"$here/packaging/install-for-tests.sh"
cd "$here"
exec .venv/bin/just test "$@"
