"""Unit tests run without Debian's packages: the SWORD modules, and the library made of them, are for other tests."""

from typing import NoReturn

import pytest
from argon2 import PasswordHasher

from appliance.community.accounts import passwords

REAL_HASHER = passwords._hasher


@pytest.fixture(scope="session")
def sword_root() -> NoReturn:
    pytest.fail("Unit tests need no Debian package: use a small library, or move the test to tests/integration.")


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with little work. A real hash takes 20 ms."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def real_passwords(quick_passwords: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as the application does."""
    monkeypatch.setattr(passwords, "_hasher", REAL_HASHER)
