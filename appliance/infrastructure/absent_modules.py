"""Imports a library without some of its optional dependencies."""

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


@contextlib.contextmanager
def without_modules(*names: str) -> Iterator[None]:
    """Within the block, imports of these modules fail in this thread as if the modules were not installed.

    Some libraries import every optional dependency that is installed. Modules that were imported before stay available.
    """
    finder = _HiddenModules(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _HiddenModules(MetaPathFinder):
    """An import hook that hides modules from the thread that created it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._thread = frozenset(names), threading.get_ident()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if fullname in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is excluded from this import.", name=fullname)
        return None
