# The steps of installing, for run.sh and test.sh to source. Wants: here, venv, home, texts, accelerator, apt, chat.

torch_version=2.13.0
cpu_wheels=https://download.pytorch.org/whl/cpu
text_packages="sword-text-web sword-text-kjv sword-text-sparv"
dictionary_packages="sword-dict-naves sword-dict-strongs-greek sword-dict-strongs-hebrew"

step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf 'Lampstand cannot go on: %s\n' "$*" >&2; exit 1; }

is_root() { [ "$(id -u)" = 0 ]; }

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
      echo "$candidate"
      return
    fi
  done
  stop "Python 3.11 or newer is not here. On Debian: apt-get install python3 python3-venv"
}

make_venv() {
  [ -x "$venv/bin/python" ] && return
  local python
  python=$(find_python)
  step "Making a virtual environment in $venv"
  "$python" -m venv "$venv" 2>/dev/null || { rm -rf "$venv"; stop "$python has no venv module. On Debian: apt-get install python3-venv"; }
}

pip_install() {
  "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --constraint "$here/packaging/constraints.txt" "$@"
}

# The packages of an extra of pyproject.toml, without touching the installed lampstand that may be running.
install_extra() {
  local requirements=()
  mapfile -t requirements < <("$venv/bin/python" -c '
import sys, tomllib
project = tomllib.load(open(sys.argv[1] + "/pyproject.toml", "rb"))["project"]
print(*project["optional-dependencies"][sys.argv[2]], sep="\n")' "$here" "$1")
  pip_install "${requirements[@]}"
}

# The environment is made anew where the files that say what is in it have changed.
stamp() { (cd "$here" && cat pyproject.toml packaging/constraints.txt packaging/install.sh | sha256sum | cut -d' ' -f1); }
is_stamped() { [ "$(cat "$venv/.lampstand-$1" 2>/dev/null)" = "$(stamp)" ]; }
set_stamp() { stamp >"$venv/.lampstand-$1"; }

install_core() {
  make_venv
  if ! is_stamped core; then
    step "Installing the Python packages that serve pages"
    pip_install --editable "$here" || stop "pip could not install the packages; its message stands above. Is there a network?"
    set_stamp core
  fi
  mkdir -p "$home/logs"
}

# Debian's packages under / where root can install them, unpacked in the data folder where not.
fetch_modules() {
  local missing=
  modules=/usr/share/sword
  for package in $text_packages $dictionary_packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if is_root; then
    step "Installing the texts from Debian's archive"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 && return 0
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 && return 0
  fi
  step "Fetching the texts from Debian's archive into the data folder"
  local folder="$home/texts" package
  mkdir -p "$folder/packages" "$folder/root"
  for package in $missing; do
    (cd "$folder/packages" && apt-get download -qq "$package" >/dev/null 2>&1) || return 1
  done
  for package in "$folder"/packages/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
  modules="$folder/root/usr/share/sword"
}

# Prints "nothing" where no text could be brought.
import_missing_texts() {
  local wanted=${texts//,/ } id brought=
  local marker="$home/texts/.imported"
  if [ -f "$marker" ] && [ "$(cat "$marker")" = "$texts $apt" ]; then return 0; fi
  if [ -n "$apt" ] && command -v apt-get >/dev/null && fetch_modules; then
    step "Importing $texts, Nave's topics and Strong's dictionaries"
    # One at a time, because what is imported first is shown first.
    for id in $wanted Nave StrongsGreek StrongsHebrew; do
      "$venv/bin/lampstand" --home "$home" library import "$modules" --only "$id" --no-index >&2 && brought=yes
    done
  fi
  if [ -z "$brought" ]; then
    step "Taking the texts from PyPI pythonbible"
    install_extra texts >&2 || { echo nothing; return 0; }
    for id in WEB KJV; do
      case " $wanted " in *" $id "*) "$venv/bin/lampstand" --home "$home" library import "pythonbible:$id" --no-index >&2 && brought=yes ;; esac
    done
  fi
  [ -n "$brought" ] || { echo nothing; return 0; }
  mkdir -p "$home/texts" && echo "$texts $apt" >"$marker"
}

install_torch() {
  "$venv/bin/python" -c "import torch" 2>/dev/null && return
  if [ "$accelerator" = cuda ]; then
    pip_install "torch==$torch_version"
  else
    # The CPU build is found by pip itself on some machines; else PyTorch's own index has it.
    pip_install "torch==$torch_version+cpu" 2>/dev/null || pip_install "torch==$torch_version+cpu" --extra-index-url "$cpu_wheels"
  fi
}

install_embedding() {
  is_stamped embedding && return
  install_torch
  install_extra embedding
  set_stamp embedding
}

install_chat() {
  is_stamped chat && return
  if ! command -v c++ >/dev/null && is_root && [ -n "$apt" ]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ cmake >/dev/null 2>&1 || true
  fi
  command -v c++ >/dev/null || { echo "A C++ compiler is missing. On Debian: apt-get install g++ (then run packaging/run.sh again)" >&2; return 1; }
  if [ "$accelerator" = cuda ]; then
    command -v nvcc >/dev/null || { echo "A CUDA compiler (nvcc) is missing; install NVIDIA's CUDA toolkit, or run without --accelerator cuda" >&2; return 1; }
    export CMAKE_ARGS="${CMAKE_ARGS:-} -DGGML_CUDA=on"
  fi
  install_extra chat
  set_stamp chat
}

# As jobs, so that the home page and `status` show how far they are and why one failed.
install_runtimes() {
  local lampstand="$venv/bin/lampstand"
  export here venv home texts accelerator apt chat
  if ! is_stamped embedding; then
    "$lampstand" --home "$home" jobs track --title "Install what embeds verses" -- bash -c '. "$here/packaging/install.sh"; set -e; install_embedding' || true
  fi
  is_stamped embedding && "$lampstand" --home "$home" index --enqueue
  if [ -n "$chat" ] && ! is_stamped chat; then
    "$lampstand" --home "$home" jobs track --title "Compile what runs chat models" -- bash -c '. "$here/packaging/install.sh"; set -e; install_chat' || true
  fi
}
