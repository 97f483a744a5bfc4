"""Exports to ONNX, made once of a model's weights in a process of its own."""

import asyncio
import importlib.util
from pathlib import Path

import msgspec
import structlog

from models.catalogue import Model, sha256_of
from models.errors import ModelUnavailable
from models.formats.folder import MANIFEST, Manifest
from models.offline import cache_variables
from models.programs import run_module

TIMEOUT_S = 600.0

_log = structlog.get_logger()


async def ensure_export(model: Model, folder: Path) -> Path:
    """The ONNX export of a model, made now where there is none of these weights. Raises ModelUnavailable."""
    source = Path(model.path)
    if (source / MANIFEST).is_file():
        return source
    target = folder / f"{model.id}-onnx"
    if _exported_from(target) == model.sha256:
        return target
    if await asyncio.to_thread(sha256_of, source / "model.safetensors") != model.sha256:
        raise ModelUnavailable(f"The weights of {model.id} are not the known ones. Install its package again.")
    if not _torch_is_installed():
        raise ModelUnavailable(
            "torch, from which the embedding model is exported once, is not installed yet. `lampstand status` shows how far "
            "the installation is; `pip install 'lampstand[embedding]'` does it by hand."
        )
    _log.info("exporting to ONNX", model=model.id)
    output = await run_module(
        "models.backends.onnx_export",
        str(source),
        str(target),
        timeout_s=TIMEOUT_S,
        environment=cache_variables(folder),
    )
    _log.info("exported", model=model.id, manifest=output.decode().strip().splitlines()[-1])
    return target


def _torch_is_installed() -> bool:
    return importlib.util.find_spec("torch") is not None and importlib.util.find_spec("onnx") is not None


def _exported_from(target: Path) -> str | None:
    try:
        return msgspec.json.decode((target / MANIFEST).read_bytes(), type=Manifest).source_sha256
    except (OSError, msgspec.MsgspecError):
        return None
