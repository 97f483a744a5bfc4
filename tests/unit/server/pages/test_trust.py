"""The page that explains how to trust this server, and the download of its certificate."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from fakes.html_page import Page
from fakes.small_site import Site, assert_refused, running_site

from appliance.infrastructure.certificates import describe
from server.pages.trust import TrustPagesController

ROUTES = [TrustPagesController]
DOWNLOAD = "/trust/lampstand-authority.crt"


@pytest.fixture(scope="module")
def _named_site(folder_in_memory: Path) -> Iterator[Site]:
    with running_site(folder_in_memory / "named", ROUTES, names="lamp.example.org", https_port="8443") as site:
        yield site


@pytest.fixture
def named_site(_named_site: Site) -> Site:
    """A site with a name and an authority of its own."""
    _named_site.reset()
    return _named_site


@pytest.fixture
def site_with_other_authority(named_site: Site, new_home: Path) -> Iterator[Site]:
    """A site whose certificate is from another authority."""
    served = named_site.appliance.certificate.served()
    files = {"tls_certificate": str(served.certificate), "tls_key": str(served.key)}
    with running_site(new_home, ROUTES, **files) as site:
        yield site


def test_the_page_shows_the_fingerprint_of_the_authority(named_site: Site) -> None:
    page = Page(named_site.guest.open("/trust"))
    authority = named_site.appliance.certificate.served().authority

    assert authority is not None
    assert describe(authority).fingerprint in page.text
    assert DOWNLOAD == page.links["Download the certificate"]
    assert "Install the certificate" in page.sections


def test_the_page_lists_the_addresses_with_the_https_port(named_site: Site) -> None:
    links = Page(named_site.guest.open("/trust")).links

    assert "https://lamp.example.org:8443" == links["https://lamp.example.org:8443"]
    assert all(re.fullmatch(r"https://[\w.-]+:8443", text) for text in links if text.startswith("https://"))


def test_phones_can_install_the_downloaded_certificate(named_site: Site) -> None:
    response = named_site.guest.get(DOWNLOAD)
    certificate = x509.load_der_x509_certificate(response.content)

    assert (200, "application/x-x509-ca-cert") == (response.status_code, response.headers["content-type"])
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "Lampstand" in certificate.subject.rfc4514_string()


def test_the_page_and_the_certificate_are_open_to_guests_of_a_closed_site(named_site: Site) -> None:
    named_site.close_to_guests()

    assert [200, 200] == [named_site.guest.open(path).status_code for path in ("/trust", DOWNLOAD)]


def test_a_trusted_certificate_needs_no_download(site_with_other_authority: Site) -> None:
    page = Page(site_with_other_authority.guest.open("/trust"))

    assert "Your browser already trusts the certificate of this server." in page.text
    assert "Download the certificate" not in page.links
    assert ["Addresses to use"] == page.sections


def test_there_is_no_authority_to_download_from_another_one(site_with_other_authority: Site) -> None:
    guest = site_with_other_authority.guest

    assert_refused(guest.get(DOWNLOAD), 404, "This server has no certificate authority of its own.")
    assert "You do not need to install anything" in Page(guest.open(DOWNLOAD), 404).text


def test_a_missing_certificate_file_is_explained(new_home: Path) -> None:
    missing = str(new_home / "missing.pem")
    with running_site(new_home, ROUTES, tls_certificate=missing, tls_key=missing) as site:
        assert_refused(site.guest.get("/trust"), 400, missing)
