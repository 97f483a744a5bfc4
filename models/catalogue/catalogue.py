"""The models that can be loaded: those that come with packages, and those people add."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from models.catalogue.cached_reads import CachedReads
from models.catalogue.copying import OnProgress, copy_model, delete_files, size_of
from models.catalogue.model import Model, ModelRole
from models.catalogue.packaged import INSTALL_COMMANDS, packaged_models
from models.catalogue.registry import Registry
from models.errors import ModelFileRefused, ModelUnknown, RequestInvalid
from models.formats.facts import Facts
from models.formats.inspection import inspect
from models.offline import CACHE

# The names of other files and folders in a models folder.
RESERVED = frozenset({"embeddings", "downloads", "registry", "pinned", "runtime", "threads", CACHE})
# Bytes of a name: a file's name may have 255, and names of temporary files are longer than the model's own.
MAX_NAME = 200
UNSTATED_LICENCE = "not stated"


def _no_progress(_done: int, _total: int) -> None:
    pass


class Catalogue:
    """The models of one models folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reads = CachedReads()
        self._registry = Registry(folder, self._reads)

    def models(self) -> list[Model]:
        """Every model whose files are there, those of packages first."""
        return list(self._models())

    def find(self, name: str) -> Model:
        """A model by name. Raises ModelUnknown, naming those there are."""
        # Called for each request, so the search ends at the model.
        for model in self._models():
            if model.id == name:
                return model
        if name in INSTALL_COMMANDS:
            raise ModelUnknown(f"{name} is not installed. `{INSTALL_COMMANDS[name]}` installs it.")
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
        on_progress: OnProgress = _no_progress,
    ) -> Model:
        """Put a file or folder into the models folder, linked where possible, else copied. Raises ModelFileRefused.

        It is checked before anything is copied. `on_progress` gets bytes done and in all.
        """
        name = await asyncio.to_thread(self._name_for, path, name)
        facts = await inspect(path, family)
        return await asyncio.to_thread(self._add, path, name, facts, licence, source, on_progress)

    def _add(self, path: Path, name: str, facts: Facts, licence: str, source: str, on_progress: OnProgress) -> Model:
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / (name if path.is_dir() else f"{name}{path.suffix}")
        digest = copy_model(path, target, on_progress)
        model = Model(
            id=name,
            role=ModelRole(facts.role),
            backend=facts.backend,
            path=str(target),
            size=size_of(target),
            sha256=digest,
            licence=licence or facts.licence or UNSTATED_LICENCE,
            source=source or str(path.absolute()),
            added_at=int(time.time()),
            family=facts.family,
            facts=facts,
        )
        for replaced in self._registry.add(model):
            if replaced.path != model.path:
                self._delete_files(replaced)
        return model

    def remove(self, name: str) -> Model:
        """Delete an added model's files and forget it. Raises ModelUnknown, or RequestInvalid for one of a package."""
        model = self.find(name)
        if not self._registry.remove(name):
            raise RequestInvalid(f"{name} comes with a package of Lampstand and stays.")
        self.set_pinned(name, pinned=False)
        self._delete_files(model)
        return model

    def _delete_files(self, model: Model) -> None:
        # Files elsewhere belong to somebody else.
        if Path(model.path).is_relative_to(self.folder):
            delete_files(Path(model.path))

    def pinned(self) -> set[str]:
        """The names of the models that are always loaded."""
        return self._registry.pinned()

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin or unpin a model. Raises ModelUnknown where a model that is not there is pinned."""
        if pinned:
            self.find(name)
        self._registry.set_pinned(name, pinned=pinned)

    async def facts_of(self, model: Model) -> Facts:
        """What a model's files say; read again where they have changed since it was added. Raises ModelFileRefused."""
        if model.facts is not None and (model.added_at == 0 or size_of(Path(model.path)) == model.size):
            return model.facts
        return await inspect(Path(model.path), model.family)

    def _name_for(self, path: Path, name: str) -> str:
        """The name of a file or folder here. Raises ModelFileRefused where it is missing or the name cannot be used."""
        try:
            if not path.exists():
                raise ModelFileRefused(f"There is no file or folder {str(path)!r}.")
        except OSError as error:
            raise ModelFileRefused(f"{str(path)[:MAX_NAME]!r} cannot be looked at: {error.strerror}.") from error
        name = name or (path.absolute().name if path.is_dir() else path.stem)
        self.check_name(name)
        return name

    def check_name(self, name: str) -> None:
        """Raises ModelFileRefused where an added model cannot have this name."""
        if name in INSTALL_COMMANDS:
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
        yield from packaged_models(self.folder, self._reads)
        yield from (model for model in self._registry.models() if Path(model.path).exists())
