"""One served appliance for the tests that only read from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.serving import Served, serving


@pytest.fixture(scope="session")
def served(indexed_home: Path) -> Iterator[Served]:
    """`lampstand serve` on the indexed home; the model runtime starts on demand."""
    with serving(indexed_home) as running:
        yield running
