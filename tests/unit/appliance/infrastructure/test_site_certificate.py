"""The site's HTTPS certificate and its addresses."""

from pathlib import Path

import msgspec
import pytest

from appliance.infrastructure.certificates import CertificateUnusable
from appliance.infrastructure.settings import Settings
from appliance.infrastructure.site_certificate import SiteCertificate

SETTINGS = Settings(names="lamp.example.org, church", https_port=8443)


def test_the_certificate_is_created_once_and_renewed_with_new_keys(tmp_path: Path) -> None:
    certificate = SiteCertificate(SETTINGS, tmp_path)
    first = certificate.served().certificate.read_bytes()

    assert first == certificate.served().certificate.read_bytes()
    assert first != certificate.renew(new_authority=False).certificate.read_bytes()


def test_addresses_have_full_names_and_the_https_port(tmp_path: Path) -> None:
    addresses = SiteCertificate(SETTINGS, tmp_path).addresses()

    assert "https://lamp.example.org:8443" in addresses
    assert not any("//church:" in address for address in addresses)


def test_a_certificate_from_another_authority_is_not_renewed(tmp_path: Path) -> None:
    other = msgspec.structs.replace(SETTINGS, tls_certificate="/etc/ssl/lamp.pem", tls_key="/etc/ssl/lamp.key")

    with pytest.raises(CertificateUnusable, match="the setting tls_certificate names it"):
        SiteCertificate(other, tmp_path).renew(new_authority=True)


def test_new_keys_and_keys_from_another_authority_are_not_exposed(tmp_path: Path) -> None:
    SiteCertificate(SETTINGS, tmp_path).served()
    other = msgspec.structs.replace(SETTINGS, tls_certificate="/etc/ssl/lamp.pem", tls_key="/etc/ssl/lamp.key")

    assert not SiteCertificate(SETTINGS, tmp_path).keys_are_exposed
    assert not SiteCertificate(other, tmp_path).keys_are_exposed
