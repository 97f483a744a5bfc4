"""A library can be imported without one of its optional dependencies."""

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.infrastructure.absent_modules import without_modules


@pytest.fixture
def optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that can be imported."""
    (tmp_path / "lampstand_test_optional.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "lampstand_test_optional"
    sys.modules.pop("lampstand_test_optional", None)


def test_a_module_is_hidden_only_within_the_block(optional: str) -> None:
    with without_modules(optional), pytest.raises(ImportError):
        importlib.import_module(optional)

    assert optional == importlib.import_module(optional).__name__


def test_another_thread_can_import_the_module(optional: str) -> None:
    imported: list[str] = []
    with without_modules(optional):
        other = threading.Thread(target=lambda: imported.append(importlib.import_module(optional).__name__))
        other.start()
        other.join()

    assert [optional] == imported


def test_a_module_that_is_already_imported_stays(optional: str) -> None:
    importlib.import_module(optional)
    with without_modules(optional):
        assert optional == importlib.import_module(optional).__name__
