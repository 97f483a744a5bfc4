"""A library can be imported without another that it would bring along."""

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


def test_a_module_is_not_found_within_the_block_and_is_after_it(optional: str) -> None:
    with without_modules(optional), pytest.raises(ImportError):
        importlib.import_module(optional)

    assert optional == importlib.import_module(optional).__name__


def test_another_thread_finds_it_all_the_same(optional: str) -> None:
    found: list[str] = []
    with without_modules(optional):
        other = threading.Thread(target=lambda: found.append(importlib.import_module(optional).__name__))
        other.start()
        other.join()

    assert [optional] == found


def test_what_is_imported_already_stays(optional: str) -> None:
    importlib.import_module(optional)
    with without_modules(optional):
        assert optional == importlib.import_module(optional).__name__
