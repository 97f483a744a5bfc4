"""The machine's own certificate authority, and its server certificate for the machine's names and addresses.

The authority can sign only for this site: its name constraints (RFC 5280, 4.2.1.10) permit the machine's names, name
endings that no public site has, and private addresses. So a phone that trusts it takes no risk on other sites.
"""

import ipaddress
import platform
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.errors import Refused
from appliance.infrastructure.atomic import replace_content
from appliance.infrastructure.exposed_keys import MARK, MAX_PEM_BYTES
from appliance.infrastructure.file_lock import locked
from appliance.infrastructure.networks import Address
from appliance.infrastructure.opening import FileRefused, read_regular
from appliance.infrastructure.own_names import PRIVATE_NETWORKS

AUTHORITY_DAYS = 3650
# If a user added the authority, Apple's systems accept at most 825 days, other systems fewer. One year is short enough.
SERVER_DAYS, RENEW_DAYS = 365, 30
# A file in the folder of certificates. Only the process that locks it may create or renew certificates.
LOCK = "lock"
# The limit is from RFC 5280, appendix A.1.
MAX_COMMON_NAME_CHARACTERS = 64
PRIVATE_NAMES = ("local", "lan", "home", "internal", "home.arpa", "localhost")


class CertificateUnusable(Refused):
    """A certificate or its key cannot be read, or the key does not match the certificate."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate and key for HTTPS. `authority` is None if the certificate is from another authority."""

    certificate: Path
    key: Path
    authority: Path | None


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A description of a certificate. `fingerprint` is its SHA-256 in the form that devices show."""

    subject: str
    names: tuple[str, ...]
    fingerprint: str
    expires_at: datetime


def ensure_certificates(folder: Path, names: Sequence[str], addresses: Sequence[Address], now: datetime) -> Served:
    """Return the server certificate. Recreate it if it is missing, expires within a month, or lacks a name or an address.

    The authority is created once and is valid for ten years. It is also recreated if it may not sign for one of the names
    or addresses. Raises CertificateUnusable.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder / LOCK):
        return _ensure(folder, names, addresses, now)


