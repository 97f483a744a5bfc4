"""Find out what hardware the installed model libraries can use.

Importing the libraries is slow and needs much memory, so this module runs in a separate process.
"""

import importlib.metadata
import re

from models.probe.devices import Library

_ENABLED = re.compile(r"(\w+) = 1")


def read_libraries() -> list[Library]:
    """Return the state of llama-cpp-python, torch, onnxruntime and ctransformers in this installation."""
    return [_llama_cpp(), _torch(), _onnxruntime(), _ctransformers()]


def _llama_cpp() -> Library:
    name = "llama-cpp-python"
    try:
        import llama_cpp
    except ImportError:
        return _missing(name, "`./packaging/run.sh` compiles it")
    except (OSError, RuntimeError) as error:
        return Library(name=name, version=_version(name), finding=f"Its native library does not load: {error}.")
    gpu = bool(llama_cpp.llama_supports_gpu_offload())
    info = bytes(llama_cpp.llama_print_system_info()).decode(errors="replace")
    features = " ".join(_ENABLED.findall(info))
    build = "Built for a GPU." if gpu else "Built for the processor only; `--accelerator cuda` builds it for a GPU."
    return Library(name=name, version=_version(name), gpu=gpu, finding=f"{build} {features}")


def _torch() -> Library:
    try:
        import torch
    except ImportError:
        return _missing("torch", "`./packaging/run.sh --torch` installs it")
    gpu = bool(torch.cuda.is_available())
    build = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for the processor only"
    names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())) if gpu else ""
    return Library(
        name="torch", version=str(torch.__version__), gpu=gpu, finding=f"{build}{'; finds ' + names if names else ''}."
    )


def _onnxruntime() -> Library:
    try:
        import onnxruntime
    except ImportError:
        return _missing("onnxruntime", "`./packaging/run.sh` installs it")
    providers = onnxruntime.get_available_providers()
    return Library(
        name="onnxruntime",
        version=onnxruntime.__version__,
        gpu="CUDAExecutionProvider" in providers,
        finding=f"{', '.join(providers)}.",
    )


def _ctransformers() -> Library:
    version = _version("ctransformers")
    if not version:
        return _missing("ctransformers", "the extra `legacy` installs it")
    return Library(name="ctransformers", version=version, finding="For GGML files older than GGUF, on the processor.")


def _missing(name: str, remedy: str) -> Library:
    return Library(name=name, finding=f"Not installed; {remedy}.")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
