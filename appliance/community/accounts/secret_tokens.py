"""Secrets that are handed out: made from the machine's randomness, and kept only as their SHA-256."""

import hashlib
import hmac
import secrets

# Without what is mistaken for another: 0 O, 1 I L.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
API_PREFIX = "lamp_"


def new_token(prefix: str = "") -> str:
    """256 random bits, safe in cookies and headers."""
    return prefix + secrets.token_urlsafe(32)


def new_code(length: int) -> str:
    """A code that is read aloud and typed on a phone, in groups of at most four."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(length))
    half = length // 2
    return f"{letters[:half]}-{letters[half:]}"


def plain_code(typed: str) -> str:
    """A code as it is compared: capitals, without what stands between."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def fingerprint(token: str) -> bytes:
    """What is kept of a token: random as it is, one hash suffices."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session_token: str) -> str:
    """The token that a page of this session sends along with what it changes (a synchronizer token, derived)."""
    return hmac.new(session_token.encode(), b"lampstand csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
