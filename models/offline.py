"""The environment in which the model libraries call nobody, and write nothing into the home folder.

They read it while they are imported, or start to call from then on. So `models/__init__.py` sets it: no module of this
package can import a library before. What is started from here inherits it.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        # onnxruntime sends reports to its maker, and keeps a number of this machine in the home folder. It starts at the
        # import: its own `disable_telemetry_events` comes too late.
        "ORT_DISABLE_TELEMETRY": "1",
        # huggingface_hub, and with it transformers, tokenizers and sentence-transformers: no file is asked for, nothing is reported.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # Any library that keeps to https://donottrack.sh
        "DO_NOT_TRACK": "1",
    }
)


def stay_offline() -> None:
    """Set the variables for this process and what it starts, whatever they were."""
    os.environ.update(VARIABLES)


def cache_variables(folder: Path) -> dict[str, str]:
    """Variables that keep the caches of libraries in a models folder; for processes that load models.

    Without them torch makes a folder beside the temporary files, and CUDA keeps what it compiles in the home folder.
    """
    cache = folder.absolute() / "cache"
    # A folder that cannot be written can still be read from.
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    return {
        "XDG_CACHE_HOME": str(cache),
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
        "TRITON_CACHE_DIR": str(cache / "triton"),
        "CUDA_CACHE_PATH": str(cache / "cuda"),
    }
