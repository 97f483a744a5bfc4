"""The ONNX graph of the embedding model, built once from its weights in a separate process.

    python -m models.catalogue.embedding_graph [--check] FOLDER

builds the graph in a models folder if the graph does not exist. With `--check`, nothing is built: the exit status tells
whether the graph exists. The package with the weights is needed only for building the graph.
"""

import asyncio
import importlib.util
import sys
from pathlib import Path

import structlog

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model
from models.catalogue.packaged import MINILM, MINILM_PACKAGE, MINILM_SHA256, graph_folder, is_graph_of
from models.errors import ModelError, ModelFileRefused, ModelUnavailable
from models.files import sha256_of
from models.formats.folder import MANIFEST
from models.offline import cache_variables
from models.processes import run_module

TIMEOUT_S = 600.0

_log = structlog.get_logger()


async def ensure_export(model: Model, folder: Path) -> Path:
    """Return the folder with the ONNX graph of a model. Builds the graph if it is missing. Raises ModelUnavailable."""
    source = Path(model.path)
    if (source / MANIFEST).is_file():
        return source
    target = graph_folder(folder, model.id)
    if is_graph_of(target, model.sha256):
        return target
    if not _are_installed("onnx", "onnxruntime", "safetensors"):
        raise ModelUnavailable(
            "The libraries that build the embedding model are not installed yet. `lampstand status` shows the progress "
            "of the installation. `./packaging/run.sh` installs them."
        )
    try:
        digest = await asyncio.to_thread(sha256_of, source / "model.safetensors")
    except ModelFileRefused as error:
        raise ModelUnavailable(
            f"{error.message} Run `./packaging/run.sh` to install the weights of {model.id} again."
        ) from error
    if digest != model.sha256:
        raise ModelUnavailable(f"The weights of {model.id} have the wrong SHA-256. Install its package again.")
    _log.info("building the ONNX graph", model=model.id)
    output = await run_module(
        "models.backends.onnx_export",
        str(source),
        str(target),
        timeout_s=TIMEOUT_S,
        environment=cache_variables(folder),
    )
    _log.info("built the ONNX graph", model=model.id, manifest=output.decode().strip().splitlines()[-1])
    return target


def can_embed(folder: Path) -> bool:
    """Return whether the embedding model of a models folder can be loaded, because its graph exists or can be built."""
    if not _are_installed("onnxruntime", "tokenizers"):
        return False
    return is_built(folder) or _are_installed("onnx", "safetensors", MINILM_PACKAGE)


def _are_installed(*libraries: str) -> bool:
    return all(importlib.util.find_spec(name) for name in libraries)


def is_built(folder: Path) -> bool:
    """Return whether a models folder has the graph of the embedding model."""
    return is_graph_of(graph_folder(folder, MINILM), MINILM_SHA256)


def main() -> int:
    """Build the graph, or check whether it exists. If building fails, print one sentence on standard error."""
    folder = Path(sys.argv[-1])
    if "--check" in sys.argv:
        return 0 if is_built(folder) else 1
    try:
        asyncio.run(ensure_export(Catalogue(folder).find(MINILM), folder))
    except ModelError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
