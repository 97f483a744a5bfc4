"""Environment variables that make the model libraries send nothing over the network and write nothing into the home folder.

The libraries read these variables when they are imported, and some of them start telemetry at that moment. So
`models/__init__.py` sets the variables before any other module of this package runs. Child processes inherit them.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        # onnxruntime sends telemetry to Microsoft and stores a device id in the home folder. Telemetry starts when the
        # library is imported, so its function `disable_telemetry_events` would be called too late.
        "ORT_DISABLE_TELEMETRY": "1",
        # huggingface_hub downloads nothing and reports nothing. transformers, tokenizers and sentence-transformers use
        # huggingface_hub.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # Every library that follows https://donottrack.sh reads this variable.
        "DO_NOT_TRACK": "1",
    }
)
# The name of a folder in the models folder. No model can have this name, because names that begin with a dot are rejected.
CACHE = ".cache"


def stay_offline() -> None:
    """Set the variables for this process and its child processes. Replaces existing values."""
    os.environ.update(VARIABLES)


def cache_variables(folder: Path) -> dict[str, str]:
    """Return environment variables for processes that load models: the libraries keep their caches in the models folder.

    Without these variables torch creates a folder in the temporary folder, and CUDA stores compiled kernels in the home
    folder.
    """
    cache = folder.absolute() / CACHE
    # In a read-only models folder the cache folder cannot be created.
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    return {
        "XDG_CACHE_HOME": str(cache),
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
        "TRITON_CACHE_DIR": str(cache / "triton"),
        "CUDA_CACHE_PATH": str(cache / "cuda"),
    }
