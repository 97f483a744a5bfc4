"""Adds models to a models folder without checking the models' files."""

from pathlib import Path

from models.catalogue.cached_reads import CachedReads
from models.catalogue.model import Model, ModelRole
from models.catalogue.registry import Registry
from models.formats.facts import Facts


def register_model(
    folder: Path,
    name: str,
    *,
    role: ModelRole = ModelRole.CHAT,
    licence: str = "Apache-2.0",
    size: int = 2048,
    facts: Facts | None = None,
) -> Path:
    """Write a file of `size` bytes, add it as a model, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.gguf"
    file.write_bytes(bytes(size))
    model = Model(
        id=name,
        role=role,
        backend="llama_cpp",
        path=str(file),
        size=size,
        sha256=name,
        licence=licence,
        source=f"/downloads/{name}.gguf",
        added_at=1,
        facts=facts,
    )
    Registry(folder, CachedReads()).add(model)
    return file
