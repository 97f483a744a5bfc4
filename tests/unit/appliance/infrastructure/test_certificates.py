"""The machine's own certificate authority and its server certificate."""

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from appliance.infrastructure.certificates import (
    CertificateUnusable,
    Served,
    check_own,
    describe,
    ensure_certificates,
    renew_certificates,
)
from appliance.infrastructure.exposed_keys import keys_are_exposed

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NAMES = ["localhost", "lamp", "lamp.local"]
ADDRESSES = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("192.168.1.5")]


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return ensure_certificates(tmp_path / "tls", NAMES, ADDRESSES, NOW)


@pytest.fixture
def authority(served: Served) -> Path:
    assert served.authority is not None
    return served.authority


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_certificate_is_for_the_machines_names_and_addresses(served: Served, authority: Path) -> None:
    assert tuple(sorted([*NAMES, "127.0.0.1", "192.168.1.5"])) == describe(served.certificate).names
    read(served.certificate).verify_directly_issued_by(read(authority))


def test_keys_are_for_their_owner_only(served: Served, authority: Path) -> None:
    for key in (served.key, authority.with_suffix(".key")):
        assert 0o600 == stat.S_IMODE(key.stat().st_mode)
    assert 0o700 == stat.S_IMODE(served.key.parent.stat().st_mode)


def test_the_authority_can_sign_only_for_this_site(authority: Path) -> None:
    constraints = read(authority).extensions.get_extension_for_class(x509.NameConstraints)
    permitted = constraints.value.permitted_subtrees or []
    names = [subtree.value for subtree in permitted if isinstance(subtree, x509.DNSName)]
    networks = [subtree.value for subtree in permitted if isinstance(subtree, x509.IPAddress)]

    assert constraints.critical
    assert {"local", "lan", "home", "internal", "home.arpa", "localhost", "lamp", "lamp.local"} == set(names)
    assert networks
    assert all(network.is_private or network == ipaddress.ip_network("100.64.0.0/10") for network in networks)


def test_a_usable_certificate_is_kept(served: Served, authority: Path) -> None:
    before = served.certificate.read_bytes(), authority.read_bytes()
    ensure_certificates(served.key.parent, NAMES[:2], ADDRESSES[:1], NOW + timedelta(days=300))

    assert before == (served.certificate.read_bytes(), authority.read_bytes())


@pytest.mark.parametrize(
    ("names", "days"), [(NAMES, 340), ([*NAMES, "church.lan"], 0)], ids=["expires soon", "another name"]
)
def test_the_certificate_is_renewed_and_the_authority_stays(
    served: Served, authority: Path, names: list[str], days: int
) -> None:
    certificate_before, authority_before = served.certificate.read_bytes(), authority.read_bytes()
    ensure_certificates(served.key.parent, names, ADDRESSES, NOW + timedelta(days=days))

    assert certificate_before != served.certificate.read_bytes()
    assert authority_before == authority.read_bytes()
    ssl.create_default_context().load_cert_chain(served.certificate, served.key)


def test_a_name_outside_the_constraints_creates_a_new_authority(served: Served, authority: Path) -> None:
    before = authority.read_bytes()
    ensure_certificates(served.key.parent, [*NAMES, "bible.example.org"], ADDRESSES, NOW)

    assert before != authority.read_bytes()
    read(served.certificate).verify_directly_issued_by(read(authority))


def test_a_certificate_that_does_not_match_its_key_is_recreated(served: Served, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other", NAMES, ADDRESSES, NOW)
    served.key.write_bytes(other.key.read_bytes())
    ensure_certificates(served.key.parent, NAMES, ADDRESSES, NOW)

    ssl.create_default_context().load_cert_chain(served.certificate, served.key)


def test_a_certificate_from_another_authority_must_match_its_key(served: Served, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other", NAMES, ADDRESSES, NOW)

    assert check_own(served.certificate, served.key).authority is None
    with pytest.raises(CertificateUnusable, match="is not the key of"):
        check_own(served.certificate, other.key)
    with pytest.raises(CertificateUnusable, match="cannot be read"):
        check_own(tmp_path / "missing.pem", served.key)


def test_a_renewed_certificate_has_a_new_key_and_the_same_authority(served: Served, authority: Path) -> None:
    before = served.key.read_bytes(), authority.read_bytes()
    renew_certificates(served.key.parent, NAMES, ADDRESSES, NOW, new_authority=False)

    assert (before[0] != served.key.read_bytes(), before[1]) == (True, authority.read_bytes())
    read(served.certificate).verify_directly_issued_by(read(authority))


def test_a_new_authority_issues_a_new_certificate(served: Served, authority: Path) -> None:
    old, key = read(authority), authority.with_suffix(".key").read_bytes()
    renew_certificates(served.key.parent, NAMES, ADDRESSES, NOW, new_authority=True)

    assert old.public_key() != read(authority).public_key()
    assert key != authority.with_suffix(".key").read_bytes()
    read(served.certificate).verify_directly_issued_by(read(authority))
    check_own(served.certificate, served.key)


def test_a_new_authority_replaces_a_damaged_one(served: Served, authority: Path) -> None:
    authority.write_text("damaged")
    renew_certificates(served.key.parent, NAMES, ADDRESSES, NOW, new_authority=True)

    read(served.certificate).verify_directly_issued_by(read(authority))


def test_an_authority_that_does_not_match_its_key_is_replaced(served: Served, authority: Path, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other", NAMES, ADDRESSES, NOW)
    assert other.authority is not None
    authority.with_suffix(".key").write_bytes(other.authority.with_suffix(".key").read_bytes())
    renew_certificates(served.key.parent, NAMES, ADDRESSES, NOW, new_authority=False)

    read(served.certificate).verify_directly_issued_by(read(authority))
    assert not keys_are_exposed(served.key.parent)
