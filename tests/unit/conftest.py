"""Unit tests run without Debian's packages: the SWORD modules, and the library made of them, are for other tests."""

from typing import NoReturn

import pytest


@pytest.fixture(scope="session")
def sword_root() -> NoReturn:
    pytest.fail("Unit tests need no Debian package: use a small library, or move the test to tests/integration.")
