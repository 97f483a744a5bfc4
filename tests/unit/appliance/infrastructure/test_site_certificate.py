"""The certificate of this machine and the addresses it is for."""

from pathlib import Path

import msgspec
import pytest

from appliance.infrastructure.certificates import CertificateUnusable
from appliance.infrastructure.settings import Settings
from appliance.infrastructure.site_certificate import SiteCertificate

SETTINGS = Settings(names="lamp.example.org, church", https_port=8443)


def test_it_is_made_once_and_renewed_with_new_keys(tmp_path: Path) -> None:
    certificate = SiteCertificate(SETTINGS, tmp_path)
    first = certificate.served().certificate.read_bytes()

    assert first == certificate.served().certificate.read_bytes()
    assert first != certificate.renew(new_authority=False).certificate.read_bytes()


def test_other_machines_use_the_names_that_are_whole_and_the_port_of_https(tmp_path: Path) -> None:
    addresses = SiteCertificate(SETTINGS, tmp_path).addresses()

    assert "https://lamp.example.org:8443" in addresses
    assert not any("//church:" in address for address in addresses)


def test_one_from_elsewhere_is_not_renewed_here(tmp_path: Path) -> None:
    other = msgspec.structs.replace(SETTINGS, tls_certificate="/etc/ssl/lamp.pem", tls_key="/etc/ssl/lamp.key")

    with pytest.raises(CertificateUnusable, match="comes from elsewhere"):
        SiteCertificate(other, tmp_path).renew(new_authority=True)


def test_keys_of_this_machine_can_be_exposed_and_those_from_elsewhere_are_not_ours(tmp_path: Path) -> None:
    SiteCertificate(SETTINGS, tmp_path).served()
    other = msgspec.structs.replace(SETTINGS, tls_certificate="/etc/ssl/lamp.pem", tls_key="/etc/ssl/lamp.key")

    assert not SiteCertificate(SETTINGS, tmp_path).keys_are_exposed
    assert not SiteCertificate(other, tmp_path).keys_are_exposed
