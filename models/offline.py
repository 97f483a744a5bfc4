"""The environment in which the model libraries make no network calls and write nothing into the home folder.

The libraries read the environment when they are imported, and some start telemetry then. `models/__init__.py` sets it
before any other module of this package runs. Child processes inherit it.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        # onnxruntime sends telemetry to Microsoft and stores a device id in the home folder. Its function
        # `disable_telemetry_events` runs too late: telemetry starts with the import.
        "ORT_DISABLE_TELEMETRY": "1",
        # huggingface_hub downloads nothing and reports nothing; transformers, tokenizers and sentence-transformers use
        # it.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # Read by every library that follows https://donottrack.sh.
        "DO_NOT_TRACK": "1",
    }
)
# A folder in the models folder. A model cannot have this name: names that begin with a dot are rejected.
CACHE = ".cache"


def stay_offline() -> None:
    """Set the variables for this process and its children. Replaces existing values."""
    os.environ.update(VARIABLES)


def cache_variables(folder: Path) -> dict[str, str]:
    """Return variables that keep the caches of libraries in a models folder, for processes that load models.

    Without them torch creates a folder in the temporary folder, and CUDA stores compiled kernels in the home folder.
    """
    cache = folder.absolute() / CACHE
    # The models folder may be read-only.
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    return {
        "XDG_CACHE_HOME": str(cache),
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
        "TRITON_CACHE_DIR": str(cache / "triton"),
        "CUDA_CACHE_PATH": str(cache / "cuda"),
    }
