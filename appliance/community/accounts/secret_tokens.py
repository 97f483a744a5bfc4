"""Tokens and codes from the random source of the system. Only their SHA-256 hashes are stored."""

import hashlib
import hmac
import secrets

# Left out are characters that look alike: 0 O, 1 I L.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
API_PREFIX = "lamp_"


def new_token(prefix: str = "") -> str:
    """Return a token with 256 random bits, in characters that are safe in cookies and headers."""
    return prefix + secrets.token_urlsafe(32)


def new_code(length: int) -> str:
    """Return a code that is easy to read aloud and to type on a phone, in two groups of at most four characters."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(length))
    half = length // 2
    return f"{letters[:half]}-{letters[half:]}"


def plain_code(typed: str) -> str:
    """Return the form in which codes are compared: only capital letters and digits."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def fingerprint(token: str) -> bytes:
    """Return the hash under which a token is stored. Tokens are random, so one pass of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session_token: str) -> str:
    """Return the CSRF token that the pages of this session send with each change.

    It is a synchronizer token, derived from the session token.
    """
    return hmac.new(session_token.encode(), b"lampstand csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two strings in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