def renew_certificates(
    folder: Path, names: Sequence[str], addresses: Sequence[Address], now: datetime, *, new_authority: bool
) -> Served:
    """Create a new server key and certificate. `new_authority` also creates an authority; all devices must trust it again.

    Raises CertificateUnusable.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder / LOCK):
        return _ensure(folder, names, addresses, now, renew=True, renew_authority=new_authority)


def _ensure(
    folder: Path,
    names: Sequence[str],
    addresses: Sequence[Address],
    now: datetime,
    *,
    renew: bool = False,
    renew_authority: bool = False,
) -> Served:
    authority, authority_key = folder / "authority.crt", folder / "authority.key"
    served = Served(certificate=folder / "server.crt", key=folder / "server.key", authority=authority)
    issuer = _read(authority) if not renew_authority and authority.exists() and authority_key.exists() else None
    if (
        issuer is None
        or issuer.not_valid_after_utc < now + timedelta(days=SERVER_DAYS)
        or not _may_name(issuer, names, addresses)
    ):
        issuer = _make_authority(authority, authority_key, names, addresses, now)
        served.certificate.unlink(missing_ok=True)
    if renew or not _is_usable(served, issuer, names, addresses, now):
        issuer_key = _read_key(authority_key)
        if not _has_key(issuer, issuer_key):
            # The machine stopped after it wrote the key and before it wrote the certificate.
            issuer = _make_authority(authority, authority_key, names, addresses, now)
            issuer_key = _read_key(authority_key)
        _make_server(served, issuer, issuer_key, names, addresses, now)
    return served


def check_own(certificate: Path, key: Path) -> Served:
    """Check a certificate that another authority signed. Raises CertificateUnusable."""
    if not _has_key(_read(certificate), _read_key(key)):
        raise CertificateUnusable(
            f"{key} is not the key of {certificate}.",
            remedy="Set tls_certificate and tls_key to a certificate and its key.",
        )
    return Served(certificate=certificate, key=key, authority=None)


def _has_key(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return certificate.public_key().public_bytes(encoding, form) == key.public_key().public_bytes(encoding, form)


def describe(path: Path) -> Description:
    """Raises CertificateUnusable."""
    certificate = _read(path)
    return Description(
        subject=certificate.subject.rfc4514_string(),
        names=tuple(sorted(_names(certificate))),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        expires_at=certificate.not_valid_after_utc,
    )


def as_der(path: Path) -> bytes:
    """Return a certificate in DER, the format that phones install."""
    return _read(path).public_bytes(serialization.Encoding.DER)


def _make_authority(
    path: Path, key_path: Path, names: Sequence[str], addresses: Sequence[Address], now: datetime
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lampstand"),
            x509.NameAttribute(
                NameOID.COMMON_NAME, f"Lampstand of {platform.node() or 'this site'}"[:MAX_COMMON_NAME_CHARACTERS]
            ),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys((*PRIVATE_NAMES, *names))]
    networks = [ipaddress.ip_network(network) for network in PRIVATE_NETWORKS]
    networks += [
        ipaddress.ip_network(address) for address in addresses if not any(address in network for network in networks)
    ]
    permitted += [x509.IPAddress(network) for network in networks]
    usage = x509.KeyUsage(
        digital_signature=False,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _new_builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(path, certificate)
    _replace(path.with_name(MARK), f"{describe(path).fingerprint}\n".encode(), 0o600)
    return certificate


def _make_server(
    served: Served,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    addresses: Sequence[Address],
    now: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[-1][:MAX_COMMON_NAME_CHARACTERS])])
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(address) for address in addresses]
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _new_builder(subject, issuer.subject, key, now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write_key(served.key, key)
    _write(served.certificate, certificate)


def _new_builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    # Valid since yesterday, because a phone's clock may be behind.
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _is_usable(
    served: Served, issuer: x509.Certificate, names: Sequence[str], addresses: Sequence[Address], now: datetime
) -> bool:
    """Return True if a certificate matches its key and its issuer, does not expire soon, and has every name and address."""
    try:
        certificate = _read(served.certificate)
        certificate.verify_directly_issued_by(issuer)
        check_own(served.certificate, served.key)
    except (CertificateUnusable, ValueError, TypeError, InvalidSignature):
        return False
    required_names = {*names, *map(str, addresses)}
    return certificate.not_valid_after_utc >= now + timedelta(days=RENEW_DAYS) and required_names <= _names(certificate)


def _may_name(authority: x509.Certificate, names: Sequence[str], addresses: Sequence[Address]) -> bool:
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    endings = [subtree.value for subtree in permitted if isinstance(subtree, x509.DNSName)]
    networks = [
        ipaddress.ip_network(str(subtree.value)) for subtree in permitted if isinstance(subtree, x509.IPAddress)
    ]
    return all(any(name == end or name.endswith(f".{end}") for end in endings) for name in names) and all(
        any(address in network for network in networks) for address in addresses
    )


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_regular(path, max_bytes=MAX_PEM_BYTES))
    except FileRefused as error:
        raise CertificateUnusable(
            f"The certificate {path} cannot be read. {error.message}", remedy=error.remedy
        ) from error
    except ValueError as error:
        raise CertificateUnusable(
            f"{path} is not a certificate in PEM format.",
            remedy="Remove the file and run `lampstand tls init` to create a new one.",
        ) from error


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        # The key can be of any kind. If another authority's tool made it, only methods that all kinds share are used.
        return serialization.load_pem_private_key(read_regular(path, max_bytes=MAX_PEM_BYTES), password=None)  # type: ignore[return-value]
    except FileRefused as error:
        raise CertificateUnusable(f"The key {path} cannot be read. {error.message}", remedy=error.remedy) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(
            f"The key {path} cannot be read.", remedy="The key must be a PEM file without a password."
        ) from error


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _replace(path, data, 0o600)


def _write(path: Path, certificate: x509.Certificate) -> None:
    _replace(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(path: Path, data: bytes, mode: int) -> None:
    replace_content(path, data, mode=mode)


def today() -> datetime:
    return datetime.now(UTC)
