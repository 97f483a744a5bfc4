"""Folders of weights: sentence-transformers and cross-encoders in the Hugging Face layout, and ONNX exports."""

import json
from pathlib import Path
from typing import Any

import msgspec

from models.errors import ModelFileRefused
from models.files import open_regular
from models.formats.facts import Facts

MANIFEST = "manifest.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an ONNX folder contains: file, precision, mean cosine to torch's vectors, and SHA-256 of the source weights."""

    file: str
    precision: str
    mean_cosine: float
    source_sha256: str


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of an ONNX folder; None if the manifest is missing, or the file that the manifest names."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError):
        return None
    return manifest if (folder / manifest.file).is_file() else None


def read_folder(folder: Path) -> Facts:
    """Return the facts of a folder. Raises ModelFileRefused for pickled weights and for a folder without a model."""
    if (folder / MANIFEST).is_file() and list(folder.glob("*.onnx")):
        size = sum(file.stat().st_size for file in folder.glob("*.onnx") if file.is_file())
        return Facts(role="embed", backend="onnx", weights=size, family="onnx", name=folder.name)
    weights = sum(file.stat().st_size for file in folder.rglob("*.safetensors") if file.is_file())
    if not weights:
        pickled = next((file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern)), None)
        if pickled:
            raise ModelFileRefused(
                f"{folder.name} contains pickled weights ({pickled}), which may run any program when they are loaded. "
                "Use the model's safetensors files."
            )
        raise ModelFileRefused(
            f"{folder.name} contains no model. Choose a GGUF file, or a folder with safetensors weights or an ONNX "
            "export."
        )
    config = _json(folder / "config.json")
    architectures = config.get("architectures") or [""]
    cross = str(architectures[0]).endswith("ForSequenceClassification")
    return Facts(
        role="rerank" if cross else "embed",
        backend="cross_encoder" if cross else "sentence_transformers",
        weights=weights,
        family=str(config.get("model_type", "")),
        name=folder.name,
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelFileRefused(f"{path.parent.name} has weights but no config.json. Add the whole folder.")
    try:
        with open_regular(path) as opened:
            content = json.load(opened)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileRefused(f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise ModelFileRefused(f"{path} is not a model configuration.")
    return content
