#!/usr/bin/env bash
# Install what the tests need, then run every check: lint, types, import contracts, tests.
# --soak runs the many-round tests too; other arguments go to pytest.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
venv="$here/.venv"
home=$(mktemp -d) texts=WEB,KJV,RV1909 accelerator=cpu apt=yes chat=yes
trap 'rm -rf "$home"' EXIT

# shellcheck source=packaging/install.sh
. "$here/packaging/install.sh"

if is_root && command -v apt-get >/dev/null; then
  wanted="$text_packages $dictionary_packages chromium g++ cmake zip"
  # shellcheck disable=SC2086
  if ! dpkg-query -W -f='${Status}\n' $wanted 2>/dev/null | grep -c 'install ok installed' | grep -qx "$(wc -w <<<"$wanted")"; then
    step "Installing Debian's packages: $wanted"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
  fi
fi
install_core
install_embedding
install_chat
if ! is_stamped dev; then
  step "Installing the development tools"
  install_extra texts
  install_extra dev
  set_stamp dev
fi

cd "$here"
export PATH="$venv/bin:$PATH"
step "Lint";             ruff check .
step "Format";           ruff format --check .
step "Types";            mypy
step "Import contracts"; lint-imports
step "Tests";            python -m pytest "$@"
