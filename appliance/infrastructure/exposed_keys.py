"""HTTPS keys that an earlier version created and that every person with an account could read."""

import hashlib
import ssl
from pathlib import Path

from appliance.infrastructure.opening import FileRefused, read_regular

# A file in the authority's folder that contains the authority's fingerprint. Versions that keep the keys secret create it.
MARK = "authority.mark"
# In versions that do not create the file MARK, a signed-in person could read files of the machine with a graph query.
EXPOSED_KEYS = (
    "The HTTPS keys were created by an earlier version of Lampstand. In that version, every person with an account could "
    "read them, so another machine could pretend to be this one."
)
RENEW_KEYS = "Run `lampstand tls renew --new-authority`. Every device must trust the new authority after that."
MAX_PEM_BYTES = 2**20


def keys_are_exposed(folder: Path) -> bool:
    """Return True if a version that could not keep keys secret created the authority in this folder.

    `EXPOSED_KEYS` and `RENEW_KEYS` are the messages for the administrator.
    """
    authority, mark = folder / "authority.crt", folder / MARK
    if not authority.exists():
        return False
    try:
        marked = mark.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return True
    try:
        # Compare the fingerprints: a backup of the folder may have restored an older authority.
        return marked != fingerprint(authority)
    except (FileRefused, ValueError):
        # The authority cannot be used. Another check reports that.
        return False


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint of a certificate in a PEM file. Raises FileRefused, or ValueError for another file.

    This function does not use the certificates library, which loads slowly: every start computes a fingerprint.
    """
    pem = read_regular(certificate, max_bytes=MAX_PEM_BYTES).decode("ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest().hex(":").upper()
