"""The two lists in a models folder: `registry.json` has the added models, `pinned.json` the pinned models.

The service and the command line may both change these files. Only one process writes at a time. A reader never gets a
half-written file.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from models.catalogue.cached_reads import CachedReads
from models.catalogue.model import Model
from models.errors import ModelFileRefused
from models.files import open_locked, replace_file

Entry = TypeVar("Entry")


class Registry:
    """The lists of one models folder."""

    def __init__(self, folder: Path, reads: CachedReads) -> None:
        self._folder, self._reads = folder, reads
        self._models_file = folder / "registry.json"
        self._pins_file = folder / "pinned.json"

    def models(self) -> list[Model]:
        """Return every added model, even if its files are missing. Raises ModelFileRefused."""
        return self._entries(self._models_file, list[Model])

    def add(self, model: Model) -> list[Model]:
        """Add a model, and return the models of the same name that it replaces. Raises ModelFileRefused."""
        with self._locked():
            models = self.models()
            self._save([*(other for other in models if other.id != model.id), model])
        return [other for other in models if other.id == model.id]

    def remove(self, name: str) -> bool:
        """Remove a model from the list. Returns False if there is no added model of this name. Raises ModelFileRefused."""
        with self._locked():
            models = self.models()
            remaining = [model for model in models if model.id != name]
            if len(remaining) < len(models):
                self._save(remaining)
        return len(remaining) < len(models)

    def pinned(self) -> set[str]:
        """Return the names of the pinned models, which are always loaded. Raises ModelFileRefused."""
        return set(self._entries(self._pins_file, list[str]))

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin or unpin a model. Raises ModelFileRefused."""
        with self._locked():
            names = self.pinned()
            changed_names = names | {name} if pinned else names - {name}
            if changed_names != names:
                replace_file(self._pins_file, msgspec.json.encode(sorted(changed_names)))

    def _entries(self, path: Path, kind: type[list[Entry]]) -> list[Entry]:
        def read() -> list[Entry]:
            try:
                return msgspec.json.decode(path.read_bytes(), type=kind)
            except msgspec.MsgspecError as error:
                raise ModelFileRefused(f"{path} cannot be read: {error}. Correct or remove it.") from error

        return list(self._reads.get(path, read) or [])

    def _save(self, models: list[Model]) -> None:
        replace_file(self._models_file, msgspec.json.format(msgspec.json.encode(models)))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with open_locked(self._folder / "registry.lock"):
            yield
