"""Keys that an earlier version created are recognised, without the certificates library."""

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.infrastructure.certificates import Served, describe, ensure_certificates, renew_certificates
from appliance.infrastructure.exposed_keys import MARK, fingerprint, keys_are_exposed

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NAMES = ["localhost", "lamp", "lamp.local"]
ADDRESSES = [ipaddress.ip_address("127.0.0.1")]


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return ensure_certificates(tmp_path / "tls", NAMES, ADDRESSES, NOW)


def test_keys_of_an_earlier_version_are_exposed_until_there_is_a_new_authority(served: Served, tmp_path: Path) -> None:
    folder = served.key.parent
    assert served.authority is not None
    assert not keys_are_exposed(tmp_path / "no keys yet")
    assert not keys_are_exposed(folder)
    (folder / MARK).unlink()
    assert keys_are_exposed(folder)

    ensure_certificates(folder, NAMES, ADDRESSES, NOW)
    renew_certificates(folder, NAMES, ADDRESSES, NOW, new_authority=False)
    assert keys_are_exposed(folder)

    earlier = served.authority.read_bytes()
    renew_certificates(folder, NAMES, ADDRESSES, NOW, new_authority=True)
    assert not keys_are_exposed(folder)
    served.authority.write_bytes(earlier)
    assert keys_are_exposed(folder)


def test_a_damaged_authority_is_not_reported_as_exposed(served: Served) -> None:
    assert served.authority is not None
    served.authority.write_text("damaged")

    assert not keys_are_exposed(served.key.parent)


def test_the_fingerprint_is_the_one_that_devices_show(served: Served) -> None:
    assert served.authority is not None
    assert describe(served.authority).fingerprint == fingerprint(served.authority)
