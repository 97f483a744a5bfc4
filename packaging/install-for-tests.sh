#!/usr/bin/env bash
# Install the requirements of the tests: Python packages in .venv and, as root, Debian packages.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
venv="$here/.venv"
home=$(mktemp -d) translations=WEB,KJV,RV1909 accelerator=cpu apt=yes chat=yes torch=yes
trap 'rm -rf "$home"' EXIT

# shellcheck source=packaging/install.sh
. "$here/packaging/install.sh"

packages="$text_packages $dictionary_packages $commentary_packages chromium libnss3-tools redis-server postgresql g++ cmake strace iproute2"
missing=
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  step "Installing Debian packages:$missing"
  # shellcheck disable=SC2086
  apt_install $missing || step "Could not install$missing. Tests that need them are skipped. To install by hand: apt-get install$missing"
fi
install_core
step "Installing the model libraries (the first time, they compile for some minutes)"
install_embedding_libraries
install_torch
install_chat >/dev/null
download_chat_templates
if ! is_stamped dev; then
  step "Installing the development tools"
  install_extra texts
  install_extra legacy
  install_extra dev
  set_stamp dev
fi
