"""Keys of HTTPS that an earlier version made, which everyone with an account could read."""

import hashlib
import ssl
from pathlib import Path

from appliance.infrastructure.opening import FileRefused, read_regular

# Beside an authority, with its fingerprint: made by a version that keeps keys secret.
MARK = "authority.mark"
# In versions without the mark a signed-in person could read files of the machine through a query to the graph.
EXPOSED_KEYS = (
    "The keys of HTTPS were made by an earlier version of Lampstand. In that version everyone with an account could read "
    "them, so another machine could pretend to be this one."
)
RENEW_KEYS = "Run `lampstand tls renew --new-authority`. Every device must trust the new authority after that."
MAX_PEM_BYTES = 2**20


def keys_are_exposed(folder: Path) -> bool:
    """Whether the authority in this folder was made by a version that could not keep its key secret.

    `EXPOSED_KEYS` and `RENEW_KEYS` are sentences for the administrator.
    """
    authority, mark = folder / "authority.crt", folder / MARK
    if not authority.exists():
        return False
    try:
        marked = mark.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return True
    try:
        # Of this very authority: an older one may have been restored from a copy of the folder.
        return marked != fingerprint(authority)
    except (FileRefused, ValueError):
        # It serves nobody, and its own error tells.
        return False


def fingerprint(certificate: Path) -> str:
    """The SHA-256 fingerprint of a certificate in a PEM file. Raises FileRefused, or ValueError where it is none.

    Every start looks at one, and the library for certificates takes long to load.
    """
    pem = read_regular(certificate, most=MAX_PEM_BYTES).decode("ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest().hex(":").upper()
