"""The models that can be loaded: packaged models, and models that people add."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
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

# Names that no model can have, because other files and folders in a models folder have them.
RESERVED = frozenset({"embeddings", "downloads", "registry", "pinned", "runtime", "threads", CACHE})
# Maximum length of a model's name in bytes. File systems allow 255, but temporary files have longer names than the model.
MAX_NAME = 200
UNSTATED_LICENCE = "not stated"

# Reads the facts of a file or folder, of a family or "". Raises ModelFileRefused.
Inspect = Callable[[Path, str], Awaitable[Facts]]


def _no_progress(_done: int, _total: int) -> None:
    pass


class Catalogue:
    """The models of one models folder. Files may be malicious, so their facts are read in a separate process."""

    def __init__(self, folder: Path, inspect_file: Inspect = inspect) -> None:
        self.folder = folder
        self._inspect = inspect_file
        self._reads = CachedReads()
        self._registry = Registry(folder, self._reads)

    def models(self) -> list[Model]:
        """Return every model whose files exist, packaged models first."""
        return list(self._models())

    def find(self, name: str) -> Model:
        """Return a model by name. Raises ModelUnknown with the names of the existing models."""
        # This is called for each request, so the search stops at the first match.
        for model in self._models():
            if model.id == name:
                return model
        if name in INSTALL_COMMANDS:
            raise ModelUnknown(f"{name} is not installed. Run `{INSTALL_COMMANDS[name]}` to install it.")
        names = ", ".join(model.id for model in self.models()) or "none"
        raise ModelUnknown(f"There is no model {name!r}. Available models: {names}.")

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
        """Link a file or folder into the models folder, or copy it if it cannot be linked. Raises ModelFileRefused.

        The model is checked before anything is copied. `on_progress` gets the number of bytes done and the total number.
        """
        name = await asyncio.to_thread(self._name_for, path, name)
        facts = await self._inspect(path, family)
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
        """Remove an added model and delete its files. Raises ModelUnknown, or RequestInvalid for a packaged model."""
        model = self.find(name)
        if not self._registry.remove(name):
            raise RequestInvalid(f"{name} comes with a package of Lampstand and cannot be removed.")
        self.set_pinned(name, pinned=False)
        self._delete_files(model)
        return model

    def _delete_files(self, model: Model) -> None:
        # Files outside the models folder belong to the user and are not deleted.
        if Path(model.path).is_relative_to(self.folder):
            delete_files(Path(model.path))

    def pinned(self) -> set[str]:
        """Return the names of the pinned models, which are always loaded."""
        return self._registry.pinned()

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin or unpin a model. Raises ModelUnknown if the model to pin does not exist."""
        if pinned:
            self.find(name)
        self._registry.set_pinned(name, pinned=pinned)

    async def facts_of(self, model: Model) -> Facts:
        """Return the facts of a model's files. Reads the files again only if they changed. Raises ModelFileRefused."""
        if model.facts is not None and (model.added_at == 0 or size_of(Path(model.path)) == model.size):
            return model.facts
        return await self._inspect(Path(model.path), model.family)

    def _name_for(self, path: Path, name: str) -> str:
        """Return the name that a model at `path` gets. Raises ModelFileRefused if `path` is missing or the name is invalid."""
        try:
            if not path.exists():
                raise ModelFileRefused(f"There is no file or folder {str(path)!r}.")
        except OSError as error:
            raise ModelFileRefused(f"{str(path)[:MAX_NAME]!r} cannot be read: {error.strerror}.") from error
        name = name or (path.absolute().name if path.is_dir() else path.stem)
        self.check_name(name)
        return name

    def check_name(self, name: str) -> None:
        """Check that an added model may have this name. Raises ModelFileRefused."""
        if name in INSTALL_COMMANDS:
            raise ModelFileRefused(
                f"The name {name} belongs to a model that comes with Lampstand. Choose another name with --name."
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
            raise ModelFileRefused(f"{name[:MAX_NAME]!r} is not a valid model name. Choose another name with --name.")

    def _models(self) -> Iterator[Model]:
        yield from packaged_models(self.folder, self._reads)
        yield from (model for model in self._registry.models() if Path(model.path).exists())
