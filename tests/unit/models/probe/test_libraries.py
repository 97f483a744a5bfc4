"""The report about each model library: its version, whether it can use a GPU, and a remedy if it is missing."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes.libraries import hide_library, install_library, set_versions

from models.probe.devices import Library
from models.probe.libraries import read_libraries

SYSTEM_INFO = b"CPU : AVX = 1 | AVX2 = 1 | AVX512 = 0 | FMA = 1 | "
NO_VERSIONS: dict[str, str] = {}

Report = Callable[[], dict[str, Library]]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Report:
    """Return the libraries by name. All of them are missing, unless the test installs them."""
    for name in ("llama_cpp", "torch", "onnxruntime"):
        hide_library(monkeypatch, name)
    set_versions(monkeypatch, tmp_path, NO_VERSIONS)
    return lambda: {library.name: library for library in read_libraries()}


def install_llama_cpp(monkeypatch: pytest.MonkeyPatch, *, gpu: bool) -> None:
    content = {"llama_supports_gpu_offload": lambda: gpu, "llama_print_system_info": lambda: SYSTEM_INFO}
    install_library(monkeypatch, "llama_cpp", content)


def install_torch(monkeypatch: pytest.MonkeyPatch, *, cuda: str | None, gpus: list[str]) -> None:
    content = {
        "__version__": "2.9.1",
        "version": SimpleNamespace(cuda=cuda),
        "cuda": SimpleNamespace(
            is_available=lambda: bool(gpus),
            device_count=lambda: len(gpus),
            get_device_name=lambda index: gpus[index],
        ),
    }
    install_library(monkeypatch, "torch", content)


def install_onnxruntime(monkeypatch: pytest.MonkeyPatch, *providers: str) -> None:
    content = {"__version__": "1.20.0", "get_available_providers": lambda: list(providers)}
    install_library(monkeypatch, "onnxruntime", content)


def test_each_missing_library_has_a_command_that_installs_it(report: Report) -> None:
    assert {
        "llama-cpp-python": "Not installed; `./packaging/run.sh` compiles it.",
        "torch": "Not installed; `./packaging/run.sh --torch` installs it.",
        "onnxruntime": "Not installed; `./packaging/run.sh` installs it.",
        "ctransformers": "Not installed; the extra `legacy` installs it.",
    } == {name: library.finding for name, library in report().items()}
    assert not any(library.gpu or library.version for library in report().values())


def test_llama_cpp_lists_the_instructions_that_it_uses(
    report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_llama_cpp(monkeypatch, gpu=False)
    set_versions(monkeypatch, tmp_path, {"llama-cpp-python": "0.3.36"})
    library = report()["llama-cpp-python"]

    assert (False, "0.3.36") == (library.gpu, library.version)
    assert library.finding.startswith("Built for the processor only; `--accelerator cuda` builds it for a GPU.")
    assert library.finding.endswith(" AVX AVX2 FMA")


def test_llama_cpp_that_is_built_for_a_gpu_can_use_it(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    install_llama_cpp(monkeypatch, gpu=True)

    assert (
        Library(name="llama-cpp-python", gpu=True, finding="Built for a GPU. AVX AVX2 FMA")
        == (report()["llama-cpp-python"])
    )


@pytest.mark.parametrize("error", ["OSError", "RuntimeError"])
def test_a_native_library_that_does_not_load_is_reported_with_its_error(
    report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: str
) -> None:
    monkeypatch.delitem(sys.modules, "llama_cpp")
    (tmp_path / "llama_cpp.py").write_text(f"raise {error}('libcudart.so.12: no such file')")
    library = report()["llama-cpp-python"]

    assert not library.gpu
    assert "Its native library does not load: libcudart.so.12: no such file." == library.finding


def test_torch_for_the_processor_finds_no_gpu(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    install_torch(monkeypatch, cuda=None, gpus=[])

    assert Library(name="torch", version="2.9.1", finding="built for the processor only.") == report()["torch"]


def test_torch_for_cuda_without_a_gpu_says_what_it_is_built_for(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_torch(monkeypatch, cuda="12.8", gpus=[])

    assert Library(name="torch", version="2.9.1", finding="built for CUDA 12.8.") == report()["torch"]


def test_torch_names_the_gpus_that_it_finds(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    install_torch(monkeypatch, cuda="12.8", gpus=["RTX 4060", "RTX 4090"])
    library = report()["torch"]

    assert library.gpu
    assert "built for CUDA 12.8; finds RTX 4060, RTX 4090." == library.finding


@pytest.mark.parametrize(
    ("providers", "gpu"),
    [(["CPUExecutionProvider"], False), (["CUDAExecutionProvider", "CPUExecutionProvider"], True), ([], False)],
)
def test_onnxruntime_can_use_a_gpu_if_it_has_its_provider(
    report: Report, monkeypatch: pytest.MonkeyPatch, providers: list[str], gpu: bool
) -> None:
    install_onnxruntime(monkeypatch, *providers)
    library = report()["onnxruntime"]

    assert (gpu, "1.20.0", f"{', '.join(providers)}.") == (library.gpu, library.version, library.finding)


def test_ctransformers_is_reported_without_an_import(
    report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hide_library(monkeypatch, "ctransformers")
    set_versions(monkeypatch, tmp_path, {"ctransformers": "0.2.27"})

    assert (
        Library(name="ctransformers", version="0.2.27", finding="For GGML files older than GGUF, on the processor.")
        == (report()["ctransformers"])
    )
